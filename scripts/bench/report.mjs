/** Formats the figures as Markdown tables, with a description of the machine. */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { median } from "./measure.mjs";

function number(value) {
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 1
        ? value.toFixed(2)
        : value.toFixed(3);
}

function mebibytes(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

export class Report {
  #clients;
  #lines = [];
  #last;
  /** The rows that do not meet their goals. */
  #below = [];

  constructor({ clients, quick, rounds }) {
    this.#clients = clients;
    const [cpu] = cpus();
    const system = /PRETTY_NAME="(.*)"/.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
    this.#lines.push(
      "# Benchmarks",
      "",
      `\`npm run bench -- ${quick ? "--quick " : ""}--write\` writes this file. Times are medians of ${rounds} interleaved rounds, and memory is the maximum of all`,
      "rounds. The files are in the page cache, and each client's output is checked before its time is recorded. A cell contains",
      "seconds of wall-clock time, seconds of processor time, and MiB of memory. A dash means that the client does not support the",
      "task, or took more than a minute. For a folder on a server, the cell also contains the data from the server in kB.",
      "",
      `${cpus().length} x ${cpu?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system}, Linux ${release()}, Node ${process.version};`,
      `${clients.map(({ name, version }) => `${name} ${version}`).join(", ")}.`,
      "",
    );
  }

  corpus({ large, small, many }) {
    this.#lines.push(
      `The large mailbox contains ${large.count} messages (${mebibytes(large.bytes)}), and the small mailbox contains ${small.count} messages (${mebibytes(small.bytes)}). The mailbox of`,
      `small messages contains ${many.count} messages (${mebibytes(many.bytes)}).`,
      "",
    );
  }

  section(title, { bytes, count }) {
    if (this.#lines.at(-1) !== "") this.#lines.push("");
    this.#lines.push(`## ${title} (${mebibytes(bytes)}, ${count} messages)`, "");
    this.#head();
  }

  #head() {
    const names = this.#clients.map(({ name }) => name);
    this.#lines.push(`| work | ${names.join(" | ")} | \`mail\` compared with the fastest peer |`);
    this.#lines.push(`|---|${names.map(() => "---|").join("")}---|`);
  }

  /**
   * Adds the row for a task.
   *
   * @param figures the figures of each client's rounds, keyed by client name; `grows`: the size of the previous task
   *   divided by the size of this task; `flat`: whether its time should equal that of the previous one; `goal`:
   *   the target speed, as a multiple of the fastest peer's speed
   */
  work(name, figures, { grows, flat, goal } = {}) {
    const walls = this.#clients.map((client) => this.#wall(figures.get(client.name)));
    const cells = this.#clients.map((client) => this.#cell(figures.get(client.name)));
    const [mine, ...peers] = walls;
    const fastest = Math.min(...peers.filter((wall) => wall !== undefined));
    const verdicts = Number.isFinite(fastest) && mine !== undefined ? [`${number(fastest / mine)} times as fast`] : [];
    if (grows !== undefined && this.#last !== undefined && mine !== undefined) {
      verdicts.push(`exponent ${(Math.log(this.#last / mine) / Math.log(grows)).toFixed(2)}`);
    }
    let verdict = verdicts.join("; ");
    if (flat === true && this.#last !== undefined && mine !== undefined) {
      verdict = `the large one takes ${number(this.#last / mine)} times as long`;
    }
    if (goal !== undefined) verdict += `; goal: ${goal} times`;
    if (goal !== undefined && fastest / mine < goal) {
      this.#below.push(
        `${name}: ${number(fastest / mine)} times as fast as the fastest peer; the goal is ${goal} times.`,
      );
    }
    this.#last = mine;
    this.#lines.push(`| ${name} | ${cells.join(" | ")} | ${verdict} |`);
    process.stderr.write(`${name}: ${cells.join(" | ")} | ${verdict}\n`);
  }

  /** Adds a row for a program that is not a mail client, for comparison. */
  reference(name, figures) {
    const cells = this.#clients.map((_, at) => (at === 0 ? this.#cell(figures) : ""));
    this.#lines.push(`| *${name}* | ${cells.join(" | ")} | |`);
    process.stderr.write(`${name}: ${cells[0]}\n`);
  }

  /** Adds a row that compares this program's median time for a task with the total of other commands' median times. */
  compare(name, mine, others, most) {
    const value = this.#wall(mine) / others.reduce((sum, each) => sum + this.#wall(each), 0);
    const rest = this.#clients.map((_, at) => (at === 0 ? `${number(value)} times; goal: at most ${most} times` : ""));
    this.#lines.push(`| *${name}* | ${rest.join(" | ")} | |`);
    this.limit(name, value, most);
  }

  /** Lists a row if its value is above the goal. @param most the goal */
  limit(name, value, most, unit = "times") {
    process.stderr.write(`${name}: ${number(value)} ${unit}\n`);
    if (value > most) this.#below.push(`${name}: ${number(value)} ${unit}; the goal is at most ${most} ${unit}.`);
  }

  /** Adds a row with a textual result that only this program has. */
  row(name, text) {
    this.#lines.push(`| ${name} | ${text} |`);
    process.stderr.write(`${name}: ${text}\n`);
  }

  plain(...lines) {
    this.#lines.push(...lines);
  }

  #wall(rounds) {
    const taken = (rounds ?? []).filter((figure) => figure !== undefined);
    return taken.length === 0 ? undefined : median(taken.map(({ wall }) => wall));
  }

  #cell(rounds) {
    const taken = (rounds ?? []).filter((figure) => figure !== undefined);
    if (taken.length === 0) return "–";
    const memory = Math.max(...taken.map(({ memory: peak }) => peak));
    const received = taken.map((figure) => figure.received).filter((bytes) => bytes !== undefined);
    const data = received.length === 0 ? "" : `, ${Math.ceil(Math.max(...received) / 1000)} kB`;
    return `${number(median(taken.map(({ wall }) => wall)))} s, ${number(median(taken.map(({ cpu }) => cpu)))} s, ${Math.round(memory)} MiB${data}`;
  }

  text() {
    const below = this.#below.length === 0 ? ["- None."] : this.#below.map((row) => `- ${row}`);
    return `${[...this.#lines, "", "## Rows below their goal", "", ...below].join("\n")}\n`;
  }
}
