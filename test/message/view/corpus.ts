/**
 * A corpus of messages with the correct and incorrect structures that real programs produce. The messages are
 * generated, so that they are always the same and contain no private mail.
 */
import iconv from "iconv-lite";

export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
}

interface Language {
  readonly charset: string;
  readonly text: string;
}

/** The charsets that are common in mail, each with sample text that requires it. */
const languages: readonly Language[] = [
  { charset: "us-ascii", text: "The disk of host db1 is full.\nPlease look.\n" },
  { charset: "utf-8", text: "¡Mañana! El café está listo – 日本語 😀\nŻółć, Привет.\n" },
  { charset: "iso-8859-1", text: "El niño comió piñas. Grüße aus Köln.\n" },
  { charset: "iso-8859-2", text: "Zażółć gęślą jaźń. Příliš žluťoučký kůň.\n" },
  { charset: "iso-8859-5", text: "Съешь же ещё этих мягких французских булок.\n" },
  { charset: "iso-8859-7", text: "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.\n" },
  { charset: "iso-8859-8", text: "דג סקרן שט בים מאוכזב\n" },
  { charset: "iso-8859-9", text: "Pijamalı hasta yağız şoföre çabucak güvendi.\n" },
  { charset: "iso-8859-15", text: "Prix : 12 € – œuvre\n".replace("–", "-") },
  { charset: "windows-1250", text: "Árvíztűrő tükörfúrógép „x”\n" },
  { charset: "windows-1251", text: "Широкая электрификация южных губерний.\n" },
  { charset: "windows-1252", text: "“Smart” quotes – and € signs…\n" },
  { charset: "windows-1253", text: "Γαζίες και μυρτιές\n" },
  { charset: "windows-1255", text: "שלום עולם\n" },
  { charset: "windows-1256", text: "نص حكيم له سر قاطع\n" },
  { charset: "koi8-r", text: "В чащах юга жил бы цитрус?\n" },
  { charset: "koi8-u", text: "Їхав єдиний москаль ґанку\n" },
  { charset: "gb2312", text: "系统通知：磁盘已满。\n" },
  { charset: "gbk", text: "繁體與简体混合\n" },
  { charset: "gb18030", text: "你好，世界\n" },
  { charset: "big5", text: "系統通知：硬碟已滿。\n" },
  { charset: "euc-jp", text: "ディスクがいっぱいです。\n" },
  { charset: "shift_jis", text: "お知らせ：会議は三時からです。\n" },
  { charset: "euc-kr", text: "디스크가 가득 찼습니다.\n" },
  { charset: "tis-620", text: "สวัสดีชาวโลก\n" },
  { charset: "cp437", text: "Dos: café, Ærø\n" },
  { charset: "cp850", text: "Año nuevo\n" },
  { charset: "cp866", text: "Старая почта\n" },
  { charset: "utf-7", text: "Hi Mom -☺-! año\n" },
];

function encoded({ charset, text }: Language): Buffer {
  return iconv.encode(text, charset === "tis-620" ? "windows874" : charset);
}

function quotedPrintable(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replace(/[^\n -<>-~]/g, (byte) => `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)
    .replace(/ $/gm, "=20")
    .replace(/([^\n]{60}(?:=..)?)(?=[^\n])/g, (cut) => (/=.?$/.test(cut) ? cut : `${cut}=\n`));
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/(.{76})/g, "$1\n");
}

const encodings: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  "8bit": (bytes) => bytes,
  "quoted-printable": (bytes) => Buffer.from(quotedPrintable(bytes)),
  base64: (bytes) => Buffer.from(base64(bytes)),
};

function word({ charset, text }: Language, as: "B" | "Q" = "B"): string {
  const bytes = encoded({ charset, text: text.split("\n")[0]?.slice(0, 12) ?? "" });
  const content =
    as === "B"
      ? bytes.toString("base64")
      : quotedPrintable(bytes).replaceAll("=\n", "").replaceAll("?", "=3F").replaceAll(" ", "_");
  return `=?${charset}?${as}?${content}?=`;
}

type Piece = string | Buffer;

function message(name: string, ...pieces: Piece[]): Sample {
  const bytes = Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));
  return { name, bytes };
}

function envelope(subject: string, from = "Ann <ann@example.org>"): string {
  return `Received: from a.example (a.example [192.0.2.1])\n\tby b.example with ESMTP id 1\nFrom: ${from}\nTo: root@example.org\nSubject: ${subject}\nDate: Sat, 16 Jan 2021 18:22:03 +0100\nMessage-ID: <1@example.org>\n`;
}

function part(header: string, body: Piece): Piece[] {
  return [`${header}\n\n`, body];
}

function multipart(boundary: string, ...parts: Piece[][]): Piece[] {
  return [...parts.flatMap((each) => [`--${boundary}\n`, ...each, "\n"]), `--${boundary}--\n`];
}

function text(language: Language, encoding: string, subtype = "plain", more = ""): Piece[] {
  const body = subtype === "html" ? { ...language, text: htmlOf(language.text) } : language;
  const encode = encodings[encoding] as (bytes: Buffer) => Buffer;
  const header = `Content-Type: text/${subtype}; charset="${language.charset}"${more}\nContent-Transfer-Encoding: ${encoding}`;
  return part(header, encode(encoded(body)));
}

function htmlOf(plain: string): string {
  const lines = plain.split("\n").filter((line) => line !== "");
  return `<html><body>${lines.map((line) => `<p>${line}</p>`).join("\n")}<a href="https://example.org/x">x</a></body></html>\n`;
}

const image = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

function attachment(type: string, name: string, bytes: Buffer, more = ""): Piece[] {
  const header = `Content-Type: ${type}; name="${name}"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="${name}"${more}`;
  return part(header, base64(bytes));
}

/** For each combination of charset and transfer encoding, yields a message with a single text part. */
function* singles(): Iterable<Sample> {
  for (const language of languages)
    for (const encoding of Object.keys(encodings))
      yield message(
        `text ${language.charset} ${encoding}`,
        envelope(word(language, encoding === "base64" ? "B" : "Q")),
        "MIME-Version: 1.0\n",
        ...text(language, encoding),
      );
  yield message(
    "text iso-2022-jp",
    envelope("=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?="),
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=ISO-2022-JP\nContent-Transfer-Encoding: 7bit\n\n",
    "\x1b$BF|K\\8l\x1b(B test\n",
  );
}

type Mailer = (language: Language) => Piece[];

/** Functions that wrap text in the message structure of a particular mail program. */
const mailers: Readonly<Record<string, Mailer>> = {
  gmail: (language) => [
    "MIME-Version: 1.0\n",
    'Content-Type: multipart/alternative; boundary="000000000000a1b2c3"\n\n',
    ...multipart("000000000000a1b2c3", text(language, "base64"), text(language, "quoted-printable", "html")),
  ],
  "gmail with a file": (language) => [
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="0000mixed"\n\n',
    ...multipart(
      "0000mixed",
      [
        'Content-Type: multipart/alternative; boundary="0000alt"\n\n',
        ...multipart("0000alt", text(language, "base64"), text(language, "base64", "html")),
      ],
      attachment(
        "application/pdf",
        "report.pdf",
        Buffer.from("%PDF-1.4 x"),
        "\nContent-ID: <f_1>\nX-Attachment-Id: f_1",
      ),
    ),
  ],
  outlook: (language) => [
    'X-Mailer: Microsoft Outlook 16.0\nThread-Index: AQHX\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\tboundary="----=_NextPart_000_0001_01D6";\n\ttype="multipart/alternative"\n\nThis is a multipart message in MIME format.\n\n',
    ...multipart(
      "----=_NextPart_000_0001_01D6",
      [
        'Content-Type: multipart/alternative;\n\tboundary="----=_NextPart_001_0002_01D6"\n\n\n',
        ...multipart(
          "----=_NextPart_001_0002_01D6",
          text(language, "quoted-printable"),
          text(language, "quoted-printable", "html"),
        ),
      ],
      part(
        'Content-Type: image/png;\n\tname="image001.png"\nContent-Transfer-Encoding: base64\nContent-ID: <image001.png@01D6>',
        base64(image),
      ),
    ),
  ],
  exchange: (language) => [
    'X-MS-Has-Attach: yes\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="_004_AM0PR_"\n\n',
    ...multipart(
      "_004_AM0PR_",
      [
        'Content-Type: multipart/alternative;\n\tboundary="_000_AM0PR_"\n\n',
        ...multipart("_000_AM0PR_", text(language, "8bit"), text(language, "8bit", "html")),
      ],
      attachment("application/ms-tnef", "winmail.dat", Buffer.from('x\x9f>"', "latin1")),
      attachment(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        word(language),
        Buffer.from("PK"),
      ),
    ),
  ],
  "apple mail": (language) => [
    'Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3731.600.7\\))\nContent-Type: multipart/mixed;\n\tboundary="Apple-Mail=_A1"\n\n\n',
    ...multipart(
      "Apple-Mail=_A1",
      text(language, "quoted-printable", "plain", ";\n\tformat=flowed;\n\tdelsp=yes"),
      part(
        "Content-Disposition: inline;\n\tfilename*=utf-8''a%C3%B1o%20nuevo.pdf\nContent-Type: application/pdf;\n\tx-unix-mode=0644\nContent-Transfer-Encoding: base64",
        base64(Buffer.from("%PDF")),
      ),
      text(language, "quoted-printable"),
    ),
  ],
  thunderbird: (language) => [
    "MIME-Version: 1.0\nUser-Agent: Mozilla Thunderbird\nContent-Language: es\n",
    ...text(language, "8bit", "plain", "; format=flowed"),
  ],
  "thunderbird, signed": (language) => [
    'MIME-Version: 1.0\nContent-Type: multipart/signed; micalg=pgp-sha256;\n protocol="application/pgp-signature";\n boundary="------------xY"\n\nThis is an OpenPGP/MIME signed message (RFC 4880 and 3156)\n',
    ...multipart(
      "------------xY",
      [
        'Content-Type: multipart/mixed; boundary="------------in"\n\n',
        ...multipart("------------in", text(language, "base64")),
      ],
      part(
        'Content-Type: application/pgp-signature; name="OpenPGP_signature.asc"\nContent-Disposition: attachment; filename="OpenPGP_signature.asc"',
        "-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\n",
      ),
    ),
  ],
  mutt: (language) => [
    "MIME-Version: 1.0\nContent-Disposition: inline\nUser-Agent: Mutt/2.2.9\n",
    ...text(language, "8bit"),
  ],
  "mailman list": (language) => [
    'MIME-Version: 1.0\nX-Mailman-Version: 2.1.39\nList-Id: <users.lists.example.org>\nContent-Type: multipart/mixed; boundary="===============12=="\n\n',
    ...multipart(
      "===============12==",
      text(language, "base64"),
      part(
        'Content-Type: text/plain; charset="us-ascii"\nMIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nContent-Disposition: inline',
        "_______________________________________________\nusers mailing list\n",
      ),
    ),
  ],
  "mailman digest": (language) => [
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="===============9=="\n\n',
    ...multipart(
      "===============9==",
      part(
        "Content-Type: text/plain; charset=us-ascii\nContent-Description: users Digest, Vol 1",
        "Send users mailing list submissions to\n",
      ),
      [
        'Content-Type: multipart/digest; boundary="===============8=="\n\n',
        ...multipart(
          "===============8==",
          ["\n", envelope(word(language)), ...text(language, "quoted-printable")],
          ["Content-Type: message/rfc822\nMIME-Version: 1.0\n\n", envelope("two"), ...text(language, "8bit")],
        ),
      ],
    ),
  ],
  newsletter: (language) => [
    "MIME-Version: 1.0\nList-Unsubscribe: <https://example.org/u>\n",
    ...text(language, "quoted-printable", "html"),
  ],
  "forwarded message": (language) => [
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="fwd"\n\n',
    ...multipart("fwd", text(language, "8bit"), [
      'Content-Type: message/rfc822\nContent-Disposition: attachment; filename="x.eml"\n\n',
      envelope(word(language)),
      'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="in"\n\n',
      ...multipart("in", text(language, "base64"), text(language, "base64", "html")),
    ]),
  ],
};

/** Yields messages that programs generate, such as delivery reports. */
function* reports(): Iterable<Sample> {
  const original =
    "Return-Path: <root@example.org>\nFrom: root@example.org\nTo: nobody@example.net\nSubject: backup\n\nIt is done.\n";
  const status = (mta: string, recipient: string, action: string, code: string, diagnostic: string) =>
    `Reporting-MTA: dns; ${mta}\nArrival-Date: Sat, 16 Jan 2021 18:22:03 +0100 (CET)\n\nFinal-Recipient: rfc822; ${recipient}\nOriginal-Recipient: rfc822;${recipient}\nAction: ${action}\nStatus: ${code}\nRemote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; ${diagnostic}\n`;
  const cases: [string, string, string, string][] = [
    ["postfix", "failed", "5.1.1", "550 5.1.1 <nobody@example.net>: Recipient address rejected: User unknown"],
    ["postfix", "delayed", "4.4.1", "connect to mx.example.net[192.0.2.9]:25: Connection timed out"],
    ["postfix", "relayed", "2.0.0", "250 2.0.0 Ok"],
    ["exim", "failed", "5.0.0", "550 No such user"],
    ["sendmail", "failed", "5.2.2", "552 5.2.2 Mailbox full"],
    ["exchange", "failed", "5.7.1", "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized"],
    ["courier", "expanded", "2.0.0", "250 ok"],
  ];
  for (const [by, action, code, diagnostic] of cases) {
    for (const returned of ["message/rfc822", "text/rfc822-headers"])
      yield message(
        `bounce of ${by}, ${action}, with ${returned}`,
        envelope("Undelivered Mail Returned to Sender", `Mail Delivery System <MAILER-DAEMON@${by}.example>`),
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n",
        'Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="4A3F.1610/mx"\n\nThis is a MIME-encapsulated message.\n\n',
        ...multipart(
          "4A3F.1610/mx",
          part(
            "Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii",
            `This is the mail system at host ${by}.example.\n`,
          ),
          part(
            "Content-Description: Delivery report\nContent-Type: message/delivery-status",
            status(`${by}.example`, "nobody@example.net", action, code, diagnostic),
          ),
          part(`Content-Description: Undelivered Message\nContent-Type: ${returned}`, original),
        ),
      );
  }
  yield message(
    "bounce of exim, old",
    envelope("Mail delivery failed: returning message to sender"),
    "X-Failed-Recipients: nobody@example.net\nAuto-Submitted: auto-replied\n\nThis message was created automatically by mail delivery software.\n\n  nobody@example.net\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\n",
    original,
  );
  yield message(
    "bounce of qmail",
    envelope("failure notice"),
    "\nHi. This is the qmail-send program at example.org.\n\n<nobody@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n",
    original,
  );
  for (const what of ["displayed", "deleted", "denied"])
    yield message(
      `receipt, ${what}`,
      envelope("Read: backup"),
      'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; boundary="mdn"\n\n',
      ...multipart(
        "mdn",
        part("Content-Type: text/plain; charset=utf-8", "Your message was seen – perhaps.\n"),
        part(
          "Content-Type: message/disposition-notification",
          `Reporting-UA: x\nFinal-Recipient: rfc822;ann@example.org\nDisposition: manual-action/MDN-sent-manually; ${what}\n`,
        ),
      ),
    );
  yield message(
    "complaint",
    envelope("complaint"),
    'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="arf"\n\n',
    ...multipart(
      "arf",
      part("Content-Type: text/plain", "An abuse report.\n"),
      part("Content-Type: message/feedback-report", "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n"),
      part("Content-Type: message/rfc822", original),
    ),
  );
  yield message(
    "cron",
    "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@db1> /usr/local/bin/backup\nX-Cron-Env: <LANG=es_ES.UTF-8>\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n",
    "copia de seguridad: terminó con código 1\n",
  );
  yield message("cron without a charset", "From: root (Cron Daemon)\nSubject: Cron <root@db1> x\n\n", "ok\n");
  yield message(
    "logwatch",
    envelope("Logwatch for db1 (Linux)"),
    'Content-Type: text/plain; charset="iso-8859-1"\n\n',
    `\n ################### Logwatch 7.7 ####################\n${" line\n".repeat(400)}`,
  );
}

function* invitations(): Iterable<Sample> {
  const event = (method: string, more = "") =>
    `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:${method}\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Madrid\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1@example.org\r\nSUMMARY:Reunión\\, semanal\r\nDTSTART;TZID=Europe/Madrid:20260116T182200\r\nDTEND;TZID=Europe/Madrid:20260116T192200\r\nORGANIZER;CN=Ann:mailto:ann@example.org\r\nATTENDEE;CN="B: B";PARTSTAT=NEEDS-ACTION:mailto:\r\n bob@example.org\r\n${more}END:VEVENT\r\nEND:VCALENDAR\r\n`;
  for (const method of ["REQUEST", "CANCEL", "REPLY", "PUBLISH", "COUNTER"]) {
    const calendar = Buffer.from(event(method, "RRULE:FREQ=WEEKLY;COUNT=4\r\nLOCATION:Sala 1\r\n"));
    const inline = part(
      `Content-Type: text/calendar; charset="UTF-8"; method=${method}\nContent-Transfer-Encoding: base64`,
      base64(calendar),
    );
    yield message(
      `invitation of google, ${method}`,
      envelope("Invitation"),
      'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="g"\n\n',
      ...multipart(
        "g",
        [
          'Content-Type: multipart/alternative; boundary="h"\n\n',
          ...multipart(
            "h",
            text(languages[1] as Language, "base64"),
            text(languages[1] as Language, "base64", "html"),
            inline,
          ),
        ],
        attachment("application/ics", "invite.ics", calendar),
      ),
    );
    yield message(`invitation alone, ${method}`, envelope("Reunión"), "MIME-Version: 1.0\n", ...inline);
  }
}

/** Yields malformed messages. */
function* broken(): Iterable<Sample> {
  const head = `${envelope("broken")}MIME-Version: 1.0\n`;
  const mixed = `${head}Content-Type: multipart/mixed; boundary=b\n\n`;
  yield message("no boundary parameter", head, "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n");
  yield message(
    "a boundary that does not occur",
    head,
    "Content-Type: multipart/mixed; boundary=other\n\n--b\n\nx\n--b--\n",
  );
  yield message("no closing boundary", mixed, "--b\n\none\n--b\n\ntwo\n");
  yield message("no parts", mixed, "--b--\n");
  yield message("a message truncated within a header", mixed, "--b\nContent-Type: text/pl");
  yield message(
    "an inner multipart without a closing boundary",
    mixed,
    "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\ninner\n--b\n\nouter\n--b--\n",
  );
  yield message(
    "an inner boundary that begins like the outer one",
    mixed,
    "--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\ninner\n--bb--\n--b\n\nouter\n--b--\n",
  );
  yield message("a boundary line with trailing spaces", mixed, "--b  \n\none\n--b \t\n\ntwo\n--b--  \n");
  yield message(
    "a boundary with all permitted punctuation",
    head,
    "Content-Type: multipart/mixed; boundary=\"a'()+_,-./:=? b\"\n\n--a'()+_,-./:=? b\n\none\n--a'()+_,-./:=? b--\n",
  );
  yield message("a boundary in the text", mixed, "--b\n\nnot --b here\n --b\n--bx\n--b--\n");
  yield message(
    "CRLF",
    Buffer.from(
      Buffer.concat([Buffer.from(mixed), Buffer.from("--b\n\none\ntwo\n--b\nContent-Type: text/html\n\n<p>x\n--b--\n")])
        .toString()
        .replaceAll("\n", "\r\n"),
    ),
  );
  yield message(
    "base64 with invalid characters",
    head,
    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\naG9s!!\n*YQ==\n",
  );
  yield message(
    "truncated base64",
    head,
    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\naG9sYSBtdW\n",
  );
  yield message(
    "base64 on a single long line",
    head,
    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n",
    Buffer.from("hola ".repeat(2000)).toString("base64"),
  );
  yield message(
    "quoted-printable with invalid codes",
    head,
    "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\na=ZZ =3d =\nb =",
  );
  yield message("an unknown encoding", head, "Content-Type: text/plain\nContent-Transfer-Encoding: x-gzip\n\nplain\n");
  yield message(
    "an encoding in upper case with a comment",
    head,
    "Content-Type: text/plain\nContent-Transfer-Encoding: BASE64 (really)\n\naG9sYQ==\n",
  );
  yield message("an unknown charset", head, "Content-Type: text/plain; charset=x-klingon\n\nhello\n");
  yield message(
    "Latin-1 labelled UTF-8",
    head,
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
    Buffer.from("ca\xf1a\n", "latin1"),
  );
  yield message("UTF-8 labelled US-ASCII", head, "Content-Type: text/plain; charset=us-ascii\n\nñandú\n");
  yield message(
    "raw Latin-1 in the header",
    Buffer.from(`From: Jos\xe9 <j@example.org>\nSubject: ca\xf1a\n\nx\n`, "latin1"),
  );
  yield message("raw UTF-8 in the header", "From: José <j@example.org>\nSubject: caña\n\nx\n");
  yield message("an invalid Content-Type", head, "Content-Type: text\n\nhello\n");
  yield message("an empty Content-Type", head, "Content-Type:\n\nhello\n");
  yield message("two Content-Types", head, "Content-Type: text/plain\nContent-Type: text/html\n\n<b>x</b>\n");
  yield message(
    "a folded Content-Type with comments",
    head,
    "Content-Type: text/plain (a comment);\n\tcharset\n =utf-8\n\nñ\n",
  );
  yield message("no header", "\njust text\n");
  yield message("no body", "Subject: x\n\n");
  yield message("no empty line", "Subject: x\n");
  yield message("a header with a line that is not a field", "Subject: x\nthis is no field\nTo: y\n\nbody\n");
  yield message("a part without header or empty line", mixed, "--b\nHello there, no header\n--b--\n");
  yield message("NUL in the text", head, "Content-Type: text/plain\n\na\0b\n");
  yield message("controls in the text", head, "Content-Type: text/plain\n\n\x1b]0;title\x07\x1b[2J\x9b31m\n");
  yield message("a line of a megabyte", head, "Content-Type: text/plain\n\n", "x".repeat(1 << 20));
  yield message(
    "a message in base64",
    mixed,
    "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
    base64(Buffer.from("Subject: in\n\nhola\n")),
    "\n--b--\n",
  );
  yield message("an empty message", mixed, "--b\nContent-Type: message/rfc822\n\n--b--\n");
  yield message(
    "an attachment without a name",
    mixed,
    "--b\nContent-Disposition: attachment\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n",
    base64(image),
    "\n--b--\n",
  );
  yield message(
    "a file name in sections",
    mixed,
    "--b\nContent-Disposition: attachment; filename*0*=utf-8''%E4%BD%A0; filename*1*=%E5%A5%BD; filename*2=.txt\n\nx\n--b--\n",
  );
  yield message(
    "a file name with a path",
    mixed,
    '--b\nContent-Disposition: attachment; filename="..\\\\..\\\\a/../b.sh"\n\nx\n--b--\n',
  );
  yield message("HTML without closing tags", head, "Content-Type: text/html\n\n<html><body><table><tr><td><b>x");
  yield message(
    "HTML with a charset of its own",
    head,
    "Content-Type: text/html\n\n",
    Buffer.from('<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><p>caf\xe9', "latin1"),
  );
  yield message(
    "deeply nested parts",
    head,
    Array.from({ length: 25 }, (_, at) => `Content-Type: multipart/mixed; boundary=n${at}\n\n--n${at}\n`).join(""),
    "\ndeep\n",
  );
  yield message(
    "S/MIME, signed",
    head,
    'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\nContent-Transfer-Encoding: base64\n\nMIAG\n',
  );
  yield message(
    "S/MIME, detached",
    head,
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\n\n--b\n\nsigned text\n--b\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIAG\n--b--\n',
  );
  yield message(
    "encrypted",
    head,
    'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\nx\n--b--\n',
  );
  yield message(
    "encrypted inline",
    head,
    "Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n",
  );
  yield message(
    "uuencoded",
    head,
    "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a.txt\n#86)C\n`\nend\n",
  );
}

/** Messages of the kinds that were misread in public corpora. */
function* misread(): Iterable<Sample> {
  const html = "Content-Type: text/html\n\n";
  const latin1 = (written: string) => Buffer.from(written, "latin1");
  yield message("HTML followed by a footer", envelope("x"), html, "<html><body>one</body></html>\n<p>the footer");
  yield message("HTML preceded by a banner", envelope("x"), html, "Careful! <html><body>one</body></html>");
  yield message(
    "two HTML documents",
    envelope("x"),
    html,
    "<html><body>one</body></html><html><body>two</body></html>",
  );
  yield message(
    "ISO-2022-JP with redundant escapes",
    envelope("=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?="),
    "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b(B\x1b$BF|\x1b$BK\\\x1b(B\x1b(J\n",
  );
  yield message(
    "HZ with redundant escapes",
    envelope("x"),
    "Content-Type: text/plain; charset=hz-gb-2312\n\n~{~{Dc~}~{:C~}~}\n",
  );
  yield message(
    "ISO-2022-KR with redundant escapes",
    envelope("x"),
    "Content-Type: text/plain; charset=iso-2022-kr\n\n\x1b$)C\n\x1b$)C\x0e\x0e>H3g\x0f\x0f\n",
  );
  yield message("a blank before each colon", "From : a@b\nSubject\t: x\nContent-Type : text/html\n\n<b>x</b>\n");
  yield message("an address without angle brackets", envelope("x", "Big Bug bb@bug.com"), "\nx\n");
  yield message(
    "an address with comments",
    envelope("x", "Pete(A \\) c) <pete(his account)@silly.test(his host)>"),
    "\nx\n",
  );
  yield message(
    "an empty last alternative",
    envelope("x"),
    "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<b>x</b>\n",
    "--b\nContent-Type: text/plain\n\n\n--b--\n",
  );
  yield message(
    "a signed message with a list's footer",
    envelope("x"),
    'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\n\n',
    "--b\n\nsigned\n--b\nContent-Type: application/pgp-signature\n\nx\n--b\n\nfooter\n--b--\n",
  );
  yield message(
    "nested multiparts with one boundary",
    envelope("x"),
    "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=b\n\n",
    "--b\n\nplain\n--b\nContent-Type: text/html\n\n<b>x</b>\n--b--\n",
    "--b\nContent-Type: application/pdf; name=a.pdf\n\n12345\n--b--\n",
  );
  yield message(
    "an attached message that begins with a quoted From_ line",
    envelope("x"),
    "Content-Type: message/rfc822\n\n>From a@b Wed Feb  1 19:06:09 2006\nFrom: a@b\nSubject: y\n\ninner\n",
  );
  yield message(
    "an 8-bit subject in the body's charset",
    latin1("From: a@b\nSubject: \xf0\xd2\xc9\nContent-Type: text/plain; charset=koi8-r\n\nx\n"),
  );
  yield message("an 8-bit subject that partly looks like UTF-8", latin1("From: a@b\nSubject: \xc3\xa9 \xe9\n\nx\n"));
  yield message("an encoded word in UTF-7", envelope("=?utf-7?Q?caf+AOk-?="), "\nx\n");
  yield message("an encoded word in an unknown charset", envelope("=?x-klingon?Q?Qapla'?="), "\nx\n");
  yield message("an encoded word with a line ending", envelope("=?utf-8?Q?a=0D=0Ab?="), "\nx\n");
  yield message(
    "a delivery report of prose",
    envelope("x"),
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n",
    "\nThe following addresses were unknown (please check them)\n\n<ann@example.net>\n--b--\n",
  );
  yield message("an unquoted comma in a name", envelope("x", "Doe, Ann <ann@example.org>"), "\nx\n");
  yield message("a date in digits", "From: a@b\nDate: 1/29/2021 6:22:03 PM\nSubject: x\n\nx\n");
  yield message(
    "a boundary with other text after it",
    envelope("x"),
    'Content-Type: multipart/mixed; boundary="b" X-Mailer: x\n\n--b\n\ntext\n',
    "--b\nContent-Type: application/pdf; name=a.pdf\n\n12345\n--b--\n",
  );
  yield message("a charset without a semicolon", envelope("x"), "Content-Type: text/html charset=utf-8\n\n<b>x</b>\n");
  yield message(
    "base64 with a list's footer",
    envelope("x"),
    "Content-Transfer-Encoding: base64\n\nYWJj\n--\nTo leave this list: write to the list's owner\n",
  );
  yield message(
    "Korean syllables that EUC-KR lacks",
    envelope("=?ks_c_5601-1987?B?jGO55g==?="),
    "Content-Type: text/plain; charset=cp949\nContent-Transfer-Encoding: base64\n\njGO55g==\n",
  );
  yield message(
    "HTML beside the cells of a table",
    envelope("x"),
    "Content-Type: text/html\n\n<noframes><style></noframes><table><td>a<form><tr><td>b</form>c</table><style></style>\n",
  );
}

export function corpus(): Sample[] {
  const written = Object.entries(mailers).flatMap(([mailer, structure]) =>
    languages.map((language) =>
      message(
        `${mailer}, ${language.charset}`,
        envelope(word(language), `${word(language, "Q")} <ann@example.org>`),
        ...structure(language),
      ),
    ),
  );
  return [...singles(), ...written, ...reports(), ...invitations(), ...broken(), ...misread()];
}
