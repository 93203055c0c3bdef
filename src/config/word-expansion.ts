/**
 * Expands a word as the shell does, but without a shell: ~, $NAME, quotes and wildcards. bsd-mailx uses wordexp(3)
 * for this.
 *
 * Commands are never run: $( ) and backquotes are rejected.
 */
import { findMatchingPaths, isPattern } from "./glob.ts";

export interface Expanding {
  /** Returns the value of an environment variable. */
  variable(name: string): string | undefined;
  /** Returns a user's home directory; "" means the current user. */
  home(user: string): string | undefined;
}

/** The error for a word that cannot be expanded. The error's message is shown to the user. */
export class ExpansionMistake extends Error {}

const syntax = "Syntax error.";
const noCommands = "Command execution not allowed.";

/** A piece of a word. Wildcards in a quoted piece are ordinary characters. */
interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Returns the words that result from expanding a word. The result may be empty or contain several words.
 *
 * @throws ExpansionMistake if the syntax is invalid
 */
export function expandWord(word: string, expanding: Expanding): string[] {
  return new Expansion(word, expanding).run();
}

class Expansion {
  readonly #text: string;
  readonly #expanding: Expanding;
  readonly #fields: Piece[][] = [];
  #field: Piece[] | undefined;
  #at = 0;

  constructor(text: string, expanding: Expanding) {
    this.#text = text;
    this.#expanding = expanding;
  }

  run(): string[] {
    while (this.#at < this.#text.length) this.#step();
    this.#end();
    return this.#fields.flatMap(matchField);
  }

  #step(): void {
    const character = this.#text.charAt(this.#at++);
    if (character === "'") this.#single();
    else if (character === '"') this.#double();
    else if (character === "\\") this.#backslash();
    else if (character === "$") this.#split(this.#dollar());
    else if (character === "`") this.#backquote();
    else if (character === " " || character === "\t") this.#end();
    else if ("|&;<>(){}\n".includes(character) && this.#field?.some(isWild) !== true)
      throw new ExpansionMistake(syntax);
    else if (character === "~" && this.#field === undefined) this.#tilde();
    else this.#add(character, false);
  }

  #add(text: string, quoted: boolean): void {
    this.#field ??= [];
    this.#field.push({ text, quoted });
  }

  #end(): void {
    if (this.#field !== undefined) this.#fields.push(this.#field);
    this.#field = undefined;
  }

  /** Splits an unquoted variable's value at white space. */
  #split(value: string): void {
    for (const [index, part] of value.split(/[ \t\n]+/).entries()) {
      if (index > 0) this.#end();
      if (part !== "") this.#add(part, false);
    }
  }

  #single(): void {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw new ExpansionMistake(syntax);
    this.#add(this.#text.slice(this.#at, end), true);
    this.#at = end + 1;
  }

  #double(): void {
    this.#add("", true);
    for (;;) {
      const character = this.#text.charAt(this.#at++);
      if (character === "") throw new ExpansionMistake(syntax);
      if (character === '"') return;
      if (character === "$") this.#add(this.#dollar(), true);
      else if (character === "`") this.#backquote();
      else if (character === "\\" && '$`"\\'.includes(this.#text.charAt(this.#at) || " "))
        this.#add(this.#text.charAt(this.#at++), true);
      else this.#add(character, true);
    }
  }

  #backslash(): void {
    const next = this.#text.charAt(this.#at++);
    if (next === "") throw new ExpansionMistake(syntax);
    this.#add(next, true);
  }

  #backquote(): never {
    throw new ExpansionMistake(this.#text.includes("`", this.#at) ? noCommands : syntax);
  }

  /** Returns the value of the variable named after a dollar sign, or "$" if no name follows. */
  #dollar(): string {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith("(")) throw new ExpansionMistake(rest.includes(")") ? noCommands : syntax);
    const braced = /^\{(\w+)(?::?-([^}]*))?\}/.exec(rest);
    if (rest.startsWith("{") && braced === null) throw new ExpansionMistake(syntax);
    const plain = /^(?:[A-Za-z_]\w*|\d)/.exec(rest);
    const name = braced?.[1] ?? plain?.[0];
    if (name === undefined) return "$";
    this.#at += (braced?.[0] ?? name).length;
    return this.#expanding.variable(name) || (braced?.[2] ?? "");
  }

  #tilde(): void {
    const user = /^[^/\s"'\\$`]*/.exec(this.#text.slice(this.#at))?.[0] ?? "";
    const home = this.#expanding.home(user);
    if (home === undefined) {
      this.#add("~", true);
      return;
    }
    this.#add(home, true);
    this.#at += user.length;
  }
}

function isWild({ text, quoted }: Piece): boolean {
  return !quoted && isPattern(text);
}

/** Returns the files that match a field, or the field itself if it has no wildcards or matches nothing. */
function matchField(field: readonly Piece[]): string[] {
  const plain = field.map(({ text }) => text).join("");
  if (!field.some(isWild)) return [plain];
  const pattern = field.map(({ text, quoted }) => (quoted ? text.replace(/[*?[\]\\]/g, "\\$&") : text)).join("");
  const found = findMatchingPaths(pattern);
  return found.length > 0 ? found : [plain];
}
