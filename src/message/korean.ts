/**
 * Decodes EUC-KR with its extension UHC (windows-949). Most mail labelled EUC-KR was written by programs that use UHC,
 * but Node decodes only EUC-KR.
 *
 * UHC adds the Hangul syllables that EUC-KR lacks, in the order of Unicode. The second byte of an added syllable lies
 * outside the range of EUC-KR.
 */

const firstSyllable = 0xac00;
const lastSyllable = 0xd7a3;
/** The bytes of the 2,350 syllables in EUC-KR. */
const usual = { firstLead: 0xb0, lastLead: 0xc8, firstTrail: 0xa1, lastTrail: 0xfe };
const added = { firstLead: 0x81, lastLead: 0xc6, lastLongLead: 0xa0 };

/** The second bytes of added syllables. After the lead byte 0xa0, only those below 0xa1 are used. */
const trails = [...listCodes(0x41, 0x5a), ...listCodes(0x61, 0x7a), ...listCodes(0x81, 0xfe)];

function listCodes(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The added syllables, keyed by their two bytes; computed when needed. */
let syllables: Map<number, string> | undefined;

function computeSyllables(decoder: InstanceType<typeof TextDecoder>): Map<number, string> {
  const leads = listCodes(usual.firstLead, usual.lastLead);
  const bytes = leads.flatMap((lead) => listCodes(usual.firstTrail, usual.lastTrail).flatMap((trail) => [lead, trail]));
  const known = new Set(decoder.decode(Uint8Array.from(bytes)));
  const missing = listCodes(firstSyllable, lastSyllable)
    .map((code) => String.fromCharCode(code))
    .filter((syllable) => !known.has(syllable));
  const codes = listCodes(added.firstLead, added.lastLead).flatMap((lead) =>
    trails.filter((trail) => lead <= added.lastLongLead || trail < usual.firstTrail).map((trail) => lead * 256 + trail),
  );
  return new Map(missing.map((syllable, index) => [codes[index] as number, syllable]));
}

/** Decodes Korean text. Invalid bytes become U+FFFD. */
export function decodeKorean(bytes: Uint8Array): string {
  const decoder = new TextDecoder("euc-kr");
  let text = "";
  let copied = 0;
  for (let at = 0; at < bytes.length - 1; at++) {
    const lead = bytes[at] as number;
    if (lead < added.firstLead) continue;
    const trail = bytes[at + 1] as number;
    // In EUC-KR, both bytes of a character are at least 0xa1.
    const isUsual = lead >= usual.firstTrail && trail >= usual.firstTrail;
    if (!isUsual) syllables ??= computeSyllables(decoder);
    const syllable = isUsual ? undefined : syllables?.get(lead * 256 + trail);
    if (syllable !== undefined) {
      text += decoder.decode(bytes.subarray(copied, at)) + syllable;
      copied = at + 2;
    }
    if (isUsual || syllable !== undefined) at++;
  }
  return text + decoder.decode(bytes.subarray(copied));
}
