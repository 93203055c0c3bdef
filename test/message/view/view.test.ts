import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytesOf } from "../../../src/message/view/bytes.ts";
import { plainTextOf } from "../../../src/message/view/view.ts";
import { lines, shown } from "./read-as.ts";

const html = '<p>hola <a href="http://evil.example/x">www.bank.com</a></p>';

function multipart(subtype: string, ...parts: string[][]): Buffer {
  const inside = parts.flatMap((part) => ["--b", ...part]);
  return lines(`Content-Type: multipart/${subtype}; boundary=b`, "", "preamble", ...inside, "--b--", "epilogue");
}

test.each([
  ["plain text, unchanged", lines("Subject: x", "", "hola", "From here"), "hola\n>From here\n"],
  [
    "quoted-printable",
    lines(
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "ma=C3=B1=",
      "ana =20",
    ),
    "mañana  \n\n",
  ],
  [
    "base64 followed by a mailing list's footer",
    lines(
      "Content-Type: text/plain; charset=iso-8859-1",
      "Content-Transfer-Encoding: base64",
      "",
      "Y2Fm6Q==",
      "____",
      "footer",
    ),
    "café\n\n",
  ],
  [
    "base64 without padding that is followed by a mailing list's footer",
    lines("Content-Transfer-Encoding: base64", "", "YWJj", "--", "To leave this list: send the line", "list/leave"),
    "abc\n\n",
  ],
  [
    "a charset name with quotation marks and other text",
    lines(
      "Content-Type: text/plain; charset=\"'iso-8859-2' x\"",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "=E8",
    ),
    "č\n\n",
  ],
  [
    "UTF-16 to which a program has appended a newline",
    lines("Content-Type: text/plain; charset=utf-16be", "Content-Transfer-Encoding: base64", "", "AOkAYgo="),
    "éb\n\n",
  ],
  [
    "base64 whose label begins with a comment",
    lines("Content-Transfer-Encoding: (x) BASE64 (y)", "", "YWJj"),
    "abc\n\n",
  ],
  [
    "8-bit HTML that is labelled ASCII, in the charset of its meta element",
    Buffer.from("Content-Type: text/html; charset=us-ascii\n\n<meta charset=koi8-r>\xf0\xd2\xc9\n", "latin1"),
    "При\n\n",
  ],
  [
    "HTML whose meta element must be wrong",
    lines("Content-Type: text/html", "", '<meta http-equiv="Content-Type" content="text/html; charset=utf-16">né'),
    "né\n\n",
  ],
  ["uuencode", lines("Content-Transfer-Encoding: x-uuencode", "", "begin 644 x", "#86)C", "`", "end"), "abc\n\n"],
  [
    "the only text of a message, although it is labelled an attachment",
    lines("Content-Type: text/plain", 'Content-Disposition: attachment; filename="a.txt"', "", "hola"),
    "[1: a.txt, text/plain, 5 B]\n\nhola\n",
  ],
  [
    "Latin-1 text that is labelled UTF-8",
    Buffer.from("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nma\xf1ana\n", "latin1"),
    "mañana\n",
  ],
  [
    "UTF-8 with an invalid byte",
    lines("Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", "=C3=B1 =F1"),
    "ñ \ufffd\n\n",
  ],
  [
    "Korean in a 7-bit charset",
    lines("Content-Type: text/plain; charset=iso-2022-kr", "", "\x1b$)C\x0e>H3g\x0f hi", "\x0e5Q\x0f"),
    "안녕 hi\n둘\n\n",
  ],
  [
    "Chinese in a 7-bit charset",
    lines("Content-Type: text/plain; charset=hz-gb-2312", "", "~{Dc:C~} ~~hi ~", "~{:C~}~}"),
    "你好 ~hi 好\n\n",
  ],
  ["a charset that Node lacks", lines("Content-Type: text/plain; charset=utf-7", "", "caf+AOk-"), "café\n\n"],
  ["Latin-1 without a declared charset", Buffer.from("A: b\n\ncaf\xe9\n", "latin1"), "café\n"],
  [
    "an unknown charset",
    lines("Content-Type: text/plain; charset=x-klingon", "", "hi"),
    "[1: unknown charset x-klingon]\n\nhi\n\n",
  ],
  [
    "the plain text of two alternatives",
    multipart("alternative", ["", "plain"], ["Content-Type: text/html", "", html]),
    "plain\n\n",
  ],
  [
    "HTML if the plain text is empty",
    multipart("alternative", ["", " "], ["Content-Type: text/html", "", "<b>x</b>"]),
    "x\n\n",
  ],
  [
    "HTML with its links",
    multipart("mixed", ["Content-Type: text/html", "", html]),
    "hola www.bank.com [1]\n\n[1] http://evil.example/x (not www.bank.com)\n\n",
  ],
  [
    "a uuencoded file within a text",
    lines("", "before", "begin 644 a report.txt", "#0V%T", "`", "end", "", "after"),
    "before\n\n[2: a report.txt, application/octet-stream, 3 B]\n\n\nafter\n\n",
  ],
  [
    "a body of files written by uuencode -m",
    lines("", "begin-base64 644 one", "Q2F0", "====", "begin 600 two", "`", "end", ""),
    "[1: one, application/octet-stream, 3 B]\n[2: two, application/octet-stream, 0 B]\n\n",
  ],
  [
    "a text that mentions uuencode",
    lines("", "begin 644 a", "this is no data, as anyone can see, but a text about such a file", "end"),
    "begin 644 a\nthis is no data, as anyone can see, but a text about such a file\nend\n",
  ],
  ["a truncated uuencoded file", lines("", "begin 644 a", "#0V%T"), "begin 644 a\n#0V%T\n"],
  [
    "the number, name, type and size of an attachment",
    multipart(
      "mixed",
      ["", "see"],
      ["Content-Type: application/pdf", 'Content-Disposition: attachment; filename="a.pdf"', "", "12345"],
    ),
    "see\n\n[2: a.pdf, application/pdf, 5 B]\n\n",
  ],
  [
    "a text that is attached inline",
    multipart("mixed", ["Content-Disposition: inline; filename=log.txt", "", "one"]),
    "[1: log.txt, text/plain, 3 B]\n\none\n\n",
  ],
  [
    "a message within a message",
    multipart("mixed", ["Content-Type: message/rfc822", "", "From: a@b", "X: y", "", "inner"]),
    "[1: a message, 21 B]\nFrom: a@b\n\ninner\n\n[end of 1]\n\n",
  ],
  [
    "a signed message",
    multipart(
      'signed; protocol="application/pgp-signature"',
      ["", "text"],
      ["Content-Type: application/pgp-signature", "", "x"],
    ),
    "text\n\n[2: signed (OpenPGP); the signature was not checked]\n\n",
  ],
  [
    "an encrypted message",
    multipart(
      'encrypted; protocol="application/pgp-encrypted"',
      ["", "Version: 1"],
      ["Content-Type: application/octet-stream", "", "x"],
    ),
    "[encrypted (OpenPGP); mail cannot decrypt it]\n[2: application/octet-stream, 1 B]\n\n",
  ],
  [
    "the text that a mailing list adds to a signed message",
    multipart(
      'signed; protocol="application/pgp-signature"',
      ["", "text"],
      ["Content-Type: application/pgp-signature", "", "x"],
      ["", "the list's footer"],
      ["Content-Type: image/png; name=a.png", "", "12345"],
    ),
    "text\n\nthe list's footer\n\n[4: a.png, image/png, 5 B]\n[2: signed (OpenPGP); the signature was not checked]\n\n",
  ],
  [
    "the last alternative that has content",
    multipart("alternative", ["Content-Type: text/html", "", "<b>x</b>"], ["Content-Type: text/plain", "", " "]),
    "x\n\n",
  ],
  [
    "the last alternative that has content if HTML has none",
    multipart(
      "alternative",
      ["Content-Type: text/enriched", "", "x"],
      ["Content-Type: text/html", "", "<html><body>&nbsp;</body></html>"],
      ["Content-Type: multipart/mixed; boundary=c", "", "--c", "", "", "--c--"],
    ),
    "x\n\n",
  ],
  [
    "an attachment after an inner multipart with the same boundary",
    multipart(
      "mixed",
      [
        "Content-Type: multipart/alternative; boundary=b",
        "",
        "--b",
        "",
        "plain",
        "--b",
        "Content-Type: text/html",
        "",
        html,
        "--b--",
      ],
      ["Content-Type: application/pdf; name=a.pdf", "", "12345"],
    ),
    "plain\n\n[2: a.pdf, application/pdf, 5 B]\n\n",
  ],
  [
    "an attachment after two inner multiparts with the same boundary, although the outer one has no end",
    lines(
      "Content-Type: multipart/mixed; boundary=b",
      "",
      ...["--b", "Content-Type: multipart/related; boundary=b", ""],
      ...["--b", "Content-Type: multipart/alternative; boundary=b", "", "--b", "", "plain", "--b--"],
      ...["--b", "Content-Type: image/png; name=c.png", "", "123", "--b--"],
      ...["--b", "Content-Type: application/pdf; name=a.pdf", "", "12345"],
    ),
    "plain\n\n[1.2: c.png, image/png, 3 B]\n[2: a.pdf, application/pdf, 6 B]\n\n",
  ],
  [
    "no part after the end of a multipart",
    multipart("mixed", ["", "text", "--b--", "epilogue", "--b", "", "more"]),
    "text\n\n",
  ],
  [
    "an attached message that begins with a quoted From_ line",
    multipart("mixed", [
      "Content-Type: message/rfc822",
      "",
      ">From a@b Wed Feb  1 19:06:09 2006",
      "From: a@b",
      "",
      "inner",
    ]),
    "[1: a message, 51 B]\nFrom: a@b\n\ninner\n\n[end of 1]\n\n",
  ],
  [
    "an attached message whose From field has a space before its colon",
    multipart("mixed", ["Content-Type : message/rfc822", "", "From : a@b", "Subject\t: x", "", "inner"]),
    "[1: a message, 29 B]\nFrom : a@b\nSubject\t: x\n\ninner\n\n[end of 1]\n\n",
  ],
  [
    "HTML beside a plain form that contains only invisible characters",
    multipart(
      "alternative",
      ["Content-Type: text/plain; charset=utf-8", "", "\u00a0\u200b\ufeff"],
      ["Content-Type: text/html", "", "<p>hello</p>"],
    ),
    "hello\n\n",
  ],
  [
    "a plain form that has content beside HTML that contains only a style",
    multipart(
      "alternative",
      ["Content-Type: text/enriched", "", "hello"],
      ["Content-Type: text/html", "", "<style>p { color: red }</style>"],
    ),
    "hello\n\n",
  ],
  [
    "plain text beside HTML that contains only a style",
    multipart(
      "alternative",
      ["Content-Type: text/html", "", "<!-- x --><style>p { color: red }</style><p>&nbsp;</p>"],
      ["Content-Type: multipart/mixed; boundary=r", "", "--r", "", "hello", "--r--"],
    ),
    "hello\n\n",
  ],
  [
    "a multipart that is encoded as a whole",
    lines(
      "Content-Type: multipart/mixed; boundary=x",
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from("--x\nContent-Type: text/html\n\n<p>one</p>\n--x\n\ntwo\n--x--\n").toString("base64"),
    ),
    "one\n\ntwo\n\n",
  ],
  [
    "an attached news article",
    multipart("mixed", ["Content-Type: message/news", "", "From: a@b", "", "inner"]),
    "[1: a message, 16 B]\nFrom: a@b\n\ninner\n\n[end of 1]\n\n",
  ],
  [
    "the first piece of a divided message",
    lines('Content-Type: message/partial; id="x@b"; number=1; total=2', "", "From: a@b", "", "inner"),
    "[1: a message, 17 B]\nFrom: a@b\n\ninner\n\n[end of 1]\n\n",
  ],
  [
    "UTF-8 that is labelled ISO-2022-JP",
    lines("Content-Type: text/plain; charset=iso-2022-jp", "", "日本"),
    "日本\n\n",
  ],
  [
    "EUC-JP that is labelled ISO-2022-JP",
    Buffer.from("Content-Type: text/plain; charset=iso-2022-jp\n\n\xc6\xfc\xcb\xdc\n", "latin1"),
    "日本\n\n",
  ],
  ["ASCII that is labelled UTF-16", lines("Content-Type: text/plain; charset=utf-16", "", "plain"), "plain\n\n"],
  [
    "ISO-2022-JP with redundant escape sequences",
    lines("Content-Type: text/plain; charset=iso-2022-jp", "", "\x1b(B\x1b$B\x1b$BF|K\\\x1b(J\x1b(B a\x1b$B\x1b(B"),
    "日本 a\n\n",
  ],
  [
    "Korean with repeated escape sequences",
    lines("Content-Type: text/plain; charset=iso-2022-kr", "", "\x1b$)C", "\x0e\x1b$)C\x0e>H3g\x0f\x0f hi\x1b$)C"),
    "안녕 hi\n\n",
  ],
  [
    "Chinese with repeated escape sequences",
    lines("Content-Type: text/plain; charset=hz-gb-2312", "", "~}~{~{Dc~}~{:C~}~} hi~{~{~}"),
    "你好 hi\n\n",
  ],
  [
    "a delivery report that consists of prose",
    multipart("report; report-type=delivery-status", [
      "Content-Type: message/delivery-status",
      "",
      "",
      "The following destination addresses were unknown: please check them.",
      "",
      "<ann@example.net>",
    ]),
    "The following destination addresses were unknown: please check them.\n\n<ann@example.net>\n\n",
  ],
  [
    "a delivery report followed by prose",
    multipart("report; report-type=delivery-status", [
      "Content-Type: message/delivery-status",
      "",
      "Reporting-MTA: dns; mx.example.org",
      "",
      "Final-Recipient: rfc822; ann@example.net",
      "Action: failed",
      "",
      "Please tell her.",
    ]),
    "Delivery report by mx.example.org:\n  ann@example.net: not delivered\n\nPlease tell her.\n\n",
  ],
  [
    "S/MIME",
    lines("Content-Type: application/pkcs7-mime; smime-type=enveloped-data", "", "x"),
    "[1: application/pkcs7-mime, 2 B: encrypted (S/MIME); mail cannot decrypt it]\n\n",
  ],
  ["a multipart without a boundary as text", lines("Content-Type: multipart/mixed", "", "--x", "text"), "--x\ntext\n"],
  [
    "a multipart without a final boundary",
    lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "text"),
    "text\n\n",
  ],
  [
    "a part without a header",
    lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "text here", "--b--"),
    "text here\n\n",
  ],
])("%s", async (_shows, message, text) => expect(await shown(message)).toBe(text));

test("flowed text and its quotations are wrapped to the width", async () => {
  const words = "uno dos tres cuatro cinco seis siete ocho nueve diez ";
  const message = lines(
    "Content-Type: text/plain; format=flowed",
    "",
    words,
    "once doce trece.",
    `> ${words}`,
    "> once",
    "",
    "-- ",
    "me",
  );
  expect(await shown(message, { width: 40 })).toBe(
    "uno dos tres cuatro cinco seis siete\nocho nueve diez once doce trece.\n" +
      "> uno dos tres cuatro cinco seis siete\n> ocho nueve diez once\n\n-- \nme\n\n",
  );
});

test("a delivery report is summarised in words", async () => {
  const report = multipart(
    "report; report-type=delivery-status",
    ["", "It failed."],
    [
      "Content-Type: message/delivery-status",
      "",
      "Reporting-MTA: dns; mx.example.org",
      "",
      "Final-Recipient: rfc822; ann@example.net",
      "Action: failed",
      "Status: 5.1.1",
      "Remote-MTA: dns; mail.example.net",
      "Diagnostic-Code: smtp; 550 5.1.1 User unknown",
    ],
    ["Content-Type: message/rfc822", "", "From: me@example.org", "Subject: hola", "", "body"],
  );
  expect(await shown(report)).toBe(
    "It failed.\n\nDelivery report by mx.example.org:\n" +
      "  ann@example.net: not delivered (5.1.1: there is no such mailbox)\n" +
      "    mail.example.net replied: 550 5.1.1 User unknown\n\n" +
      "[3: the message, 40 B]\nFrom: me@example.org\nSubject: hola\n\n",
  );
});

test("a readable summary of an invitation follows its text", async () => {
  const invitation = multipart(
    "alternative",
    ["", "Please come"],
    [
      "Content-Type: text/calendar; method=REQUEST",
      "",
      "BEGIN:VCALENDAR",
      "METHOD:REQUEST",
      "BEGIN:VEVENT",
      "SUMMARY:Weekly\\, and ",
      " long",
      "DTSTART;TZID=Europe/Madrid:20260116T182200",
      "DTEND;TZID=Europe/Madrid:20260116T192200",
      "LOCATION:Room 1",
      "ORGANIZER;CN=Ann:mailto:ann@example.org",
      'ATTENDEE;PARTSTAT=DECLINED;CN="B: B":mailto:bob@example.org',
      "RRULE:FREQ=WEEKLY;INTERVAL=2",
      "BEGIN:VALARM",
      "DESCRIPTION:beep",
      "END:VALARM",
      "END:VEVENT",
      "END:VCALENDAR",
    ],
  );
  expect(await shown(invitation)).toBe(
    "Please come\n\nInvitation: Weekly, and long\n" +
      "When:      Fri 16 Jan 2026 18:22 to 19:22 (Europe/Madrid), every 2 weeks\n" +
      "Where:     Room 1\nOrganizer: Ann <ann@example.org>\nInvited:   B: B <bob@example.org> (declines)\n\n",
  );
});

test.each<[string, string, string]>([
  ["that is repeated as an attachment is only described", "attachment", "[2: invite.ics, application/ics, 69 B]\n\n"],
  ["after another invitation is summarised", "inline", "Event: Dinner\n\n"],
])("an invitation %s", async (_what, disposition, told) => {
  const event = (title: string) =>
    ["BEGIN:VCALENDAR", "BEGIN:VEVENT", `SUMMARY:${title}`, "END:VEVENT", "END:VCALENDAR", ""].join("\n");
  const message = multipart(
    "mixed",
    ["Content-Type: text/calendar", "", event("Lunch")],
    [
      "Content-Type: application/ics",
      `Content-Disposition: ${disposition}; filename="invite.ics"`,
      "",
      event("Dinner"),
    ],
  );
  expect(await shown(message)).toBe(`Event: Lunch\n\n${told}`);
});

test("in the displayed header, encoded words are decoded, and unchanged fields keep their line breaks", async () => {
  const message = lines(
    "From u Sat Jan 16 18:22:00 2021",
    "From: =?utf-8?q?Jos=C3=A9?= <jose@example.org>",
    "To: a@example.org,",
    " b@example.org",
    "Subject: =?utf-8?q?caf=C3=A9?=\n =?utf-8?q?_s=C3=AD?=",
    "",
    "x",
  );
  expect(await shown(message, { header: true })).toBe(
    "From u Sat Jan 16 18:22:00 2021\nFrom: José <jose@example.org>\nTo: a@example.org,\n b@example.org\nSubject: café sí\n\nx\n",
  );
});

test.each([
  [
    "another address as a name",
    'From: "root@bank.com" <x@evil.example>',
    'From: "root@bank.com" <x@evil.example> [the name is another address]',
  ],
  [
    "another address as an encoded name",
    "From: =?utf-8?q?root=40bank.com_=3Ca?= <x@evil.example>",
    'From: "root@bank.com <a" <x@evil.example> [the name is another address]',
  ],
  [
    "the sender's own address as a name",
    "From: X@evil.example <x@evil.example>",
    "From: X@evil.example <x@evil.example>",
  ],
  ["a host in letters of two scripts", "From: a@\u0430pple.com", "From: a@\u0430pple.com [really xn--pple-43d.com]"],
  [
    "a host in letters of one script that all look Latin",
    "Reply-To: a@\u0440\u0430\u0443\u0440\u0430\u04cf.com",
    "Reply-To: a@\u0440\u0430\u0443\u0440\u0430\u04cf.com [really xn--80aa0cbo65f.com]",
  ],
  [
    "a genuine host name in another script",
    "From: a@\u043f\u043e\u0447\u0442\u0430.com, b@b\u00fccher.example",
    "From: a@\u043f\u043e\u0447\u0442\u0430.com, b@b\u00fccher.example",
  ],
  [
    "commas and colons in an encoded word",
    "To: =?utf-8?q?Re: a, b?= <a@b>, =?utf-8?q?c?= =?utf-8?q?d?= <c@d>",
    'To: "Re: a, b" <a@b>, cd <c@d>',
  ],
  ["an encoded name without an address", "From: =?utf-8?q?Caf=C3=A9?= =?utf-8?q?_Sol?=", "From: Café Sol"],
  ["an escape in an encoded word", "Subject: =?utf-8?q?a=1b]0;x=07b?=", "Subject: a^[]0;x^Gb"],
  ["an override in an encoded word", "Subject: =?utf-8?q?a=E2=80=AEb?=", "Subject: a<U+202E>b"],
  ["a newline in an encoded word", "Subject: =?utf-8?q?a=0D=0ABcc:_x?=", "Subject: a Bcc: x"],
])("misleading text is marked in the header: %s", async (_shows, field, text) => {
  expect(await shown(lines(field, "", "x"), { header: true })).toBe(`${text}\n\nx\n`);
});

test.each<[string, Buffer, string]>([
  [
    "in the body's charset",
    Buffer.from("Subject: \xf0\xd2\xc9, \xc3\xa9\nContent-Type: text/plain; charset=koi8-r\n\nx\n", "latin1"),
    "При, ц╘",
  ],
  [
    "in the charset of the first text",
    Buffer.from(
      "Subject: \xc4\xe3\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=gb2312\n\nx\n--b--\n",
      "latin1",
    ),
    "你",
  ],
  ["in UTF-8", Buffer.from("Subject: \xc3\xa9\nContent-Type: text/plain; charset=us-ascii\n\nx\n", "latin1"), "é"],
  [
    "in UTF-8 if the body's charset does not fit",
    Buffer.from("Subject: \xc3\xa9\nContent-Type: text/plain; charset=iso-2022-jp\n\nx\n", "latin1"),
    "é",
  ],
  [
    "in Latin-1, although some bytes look like UTF-8",
    Buffer.from("Subject: \xc3\xa9 \xe9\nContent-Type: text/plain; charset=utf-8\n\nx\n", "latin1"),
    "Ã© é",
  ],
  ["beside an encoded word", Buffer.from("Subject: \xc3 =?utf-8?q?=C3=A9?= \xa9\n\nx\n", "latin1"), "Ã é ©"],
])("an 8-bit field is shown %s", async (_charset, message, subject) => {
  expect(await shown(message, { header: true })).toContain(`Subject: ${subject}\n`);
});

test("escapes in decoded bodies are made visible, and misleading hosts are marked", async () => {
  const message = lines("Content-Transfer-Encoding: quoted-printable", "", "a=1B[2Jb=C2=9Bc http://=D0=B0pple.com/x");
  expect(await shown(message)).toBe("a^[[2Jb<U+009B>c http://\u0430pple.com [really xn--pple-43d.com]/x\n\n");
});

test.each([
  ["data tables in columns", "<table><tr><th>Disk<th>Use<tr><td>sda1<td>91 %</table>", "Disk  Use\nsda1  91 %"],
  ["layout tables row by row", "<table><tr><td><p>a</p><tr><td>b<td>c</table>", "a\n\nb  c"],
  [
    "text of a table that is outside its rows and cells",
    "<table><caption>a</caption><td>b<tr>c<td>d</td>e</tr><form><tr><td>f</form>g</table>",
    "a\nb\n\nc d  e\n\nf\n\ng",
  ],
  ["text after a frame that contains the start of a style", "<noframes><style></noframes>yes<style></style>", "yes"],
  [
    "text beside frames in comments and scripts",
    "<!-- <iframe> -->a<script>'<iframe>'</script>b<iframe></iframe>c",
    "abc",
  ],
  [
    "text at any depth",
    `${"<div>".repeat(600)}caf&eacute;<style>no</style><p>b <a href='http://x.y/'>c</a>`,
    "café\nb c [1]\n\n[1] http://x.y/",
  ],
  [
    "characters that are written as two surrogates",
    "&#65;&#55357;&#56832;&#xD83D;&#xde00;&#55357;",
    "A\u{1f600}\u{1f600}\ufffd",
  ],
  [
    "elements on lines of their own",
    "<center>a</center><center>b</center><dl><dt>c<dd>d</dl><select><option>e<option>f</select>",
    "a\nb\nc\nd\ne\nf",
  ],
  ["at most two empty lines in a row", "a<br><br> <br>&nbsp;<br><br><br>b", "a\n\n\nb"],
  ["lists and quotations", "<ul><li>one<li>two</ul><blockquote>three</blockquote>", " * one\n * two\n\n> three"],
  ["the descriptions of pictures", "<img src='http://x/' alt='A cat'>", "[A cat]"],
  ["no hidden text and no scripts", "<style>p{}</style><script>x()</script><p style='display:none'>no</p>yes", "yes"],
  [
    "text before, between and after documents",
    "First <html><head><title>no</title></head><body><p>one</p></body></html>" +
      "<html><body>two</body></html>____<br>the list's footer",
    "First\n\none\n\ntwo\n\n____\nthe list's footer",
  ],
  ["text in an unfinished head", "<html><head><title>no</title><p>yes<style>no</style>", "yes"],
  ["no invisible filler", "pass&shy;word&zwnj; &#847;&zwnj; ", "password"],
  [
    "numbered links without duplicates",
    "<a href='http://a.b/'>x</a> <a href='http://a.b/'>y</a> <a href='http://c.d'>c.d</a>",
    "x [1] y [1] c.d\n\n[1] http://a.b/",
  ],
  [
    "a note on links with a misleading text",
    "<a href='http://evil.example'>https://bank.example/login</a>",
    "https://bank.example/login [1]\n\n[1] http://evil.example (not bank.example)",
  ],
  [
    "a note on links to another address",
    "<a href='mailto:x@evil.example'>ann@bank.example</a>",
    "ann@bank.example [1]\n\n[1] mailto:x@evil.example (not bank.example)",
  ],
  [
    "no note on links to a subdomain of the named host",
    "<a href='http://www.bank.example/x'>bank.example</a>",
    "bank.example [1]\n\n[1] http://www.bank.example/x",
  ],
  ["visible controls in a link", "<a href='http://a.b/&#27;[2J'>x</a>", "x [1]\n\n[1] http://a.b/^[[2J"],
])("HTML is shown with %s", async (_shows, html, text) => {
  expect(await shown(lines("Content-Type: text/html", "", html))).toBe(`${text}\n\n`);
});

test("the text for a reply contains neither attachments nor notes", async () => {
  const message = multipart(
    "mixed",
    ["Content-Type: text/html; charset=utf-8", "", "<p>caf&eacute;"],
    ["Content-Type: image/png", "", "x"],
  );
  expect(await plainTextOf(bytesOf(message))).toBe("café\n");
});

test("any structure is shown without an exception", async () => {
  const line = fc.constantFrom(
    "Content-Type: multipart/mixed; boundary=b",
    'Content-Type: multipart/alternative; boundary="c d"',
    "Content-Type: message/rfc822",
    "Content-Type: text/html",
    "Content-Type: multipart/digest; boundary=b",
    "Content-Type: text/calendar",
    "Content-Type: /",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "--b",
    "--b--",
    "--c d",
    "--c d--",
    "",
    "text",
    "=",
    "=E9=",
    "<a href='x'>",
    "BEGIN:VEVENT",
    "Content-Type: multipart/report; boundary=b",
    "Content-Type: message/delivery-status",
    "Content-Type: text/plain; format=flowed",
    "\xff",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 40 }), async (all) => {
      const text = await shown(lines("Content-Type: multipart/mixed; boundary=b", ...all), { header: true });
      expect(text).toMatch(/\n$/);
    }),
    { numRuns: 300 },
  );
});

test("ten thousand nested parts, a header of 5 MB and deeply nested tags are shown quickly", async () => {
  const nested = Array.from({ length: 10_000 }, (_, at) => [
    `Content-Type: multipart/mixed; boundary=b${at}`,
    "",
    `--b${at}`,
  ]).flat();
  expect(await shown(lines(...nested, "", "text"))).toContain("--b");
  expect(
    await shown(lines(`Subject: ${"=?utf-8?q?a?= <".repeat(350_000)}`, "Content-Type: text/html", "", "<b>x</b>")),
  ).toBe("x\n\n");
  expect(await shown(lines("Content-Type: text/html", "", "<div>".repeat(200_000), "x"))).toContain("x");
  const spans = "<tr><td rowspan=1000 colspan=1000>x".repeat(100);
  expect(await shown(lines("Content-Type: text/html", "", `<table>${spans}</table>`))).toContain("x");
});

/** The size of inputs that once took quadratic time: half a megabyte took minutes. */
const half = 500_000;
test.each([
  ["a very long word with another script", "A: b", `${"x".repeat(half)}\u00e9`],
  ["a run of spaces in quoted-printable", "Content-Transfer-Encoding: quoted-printable", `${" ".repeat(half)}x`],
  ["a run of spaces in flowed text", "Content-Type: text/plain; format=flowed", `x${" ".repeat(half)}`],
  ["a very deep quotation", "Content-Type: text/plain; format=flowed", `${">".repeat(half)} ${"w ".repeat(half / 2)}`],
  ["a run of spaces in HTML", "Content-Type: text/html", `<pre>${" ".repeat(half)}x`],
  ["frames without an end", "Content-Type: text/html", "<iframe>".repeat(half / 8)],
  ["a run of comments", "Content-Type: text/html", "<!--".repeat(half / 4)],
  ["a run of joiners", "Content-Type: text/html", `<pre>${"\u200d".repeat(half)}x`],
  ["a run of carriage returns", "A: b", "\r".repeat(half)],
  ["a run of combining marks", "A: b", `a${"\u0301".repeat(half)}`],
  ["a run of tag characters", "A: b", "\u{e0061}".repeat(half / 2)],
  ["addresses in a name", `From: =?utf-8?q?${"x@".repeat(20_000)}?= <a@b.c>`, "x"],
])("%s is shown in linear time", async (_shows, field, body) => {
  expect(await shown(lines(field, "", body))).not.toBe("");
});
