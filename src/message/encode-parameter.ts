/**
 * Encodes a parameter of a structured field, such as a file name (RFC 2045, section 5.1, and RFC 2231 for non-ASCII
 * text).
 */

/** The longest section, in characters. With the parameter's name and a leading space, the line stays below 78. */
const sectionLength = 55;

/** Returns `name="value"`, or sections of the value on separate lines. */
export function encodeParameter(name: string, value: string): string {
  const ascii = /^[\x20-\x7e]*$/.test(value);
  if (ascii && value.length <= sectionLength) return `${name}="${value.replace(/[\\"]/g, "\\$&")}"`;
  const characters = [...value].map(percentEncoded);
  const sections: string[] = [""];
  for (const character of characters) {
    if ((sections.at(-1) as string).length + character.length > sectionLength) sections.push("");
    sections[sections.length - 1] += character;
  }
  if (sections.length === 1) return `${name}*=UTF-8''${sections[0]}`;
  return sections.map((section, at) => `${name}*${at}*=${at === 0 ? "UTF-8''" : ""}${section}`).join(";\n ");
}

/** Returns a character percent-encoded, unless it is an attribute-char (RFC 2231, section 7). */
function percentEncoded(character: string): string {
  if (/^[\w!#$&+.^`{|}~-]$/.test(character)) return character;
  const bytes = [...Buffer.from(character)];
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
