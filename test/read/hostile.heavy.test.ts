/**
 * Tests hostile mail on a terminal. The built program runs every command on messages that try to control the terminal,
 * to save files outside the directory and to run commands. The output to the terminal is then searched byte by byte.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { openPty } from "../../scripts/pty.mjs";
import { random } from "../sessions/support/random-session.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../bin/mail.js");

/** Sequences that would have a visible effect on a terminal, and that the program itself never writes. */
const attacks = [
  "\x1b]0;pwned\x07",
  "\x1b]52;c;cHduZWQ=\x07",
  "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
  "\x1b[41;5mblink",
  "\x1b[6n\x1b[5n\x1b[c\x1b[>c",
  "\x1b[5i",
  "\x1b[?1049h",
  "\x1b[21t",
  "\x1bP$qm\x1b\\",
  "\x1bc\x1b#8\x1b(0",
  "\x0e\x0f\x05\x08\x08\x7f",
  "\x07\x0b\x0c",
  "\xc2\x9b31m\xc2\x9d0;x\xc2\x9c",
  "\x9b2J\x90\x9d",
  "\xe2\x80\xaegpj.exe\xe2\x80\xac\xe2\x81\xa6\xd8\x9c",
  "\xe2\x80\xa8\xef\xbb\xbf\xe2\x80\x8b",
  "a\rb\r\n",
  "$(touch pwned)`touch pwned`;touch pwned|",
  "../../../pwned",
  "/pwned",
  "~!touch pwned",
  "\x00\x1b",
];

function hostileBox(next: () => number): Buffer {
  const attack = () => attacks[Math.floor(next() * attacks.length)] as string;
  const inLine = () => attack().replace(/[\r\n]/g, "");
  const encoded = () => `=?utf-8?b?${Buffer.from(inLine(), "latin1").toString("base64")}?=`;
  const either = () => (next() < 0.5 ? inLine() : encoded());
  const message = () =>
    `From ${inLine().replace(/ /g, "")}@x.org Sat Jan 16 18:22:03 2021\n` +
    `From: ${either()} <${inLine()}ann@x.org>${inLine()}\nTo: ${either()} <root@x.org>\nCc: ${either()}\n` +
    `Subject: ${either()} ${either()}\nDate: ${inLine()}Sat, 16 Jan 2021 18:22:03 +0000${inLine()}\n` +
    `Message-ID: <${inLine()}@x>\nReferences: <${inLine()}@x>\nReply-To: ${either()} <a@x.org>\nX-${inLine()}: ${inLine()}\n` +
    `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="cut"\n\n--cut\n` +
    `Content-Type: text/${next() < 0.5 ? "plain" : "html"}; charset=${next() < 0.3 ? inLine() : "utf-8"}\n\n` +
    `${attack()}<b>${attack()}</b>&#27;[31m&#155;2J<a href="http://x/${inLine()}">http://y/</a>\n~!touch pwned\n` +
    `--cut\nContent-Type: application/${inLine()}; name="${inLine()}"\n` +
    `Content-Disposition: attachment; filename="${either()}"\n\n${attack()}\n--cut\n` +
    `Content-Type: text/plain; name*=utf-8''${encodeURIComponent(inLine())}\nContent-Transfer-Encoding: base64\n\n` +
    `${Buffer.from(attack(), "latin1").toString("base64")}\n--cut--\n\n`;
  return Buffer.from(Array.from({ length: 4 }, message).join(""), "latin1");
}

/** Lines after which the prompt is shown again. */
const lines = [
  ..."h,p 1,P 2,type 3,text 1,top *,f *,size *,sort subject,thread,unsort,parts 1,parts 2".split(","),
  ..."f from:pwned,f subject:a or not body:b,d 2,undo,u *,dp,new 1,touch 2,mbox 3,hold 1".split(","),
  ..."s 1 saved,c 2 saved,w 3 body,Save 1,Copy 2,save -p 2 1,save -p all 2 got,print -p 2 1,| 1 cat >/dev/null".split(
    ",",
  ),
  ..."file,folders,=,n,-,+,z,z-,set nodecode,set decode,set noshow-rcpt,set show-rcpt,unread 1".split(","),
  ..."reply 1\n~m 2\n~f 3\n~p\n~h\n\n\n\n\n~x,Reply 2\n~i x\n~p\n~x,forward 1 ann@x.org\n~p\n~x,followup 3\n~p\n~x".split(
    ",",
  ),
];

/**
 * The control sequences that the program itself writes to a terminal whose cursor can be moved. No attack contains any
 * of these sequences.
 */
const own = /\x1b\[(?:\?(?:25|2004)[hl]|[0-9]*[ABCDGKJ]|(?:[1-4]|2[2-4]|39|38;5;[0-9]{1,3})m)|\r/g;
const raw = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** Returns the first forbidden character that reached the terminal, with the text around it. */
function foreignIn(shown: string): string | undefined {
  const text = shown.replace(own, "");
  const found = raw.exec(text);
  return found === null ? undefined : JSON.stringify(text.slice(Math.max(found.index - 60, 0), found.index + 60));
}

test.each([
  ["dumb", 8],
  ["xterm-256color", 8],
])("no message can control a terminal of type %s", async (term, rounds) => {
  for (let seed = 1; seed <= rounds; seed++) {
    const next = random(seed + Number(process.env["FIRST_SEED"] ?? 0));
    const place = mkdtempSync(join(tmpdir(), "mail-hostile-"));
    const home = join(place, "home");
    mkdirSync(home);
    const box = hostileBox(next);
    writeFileSync(join(place, "spool"), box);
    writeFileSync(join(home, ".mailrc"), "set sendmail=/bin/true quiet\nunset crt ask askcc\n");
    const pty = await openPty({
      argv: [process.execPath, program, "-n"],
      env: {
        PATH: process.env["PATH"],
        HOME: home,
        MAIL: join(place, "spool"),
        TERM: term,
        LANG: "C.UTF-8",
        TZ: "UTC",
        TMPDIR: place,
        XDG_STATE_HOME: join(place, "state"),
        XDG_CACHE_HOME: join(place, "cache"),
      },
      cwd: home,
    });
    await pty.expect("& ");
    for (let count = 0; count < 40; count++) {
      const line = lines[Math.floor(next() * lines.length)] as string;
      // The typed line contains more spaces than the output of `echo`, so that the line, which the terminal displays,
      // is not mistaken for the output.
      pty.send(`${line}\necho MARK   ${count}\n`);
      // If a message is still being typed, the marker has become part of its text.
      await pty.expect(`MARK ${count}`, 3000).catch(() => pty.send("\n~x\n"));
    }
    pty.send("x\n");
    await pty.exited;
    const shown = pty.transcript();
    await pty.close();
    expect({ seed, foreign: foreignIn(shown) }).toEqual({ seed, foreign: undefined });
    expect(term === "dumb" && shown.includes("\x1b")).toBe(false);
    expect(readdirSync(place).filter((name) => !["home", "spool", "state", "cache"].includes(name))).toEqual([]);
    expect({ seed, ran: existsSync(join(home, "pwned")) }).toEqual({ seed, ran: false });
    expect(readFileSync(join(place, "spool")).equals(box)).toBe(true);
    rmSync(place, { recursive: true, force: true });
  }
});
