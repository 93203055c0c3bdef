/**
 * Converts the manual pages into topics for `mail help TOPIC`: one per section, command, variable, option and escape.
 * Each section of docs/recipes.md is also a topic. A comment below a recipe's heading lists other topics for which
 * `mail help` prints the recipe.
 *
 * This module supports the mdoc macros that the project's manual pages use. An unknown macro is an error, because its
 * text might otherwise be lost. The topics are generated at build time, so that help is available on a machine without
 * man(1).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./ready.mjs";

const pages = ["mail.1", "mailrc.5", "maild.8"];
const width = 76;

/**
 * Returns the topics.
 *
 * @returns an object that maps each topic, in lower case, to { title, page, text }. The page is `mail(1)`, for example,
 * or `recipes`.
 */
export function helpTopics() {
  const topics = {};
  const add = (name, topic) => {
    const key = name.toLowerCase();
    // If a command and a variable have the same name, both are shown.
    if (topics[key] === undefined) topics[key] = topic;
    else if (!topics[key].text.includes(topic.text)) topics[key].text += `\n${topic.text}`;
  };
  for (const file of pages) {
    const page = file.replace(/[.](\d)$/, "($1)");
    const lines = readFileSync(join(root, "man", file), "utf8").split("\n");
    for (const { title, body } of sections(lines)) {
      if (/^(NAME|SYNOPSIS|SEE ALSO)$/.test(title)) continue;
      add(title.replaceAll(" ", "-"), { title, page, text: render(body, file) });
      for (const { names, body: item } of items(body)) {
        for (const name of names) add(name, { title: name, page, text: render(item, file) });
      }
    }
  }
  for (const { name, title, text } of recipeSections()) add(name, { title, page: "recipes", text });
  return topics;
}

/**
 * Returns the sections of docs/recipes.md with their topics, and the recipes that have their own topics. The topic of
 * the introduction is `recipes`.
 */
function recipeSections() {
  return readFileSync(join(root, "docs/recipes.md"), "utf8")
    .split(/^##? /m)
    .slice(1)
    .flatMap((section) => {
      const [first = "", ...recipes] = section.split(/^(?=### )/m);
      const [title = "", ...lines] = section.split("\n");
      const [name = title.toLowerCase()] = topicsIn(first);
      return [
        { name, title, text: renderMarkdown(lines) },
        ...recipes.flatMap((recipe) =>
          topicsIn(recipe).map((topic) => ({ name: topic, title: topic, text: renderMarkdown(recipe.split("\n")) })),
        ),
      ];
    });
}

/** Returns the topics in the comment below a heading. */
function topicsIn(markdown) {
  return /^<!-- mail help ([\w ]+) -->$/m.exec(markdown)?.[1].split(" ") ?? [];
}

/** Formats a section of docs/recipes.md: questions, paragraphs and blocks of commands. */
function renderMarkdown(lines) {
  const out = [];
  let paragraph = [];
  let isBlock = false;
  const flush = () => {
    if (paragraph.length > 0) out.push(...wrapped(plainText(paragraph.join(" ")), 0), "");
    paragraph = [];
  };
  for (const line of lines) {
    if (line.startsWith("```")) {
      if (isBlock) out.push("");
      isBlock = !isBlock;
    } else if (isBlock) out.push(`    ${line}`);
    else if (line.startsWith("### ")) out.push(line.slice(4), "");
    else if (line === "") flush();
    else if (!line.startsWith("<!--")) paragraph.push(line);
  }
  flush();
  return `${out.join("\n").trimEnd()}\n`;
}

/** Returns a paragraph of Markdown without its markup for code and links. Code that contains a space is quoted. */
function plainText(markdown) {
  return markdown
    .replace(/`([^`]*)`/g, (_all, code) => (code.includes(" ") ? `'${code}'` : code))
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

/** Returns each section with its subsections, and each subsection on its own. */
function sections(lines) {
  const found = [];
  let section;
  let subsection;
  for (const line of lines) {
    const [, macro, title] = /^\.(Sh|Ss) (.*)$/.exec(line) ?? [];
    if (macro === "Sh") {
      section = { title, body: [] };
      subsection = undefined;
      found.push(section);
      continue;
    }
    if (macro === "Ss") {
      subsection = { title, body: [] };
      found.push(subsection);
    }
    section?.body.push(line);
    if (macro !== "Ss") subsection?.body.push(line);
  }
  return found;
}

/** Returns the named items of a section: `.It Ic print`, `.It Va hold`, `.It Fl s , Fl --subject`. */
function items(lines) {
  const found = [];
  let item;
  for (const line of lines) {
    if (/^\.(El|Bl|S[hs])\b/.test(line)) item = undefined;
    const names = /^\.It (?:Ic|Va|Cm|Fl) /.test(line) ? namesIn(line.slice(4)) : [];
    const hasNoText = item?.body.at(-1).startsWith(".It ");
    if (names.length > 0 && hasNoText) item.names.push(...names);
    else if (names.length > 0) {
      item = { names, body: [".Bl -tag"] };
      found.push(item);
    } else if (line.startsWith(".It ")) item = undefined;
    item?.body.push(line);
  }
  return found.map(({ names, body }) => ({ names, body: [...body, ".El"] }));
}

function namesIn(text) {
  const words = tokens(text);
  const names = [];
  for (let at = 0; at < words.length; at++) {
    if (["Ic", "Va", "Cm"].includes(words[at])) names.push(words[at + 1]);
    if (words[at] === "Fl") names.push(`-${words[at + 1]}`);
  }
  return names.filter((name) => name !== undefined && /\S/.test(name));
}

/** Splits a macro line into words. Quotes group characters. */
function tokens(text) {
  return [...text.matchAll(/"((?:[^"]|"")*)"|(\S+)/g)].map(([, quoted, plain]) => unescaped(quoted ?? plain));
}

function unescaped(text) {
  return text
    .replace(/\\\(dq/g, '"')
    .replace(/\\\(em/g, "--")
    .replace(/\\&/g, "")
    .replace(/\\-/g, "-")
    .replace(/\\e/g, "\\");
}

const enclosing = { Dq: ['"', '"'], Sq: ["'", "'"], Ql: ["'", "'"], Pq: ["(", ")"], Op: ["[", "]"] };
const begins = { Oo: "[", Po: "(" };
const ends = { Oc: "]", Pc: ")" };
const plainMacros = new Set(["Ar", "Ic", "Cm", "Va", "Pa", "Li", "Em", "Sy", "Ev", "Sx", "No", "In"]);

/** Returns the words of a macro line or of plain text; a word in `glue` joins its neighbours. */
function inline(line, page) {
  if (!line.startsWith(".")) return unescaped(line);
  let text = "";
  let glued = false;
  const put = (word) => {
    const joined = text === "" || glued || /^[.,;:)\]]+$/.test(word) || /[([]$/.test(text);
    text += joined ? word : ` ${word}`;
    glued = false;
  };
  const words = tokens(line.slice(1));
  let mode;
  let close = "";
  for (const word of words) {
    if (word === "Ns") glued = true;
    else if (word === "Nm") put(page.replace(/\.\d$/, ""));
    else if (word === "Fl" || word === "Xr" || plainMacros.has(word)) mode = word;
    else if (enclosing[word] !== undefined) {
      put(enclosing[word][0]);
      glued = true;
      close = enclosing[word][1] + close;
      mode = undefined;
    } else if (begins[word] !== undefined) {
      put(begins[word]);
      glued = true;
    } else if (ends[word] !== undefined) {
      glued = true;
      put(ends[word]);
    } else if (mode === "Fl" && !/^[.,;:)\]|]+$/.test(word)) put(`-${word}`);
    else if (mode === "Xr" && /^\d$/.test(word)) {
      glued = true;
      put(`(${word})`);
    } else if (/^[A-Z][a-z]$/.test(word) && word === words[0]) {
      throw new Error(`man/${page}: mail help does not support the macro .${word}`);
    } else put(word);
  }
  // Punctuation that follows the closing character keeps its position.
  const [, inner = text, after = ""] = /^(.*?)([.,;:]*)$/s.exec(text) ?? [];
  return close === "" ? text : `${inner}${close}${after}`;
}

function wrapped(text, indent) {
  const lines = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((each) => each !== "")) {
    if (line !== "" && line.length + 1 + word.length > width - indent) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((each) => `${" ".repeat(indent)}${each}`);
}

function render(lines, page) {
  const out = [];
  let paragraph = "";
  let indent = 0;
  let literal = false;
  const lists = [];
  const flush = () => {
    if (paragraph !== "") out.push(...wrapped(paragraph, indent));
    paragraph = "";
  };
  const gap = () => {
    flush();
    if (out.length > 0 && out.at(-1) !== "") out.push("");
  };
  for (const line of lines) {
    if (line === "" || line.startsWith('.\\"')) continue;
    const [macro = "", ...rest] = line.startsWith(".") ? line.slice(1).split(" ") : [];
    if (literal && macro !== "Ed") out.push(`${" ".repeat(indent + 4)}${unescaped(line)}`);
    else if (macro === "Pp") gap();
    else if (macro === "Ss") {
      gap();
      out.push(rest.join(" "), "");
    } else if (macro === "Bd") {
      gap();
      literal = true;
    } else if (macro === "Ed") literal = false;
    else if (macro === "Bl") {
      flush();
      lists.push(rest.includes("-bullet") ? "bullet" : "tag");
      indent += lists.length > 1 ? 4 : 0;
    } else if (macro === "El") {
      flush();
      indent = Math.max(0, 4 * (lists.length - 1) - 4);
      lists.pop();
      if (lists.length === 0) indent = 0;
    } else if (macro === "It") {
      flush();
      const base = 4 * (lists.length - 1);
      if (lists.at(-1) === "bullet") {
        indent = base + 2;
        out.push(...wrapped("*", base));
      } else {
        out.push(
          ...wrapped(
            inline(`.${rest.join(" ")}`.replace(/^\.(?=[^A-Z"\\])/, "No ").replace(/^No /, ".No "), page),
            base,
          ),
        );
        indent = base + 4;
      }
    } else if (macro === "Dl") {
      flush();
      out.push(`${" ".repeat(indent + 4)}${tokens(rest.join(" ")).join(" ")}`);
    } else paragraph += ` ${inline(line, page)}`;
  }
  flush();
  return `${bullets(out).join("\n").trimEnd()}\n`;
}

/** Moves each bullet to the first line of its text. */
function bullets(lines) {
  const joined = [];
  for (const line of lines) {
    const before = joined.at(-1);
    if (before !== undefined && /^ *\*$/.test(before)) joined[joined.length - 1] = `${before} ${line.trimStart()}`;
    else joined.push(line);
  }
  return joined;
}
