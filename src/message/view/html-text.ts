/**
 * Converts HTML to readable text, followed by a list of its links.
 *
 * A link's target is listed unless the link's text is the target. A link whose text names a different host is marked,
 * because it may be phishing.
 */
import type { DomNode, FormatCallback, HtmlToTextOptions } from "html-to-text";
import { flattenMarkup, withoutFrames } from "./markup.ts";

/** The maximum nesting depth that is converted, because each level takes memory and time. */
const deepest = 500;
/** The maximum depth that is parsed. Tags that are never closed, such as `<p>`, do not add to the real depth. */
const deepestParsed = 10_000;
/** Marks omitted text in the converter's result. */
const omitted = "\uffff";
const longestTarget = 500;
/** The largest table that is aligned in columns: cells with large spans would make the result enormous. */
const mostCells = 1000;
const widestSpan = 20;
/** Elements whose presence shows that a table is used for layout, not for data. */
const laidOut = new Set([
  "table",
  "div",
  "p",
  "h1",
  "h2",
  "h3",
  "ul",
  "ol",
  "img",
  "blockquote",
  "center",
  "hr",
  "pre",
]);
/** Elements that a browser shows on lines of their own, but that the converter treats as part of a line. */
const blocks = [
  ...["address", "caption", "center", "dd", "details", "dialog", "dir", "dl", "dt", "fieldset", "figcaption", "figure"],
  ...["hgroup", "legend", "listing", "menu", "optgroup", "option", "summary", "xmp"],
];
/** Elements that a browser does not show. */
const hidden = [
  ...["title", "style", "script", "template", "iframe", "noframes", "datalist", "[hidden]"],
  ...['[style*="display:none" i]', '[style*="display: none" i]'],
];
const rowGroups = new Set(["thead", "tbody", "tfoot", "center"]);
const emptyElements = new Set(["br", "img", "hr", "meta", "link", "input", "col", "area", "base", "wbr", "source"]);

/**
 * Returns HTML as text.
 *
 * @param width the maximum width in columns; a line that contains a longer word is wider
 */
export async function htmlText(html: string, width: number): Promise<string> {
  const { convert } = await import("html-to-text");
  const links = new Map<string, number>();
  const options = makeConverterOptions(links, width);
  const source = joinSurrogates(withoutFrames(html.replaceAll(omitted, "")));
  let converted = isTooDeep(source) ? omitted : convert(source, options);
  if (converted.includes(omitted)) {
    links.clear();
    converted = convert(flattenMarkup(source), options).replace(/^\n+/, "");
  }
  const text = converted
    .replaceAll("\u00a0", " ")
    // Removes invisible break hints, and the invisible characters that newsletters use to pad the preview text.
    .replace(/[\u034f\u00ad\u200b\u2060\ufeff]+/g, "")
    .replace(/[\u200c\u200d]+/g, (run, at: number, all: string) => (/\S/.test(all.charAt(at + run.length)) ? run : ""))
    // A replacement function would allocate memory for each word. The lookbehind keeps the matching time linear for
    // long runs of spaces.
    .replace(/(?<! ) +(?=\n|$)/g, "")
    // Rows of pictures, and tables that only make room, become empty lines.
    .replace(/\n{4,}/g, "\n\n\n");
  if (links.size === 0) return text;
  return `${text}\n\n${[...links].map(([link, number]) => `[${number}] ${link}`).join("\n")}`;
}

function isTooDeep(html: string): boolean {
  let depth = 0;
  for (const [, closing, name = ""] of html.matchAll(/<(\/?)([A-Za-z][A-Za-z0-9]*)/g)) {
    if (closing === "/") depth = Math.max(depth - 1, 0);
    else if (!emptyElements.has(name.toLowerCase()) && ++depth > deepestParsed) return true;
  }
  return false;
}

/**
 * Replaces a character reference for each half of a surrogate pair by the character. HTML has no such references, but
 * some programs write them for emoji.
 */
function joinSurrogates(html: string): string {
  return html.replace(
    /&#(x0*d[89ab][0-9a-f]{2}|5[56]\d{3});&#(x0*d[c-f][0-9a-f]{2}|5[67]\d{3});/gi,
    (written, first: string, second: string) => {
      const [high = 0, low = 0] = [first, second].map((digits) => Number(digits.replace(/^x/i, "0x")));
      const character = String.fromCharCode(high, low);
      return character.length === 2 && character.isWellFormed() ? character : written;
    },
  );
}

function makeConverterOptions(links: Map<string, number>, width: number): HtmlToTextOptions {
  return {
    wordwrap: width,
    limits: { maxDepth: deepest, maxInputLength: 1 << 25, ellipsis: omitted },
    // A browser also shows text before, after and between documents, such as the footer of a mailing list.
    baseElements: { selectors: [] },
    formatters: { link: linkFormatter(links), image, table, cell },
    selectors: [
      { selector: "*", format: "inline" },
      { selector: "html", format: "block" },
      { selector: "body", format: "block" },
      { selector: "a", format: "link" },
      { selector: "img", format: "image" },
      { selector: "table", format: "table" },
      ...blocks.map((selector) => ({
        selector,
        format: "block",
        options: { leadingLineBreaks: 1, trailingLineBreaks: 1 },
      })),
      { selector: "tr", format: "block" },
      { selector: "td", format: "cell" },
      { selector: "th", format: "cell" },
      { selector: "hr", options: { length: Math.min(width, 40) } },
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, options: { uppercase: false } })),
      ...hidden.map((selector) => ({ selector, format: "skip" })),
    ],
  };
}

/** Returns a formatter that prints a link's text and the number of its target in the list. */
function linkFormatter(links: Map<string, number>): FormatCallback {
  return (element, walk, builder) => {
    walk(element.children ?? [], builder);
    const target = shortenLink((element.attribs?.["href"] ?? "").replace(/[\t\r\n]/g, "").trim());
    const text = textOf(element).replace(/\s+/g, " ").trim();
    if (target === "" || target.startsWith("#") || sameTarget(text, target)) return;
    const entry = isMisleading(text, target) ? `${target} (not ${hostNamed(text)})` : target;
    const number = links.get(entry) ?? links.size + 1;
    links.set(entry, number);
    builder.addInline(text === "" ? `[${number}]` : ` [${number}]`, { noWordTransform: true });
  };
}

const image: FormatCallback = (element, _walk, builder) => {
  const described = (element.attribs?.["alt"] ?? "").trim();
  if (described !== "") builder.addInline(`[${described}]`, { noWordTransform: true });
};

const table: FormatCallback = (element, walk, builder, formatOptions) => {
  const formatters = builder.options.formatters;
  const chosen = isOfWords(element) ? formatters?.["dataTable"] : formatters?.["block"];
  const columns = { colSpacing: 2, rowSpacing: 0, maxColumnWidth: 40, uppercaseHeaderCells: false };
  chosen?.(element, walk, builder, { ...formatOptions, ...columns });
};

function isOfWords(element: DomNode): boolean {
  if (!hasOnlyRows(element)) return false;
  let cells = 0;
  for (const { name, attribs } of walkDescendants(element)) {
    if (name !== undefined && laidOut.has(name)) return false;
    if ((name === "td" || name === "th") && ++cells > mostCells) return false;
    if (Math.max(Number(attribs?.["colspan"] ?? 1), Number(attribs?.["rowspan"] ?? 1)) > widestSpan) return false;
  }
  return true;
}

/** Returns whether all text is in the cells of rows. The converter would omit any other text. */
function hasOnlyRows(table: DomNode): boolean {
  return listContents(table).every((child) => {
    if (child.name === "tr") return listContents(child).every(({ name }) => name === "td" || name === "th");
    return rowGroups.has(child.name ?? "") ? hasOnlyRows(child) : isColumn(child);
  });
}

function isColumn({ name }: DomNode): boolean {
  return name === "col" || name === "colgroup";
}

function listContents(element: DomNode): DomNode[] {
  const isContent = ({ type, data }: DomNode) => type === "tag" || (type === "text" && /\S/.test(data ?? ""));
  return (element.children ?? []).filter(isContent);
}

/** Formats a cell of a layout table: inline text stays in its row, and any other content becomes a block. */
const cell: FormatCallback = (element, walk, builder, formatOptions) => {
  if ((element.children ?? []).some(({ name }) => name !== undefined && laidOut.has(name))) {
    builder.options.formatters?.["block"]?.(element, walk, builder, formatOptions);
    return;
  }
  builder.addInline(" ");
  walk(element.children ?? [], builder);
  builder.addInline("\u00a0 ", { noWordTransform: true });
};

function textOf(element: DomNode): string {
  return [...walkDescendants(element)].map((node) => (node.type === "text" ? (node.data ?? "") : "")).join("");
}

function* walkDescendants(element: DomNode): Iterable<DomNode> {
  const waiting = [...(element.children ?? [])];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node;
    for (const child of [...(node.children ?? [])].reverse()) waiting.push(child);
  }
}

function shortenLink(target: string): string {
  return target.length > longestTarget ? `${target.slice(0, longestTarget)}...` : target;
}

function sameTarget(text: string, target: string): boolean {
  const plain = (url: string) => url.replace(/^(?:https?:\/\/|mailto:)/i, "").replace(/\/$/, "");
  return plain(text).toLowerCase() === plain(target).toLowerCase();
}

/** Returns the host that a link's text seems to name: `example.org`, `https://example.org/x`, `ann@example.org`. */
function hostNamed(text: string): string | undefined {
  return /(?:^|[\s/@(])((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,})(?=$|[\s/:?#)])/u
    .exec(text.slice(0, longestTarget))?.[1]
    ?.toLowerCase();
}

function isMisleading(text: string, target: string): boolean {
  const named = hostNamed(text);
  const actual = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?(?:[^/?#@]*@)?([^/?#:]+)/i.exec(target)?.[1]?.toLowerCase();
  if (named === undefined || actual === undefined) return false;
  const plain = (host: string) => host.replace(/^www\./, "");
  return plain(named) !== plain(actual) && !plain(actual).endsWith(`.${plain(named)}`);
}
