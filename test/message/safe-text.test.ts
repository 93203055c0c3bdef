import { expect, test } from "@jest/globals";
import { makeVisible } from "../../src/message/safe-text.ts";

test.each([
  ["controls", "a\x1b[31m\r\x7f\x9b\0\tb\n", "a^[[31m^M^?<U+009B>^@\tb\n"],
  ["direction overrides and isolates", "\u202ea\u2066b\u061c", "<U+202E>a<U+2066>b<U+061C>"],
  ["zero-width characters", "pay\u200bpal\ufeff\u2060\u00ad\u3164", "pay<U+200B>pal<U+FEFF><U+2060><U+00AD><U+3164>"],
  ["tags that hide text", "a\u{e0061}\u{e0062}", "a<U+E0061><U+E0062>"],
  ["line separators", "a\u2028b", "a<U+2028>b"],
  ["bytes that are not UTF-8", "a\udce9", "a\\xe9"],
  ["a joiner between Latin letters", "a\u200db\u200cc", "a<U+200D>b<U+200C>c"],
  [
    "a family emoji keeps its joiners",
    "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
    "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  ],
  [
    "an emoji with a skin tone and a gender sign",
    "\u{1f937}\u{1f3fd}\u200d\u2640\ufe0f",
    "\u{1f937}\u{1f3fd}\u200d\u2640\ufe0f",
  ],
  [
    "a Persian word keeps its non-joiner",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
  ],
  ["a Hindi word keeps its joiner", "\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"],
  [
    "the flag of Scotland",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
  ],
])("%s", (_shows, text, shown) => expect(makeVisible(text)).toBe(shown));
