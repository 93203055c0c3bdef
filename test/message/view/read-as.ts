/** Helpers that create a message from lines of text and show it. */
import { bytesOf } from "../../../src/message/view/bytes.ts";
import { viewMessage } from "../../../src/message/view/view.ts";

export function lines(...all: string[]): Buffer {
  return Buffer.from(all.map((line) => `${line}\n`).join(""));
}

/** Returns the displayed message, by default without its header and at a width of 60 columns. */
export async function shown(message: Uint8Array, { header = false, width = 60 } = {}): Promise<string> {
  const bytes = Buffer.from(message);
  const end = bytes.indexOf("\n\n");
  const head = end < 0 ? bytes : bytes.subarray(0, end + 2);
  const pieces = await viewMessage(bytesOf(bytes), head, head.length, { width, isBrief: "if encoded" });
  return (pieces ?? [])
    .slice(header ? 0 : 1)
    .map(({ text }) => text)
    .join("");
}
