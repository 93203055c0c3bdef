/**
 * Parses the sizes in the term `size:`. A message's size is the number of bytes that are stored.
 *
 *     sizes = [ ">" | ">=" | "<" | "<=" | "=" ] size | size "-" size
 *     size  = digits [ "." digits ] [ "k" | "M" | "G" ]       1 k is 1024 bytes; without a sign, a minimum
 */
export type Sizes = (size: number) => boolean;

const one = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i;

function parseSize(text: string): number | undefined {
  const [, number, unit = ""] = one.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Math.round(Number(number) * 1024 ** ["", "k", "m", "g"].indexOf(unit.toLowerCase()));
}

/** Parses the value of `size:`. Returns undefined if it is invalid. */
export function parseSizes(text: string): Sizes | undefined {
  const [, low = "", high = ""] = /^([^-]+)-([^-]+)$/.exec(text) ?? [];
  const [least, most] = [parseSize(low), parseSize(high)];
  if (least !== undefined && most !== undefined) return (size) => size >= least && size <= most;
  const [, sign = "", rest = ""] = /^([<>]=?|=|)(.*)$/s.exec(text) ?? [];
  const limit = parseSize(rest);
  if (limit === undefined) return undefined;
  if (sign === ">") return (size) => size > limit;
  if (sign === "<") return (size) => size < limit;
  if (sign === "<=") return (size) => size <= limit;
  if (sign === "=") return (size) => size === limit;
  return (size) => size >= limit;
}
