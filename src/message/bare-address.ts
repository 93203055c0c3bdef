/**
 * Returns the address in a From or To field as bsd-mailx shows it: the text in angle brackets, or else the text
 * without comments.
 * The addresses of a list are joined by ", ". The text is not validated.
 */
export function bareAddress(text: string): string {
  if (!/[(< ]/.test(text)) return text;
  // Most fields consist of a name followed by an address.
  if (/^[^"(),<>]*<[^"(),<> ]+>$/.test(text)) return text.slice(text.indexOf("<") + 1, -1);
  return walkAddress(text, false);
}

/** Returns the text before the first angle bracket, or else the address, as bsd-mailx does with `set showname`. */
export function nameOrAddress(text: string): string {
  return walkAddress(text, true);
}

function walkAddress(text: string, untilAngle: boolean): string {
  let members = "";
  let member = "";
  let inAngle = false;
  let blank = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === "(") {
      at = commentEnd(text, at);
      blank = false;
    } else if (character === '"') {
      const quoted = readQuotedString(text, at);
      member += quoted.text;
      at = quoted.end;
      blank = false;
    } else if (character === " ") {
      const sign = /^(?:at|@) /.exec(text.slice(at + 1, at + 5));
      if (sign === null) blank = true;
      else {
        member += "@";
        at += sign[0].length;
      }
    } else if (character === "<") {
      if (untilAngle) break;
      member = "";
      inAngle = true;
      blank = false;
    } else if (character === ">" && inAngle) {
      inAngle = false;
      blank = false;
      at = endOfMember(text, at + 1) - 1;
    } else {
      member += blank ? ` ${character}` : character;
      blank = false;
      // A comma without a following space does not separate addresses.
      if (character === "," && text[at + 1] === " " && !inAngle) {
        members += `${member} `;
        member = "";
        while (text[at + 1] === " ") at++;
      }
    }
  }
  return members + member;
}

/**
 * Returns the offset of the parenthesis that closes the comment at `start` or, if none does, of the text's last
 * character.
 */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at;
  }
  return text.length - 1;
}

function readQuotedString(text: string, start: number): { text: string; end: number } {
  let inside = "";
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { text: inside, end: at };
    if (text[at] === "\\") at++;
    inside += text[at] ?? "";
  }
  return { text: inside, end: text.length - 1 };
}

function endOfMember(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === ",") return at;
    if (text[at] === "(") at = commentEnd(text, at);
    else if (text[at] === '"') at = readQuotedString(text, at).end;
  }
  return text.length;
}
