/** The data for Tab, the arrow keys and Ctrl-R: names from the tables, files, addresses and earlier lines. */
import { historyPath } from "../../config/paths.ts";
import { variables } from "../../config/variables.ts";
import { LineHistory } from "../../terminal/line-history.ts";
import type { Asked, Assistance, Candidate, Offer } from "../../terminal/terminal.ts";
import { commands, findCommand } from "../commands/command-table.ts";
import { queryTerms } from "../query/term-table.ts";
import type { Command } from "../session/command.ts";
import { sortKeys } from "../session/display-order.ts";
import type { Session } from "../session/session.ts";
import { addressBook } from "./address-book.ts";
import { offerFiles } from "./file-candidates.ts";
import { folderCompleter } from "./folder-candidates.ts";
import { questionTopics } from "./task-help.ts";

/**
 * The maximum number of history lines that are kept for each kind of prompt until the session ends. Command lines have
 * a separate limit.
 */
const sessionLines = 100;

const nothing: Offer = { start: 0, candidates: [] };

/** Returns completion and history for the session's prompts. @param notice returns text to show beside the line */
export function assistanceFor(session: Session, notice: () => string | undefined): Assistance {
  const { config } = session;
  const histories: Partial<Record<Asked, LineHistory>> = {
    command: new LineHistory(config.settings.get("history-size"), historyPath(config)),
    people: new LineHistory(sessionLines),
    subject: new LineHistory(sessionLines),
  };
  const completion = new Completion(session);
  return {
    complete: (asked, before) => completion.offer(asked, before),
    recall: (asked) => histories[asked]?.lines() ?? [],
    remember: (asked, line) => histories[asked]?.add(line),
    notice,
  };
}

class Completion {
  readonly #session: Session;
  readonly #addresses: () => Promise<readonly string[]>;
  readonly #folders: (before: string) => Promise<Offer> | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.#addresses = addressBook(session);
    this.#folders = folderCompleter(session);
  }

  offer(asked: Asked, before: string): Offer | Promise<Offer> {
    if (asked === "command") return this.#commandLine(before, 0);
    if (asked === "people") return this.#people(before);
    if (asked === "text") return this.#escape(before);
    return nothing;
  }

  /** @param at the start of the command, as an index into `before` */
  #commandLine(before: string, at: number): Offer | Promise<Offer> {
    const line = before.slice(at);
    const [, blanks = "", word = "", rest] = /^(\s*)([^\s\d]*?)(\s.*)?$/s.exec(line) ?? [];
    if (rest === undefined) {
      const names = commands.map(({ name }) => name).filter((name) => name.length > 1);
      return offerMatching(before, at + blanks.length, toCandidates(names));
    }
    const command = findCommand(word);
    return command === undefined ? nothing : this.#argument(command, before);
  }

  #argument(command: Command, before: string): Offer | Promise<Offer> {
    const { config, folder } = this.#session;
    const { name, synopsis } = command;
    const start = before.search(/\S*$/);
    if (synopsis === "[topic]") return offerMatching(before, start, toCandidates([...listTopics()]));
    if (name === "set") return offerMatching(before, start, listSettableVariables());
    if (name === "unset") return offerMatching(before, start, toCandidates(config.settings.names()));
    if (name === "sort") return offerMatching(before, start, toCandidates(sortKeys));
    if (name === "account") return offerMatching(before, start, toCandidates([...config.accounts.keys()]));
    if (name === "if") return offerMatching(before, start, toCandidates(["s", "r"]));
    if (name === "mail") return this.#people(before);
    if (/\bfield\b/.test(synopsis)) return offerMatching(before, start, toCandidates(fieldNames));
    const spaces = /\bmsglist\b/.test(synopsis) ? "after a backslash" : "in quotes";
    if (/\bdirectory\b/.test(synopsis)) return offerFiles(config, before, { directories: true, spaces });
    if (/\bfile\b/.test(synopsis))
      return this.#folders(before) ?? offerFiles(config, before, { mailboxes: true, spaces });
    if (/\baddress\b/.test(synopsis) && /^\s*\S+\s+\S+\s+/.test(before)) return this.#people(before);
    if (/\bname\b|\baddress\b/.test(synopsis))
      return offerMatching(before, start, toCandidates([...config.aliases.keys()]));
    if (/\bmsglist\b|\bquery\b/.test(synopsis) && folder !== undefined) return this.#messages(before, start);
    return nothing;
  }

  async #messages(before: string, word: number): Promise<Offer> {
    const [term] = /^\(*(?:from|to|cc):/.exec(before.slice(word)) ?? [];
    if (term !== undefined) return offerMatching(before, word + term.length, toCandidates(await this.#addresses()));
    const terms = Object.keys(queryTerms).map((term) => ({ text: `${term}:`, open: true }));
    const states = toCandidates([":n", ":u", ":o", ":r", ":d"]);
    return offerMatching(before, word, [...terms, ...states, ...toCandidates(await this.#addresses())]);
  }

  async #people(before: string): Promise<Offer> {
    const start = before.search(/[^\s,]*$/);
    const names = [...this.#session.config.aliases.keys(), ...(await this.#addresses())];
    return offerMatching(before, start, toCandidates(names));
  }

  /** Completes the argument of a tilde escape. Nothing else is completed while a message is being typed. */
  #escape(before: string): Offer | Promise<Offer> {
    const [all, letter = ""] = /^~(\S)\s+/.exec(before) ?? [];
    if (before.startsWith("~:") || before.startsWith("~_")) return this.#commandLine(before, 2);
    if (all === undefined) return nothing;
    const start = before.search(/\S*$/);
    if (/[r<w@]/.test(letter))
      return offerFiles(this.#session.config, before, { spaces: "after a backslash", isLast: letter !== "@" });
    if (/[tcbR]/.test(letter)) return this.#people(before);
    if (/[fFmM]/.test(letter) && this.#session.folder !== undefined) return this.#messages(before, start);
    return nothing;
  }
}

function toCandidates(texts: readonly string[]): Candidate[] {
  return texts.map((text) => ({ text }));
}

/** Returns the candidates that begin with the text from `start` onwards, sorted and without duplicates. */
function offerMatching(before: string, start: number, candidates: readonly Candidate[]): Offer {
  const prefix = before.slice(start);
  const found = new Map(
    candidates.filter(({ text }) => text.startsWith(prefix)).map((candidate) => [candidate.text, candidate]),
  );
  return { start, candidates: [...found.values()].sort((a, b) => (a.text < b.text ? -1 : 1)) };
}

function listSettableVariables(): Candidate[] {
  return Object.entries(variables).flatMap(([name, { value }]): Candidate[] =>
    value === "" ? [{ text: name }, { text: `no${name}` }] : [{ text: `${name}=`, open: true }],
  );
}

function listTopics(): readonly string[] {
  return [...commands.map(({ name }) => name), ...Object.keys(variables), "msglist", ...questionTopics];
}

const fieldNames = `bcc cc content-type date delivered-to from in-reply-to list-id message-id mime-version organization
  received references reply-to resent-from return-path sender status subject to user-agent x-mailer x-status`.split(
  /\s+/,
);
