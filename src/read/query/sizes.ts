/**
 * The sizes of `size:`, in bytes as stored.
 *
 *   sizes = [ ">" | ">=" | "<" | "<=" | "=" ] size | size "-" size
 *   size  = digits [ "." digits ] [ "k" | "M" | "G" ]       of 1024; a size without a sign is a least one
 */
export type Sizes = (size: number) => boolean;

const one = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i;

function bytes(text: string): number | undefined {
  const [, number, unit = ""] = one.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Math.round(Number(number) * 1024 ** ["", "k", "m", "g"].indexOf(unit.toLowerCase()));
}

/** Returns undefined for what is no size */
export function parseSizes(text: string): Sizes | undefined {
  const [, low = "", high = ""] = /^([^-]+)-([^-]+)$/.exec(text) ?? [];
  const [least, most] = [bytes(low), bytes(high)];
  if (least !== undefined && most !== undefined) return (size) => size >= least && size <= most;
  const [, sign = "", rest = ""] = /^([<>]=?|=|)(.*)$/s.exec(text) ?? [];
  const limit = bytes(rest);
  if (limit === undefined) return undefined;
  if (sign === ">") return (size) => size > limit;
  if (sign === "<") return (size) => size < limit;
  if (sign === "<=") return (size) => size <= limit;
  if (sign === "=") return (size) => size === limit;
  return (size) => size >= limit;
}
