/** Removes markup from HTML without parsing it. Each part of the text is searched only once, because it may be long. */

/** A tag of an element whose content is not HTML, or one end of a comment. */
const rawElement = /<!--|-->|<\/?(script|style|title|textarea|iframe|noframes|noembed)\b[^<>]*>/gi;
const frames = /^(?:iframe|noframes|noembed)$/;
const blocks = /<\/?(?:p|div|br|hr|h[1-6]|li|ul|ol|dl|dt|dd|tr|table|center|blockquote|pre|body|html)\b[^<>]*>/gi;

/** Returns HTML without its tags, except pictures, and without comments, styles and scripts. */
export function withoutMarkup(html: string): string {
  return withoutHiddenText(html).replace(/<(?!img\b)[^<>]*>|&(?:nbsp|zwnj|#8203|#8204);/gi, "");
}

/** Returns HTML in which no element contains another element. Only line breaks, links and pictures remain. */
export function flattenMarkup(html: string): string {
  return withoutHiddenText(html)
    .replace(blocks, "<br>")
    .replace(/(?:<br>\s*){3,}/g, "<br><br>")
    .replace(/<(?!br>|\/?a\b|img\b)[^<>]*>/gi, " ")
    .replace(/<a\b/gi, "</a><a");
}

/** Returns HTML without comments, titles, styles and scripts. */
function withoutHiddenText(html: string): string {
  return removeBetween(
    removeBetween(html, /<!--/, /-->/),
    /<(?:style|script|title)\b/i,
    /<\/(?:style|script|title)\b[^<>]*>?/i,
  );
}

function removeBetween(text: string, open: RegExp, close: RegExp): string {
  const [first = "", ...others] = text.split(open);
  const kept = others.map((piece) => {
    const found = close.exec(piece);
    return found === null ? "" : piece.slice(found.index + found[0].length);
  });
  return [first, ...kept].join("");
}

/**
 * Returns HTML without the content of frames. A browser does not interpret this content, which may contain the start of
 * an element that would hide the following text.
 */
export function withoutFrames(html: string): string {
  let kept = "";
  let copied = 0;
  let open: { readonly name: string; readonly start: number } | undefined;
  for (const { 0: tag, 1: element, index } of html.matchAll(rawElement)) {
    const name = element?.toLowerCase() ?? "comment";
    const isEnd = tag === "-->" || tag.startsWith("</");
    if (open === undefined) {
      if (!isEnd) open = { name, start: index };
    } else if (isEnd && name === open.name) {
      if (frames.test(name)) {
        kept += html.slice(copied, open.start);
        copied = index + tag.length;
      }
      open = undefined;
    }
  }
  return kept + html.slice(copied);
}
