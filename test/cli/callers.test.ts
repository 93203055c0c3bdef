/** Tests calls to mail or mailx from Debian packages, including packages written for other implementations. */
import { expect, test } from "@jest/globals";
import { sendMail } from "../compose/support/send.ts";

const utf8 = [
  "-a",
  "MIME-Version: 1.0",
  "-a",
  "Content-type: text/plain; charset=UTF-8",
  "-a",
  "Content-transfer-encoding: 8bit",
];

test.each([
  ["smartmontools", ["-s", "SMART error (Health) detected on host: h", "root", "ops@example.org"], {}],
  [
    "apticron",
    [...utf8, "-a", "From: root <root@example.org>", "-s", "3 Debian package update(s)", "root"],
    {
      From: "root <root@example.org>",
      "Content-Type": "text/plain; charset=UTF-8",
    },
  ],
  [
    "unattended-upgrades",
    ["-r", "root@example.org", "-s", "unattended-upgrades result for h: SUCCESS", "root"],
    {
      From: "root@example.org",
    },
  ],
  ["unattended-upgrades with S-nail", ["-S", "ttycharset=utf-8", "-r", "root@example.org", "-s", "result", "root"], {}],
  ["fail2ban", ["-E", "set escape", "-s", "[Fail2Ban] sshd: banned 192.0.2.1 from h", "root"], {}],
  ["fail2ban-whois-lines", ["-E", "set escape", "-s", "banned", "root", "ops@example.org"], {}],
  ["rkhunter", ["-s", "[rkhunter] h - Daily report", "root"], {}],
  [
    "needrestart",
    ["-a", "Auto-Submitted: auto-generated", "-a", "X-Mailer: needrestart", "-s", "needrestart: 2 hosts", "root"],
    {
      "Auto-Submitted": "auto-generated",
    },
  ],
  [
    "logcheck",
    ["-a", "Content-Type: text/plain; charset=UTF-8", "-s", "h 2026-11-24 22:00 System Events", "logcheck"],
    {},
  ],
  ["nagios", ["-s", "** PROBLEM Host Alert: h is DOWN **", "root@example.org"], {}],
  [
    "icinga2 with -a",
    ["-a", "From: Icinga 2 <icinga@example.org>", "-s", "[PROBLEM] h is DOWN!", "root@example.org"],
    {
      From: "Icinga 2 <icinga@example.org>",
    },
  ],
  ["icinga2 with -r", ["-r", "icinga@example.org", "-s", "[PROBLEM] h is DOWN!", "root@example.org"], {}],
  ["munin", ["-s", "Munin notification h", "root"], {}],
  ["cron-apt", ["-a", "Content-Type: text/plain; charset=utf-8", "-s", "CRON-APT completed on h", "root"], {}],
  ["aide", ["-s", "Daily AIDE report for h", "-a", "X-AIDE-Report: daily", "--", "root"], { "X-AIDE-Report": "daily" }],
  ["zfs-zed", ["-s", "ZFS scrub_finish event for tank on h", "root"], {}],
  ["chkrootkit", ["-s", "[chkrootkit] h", "-a", "Auto-Submitted: auto-generated", "root"], {}],
  [
    "logwatch and others: options after the recipient",
    ["root", "-s", "Logwatch for h", "-c", "ops@example.org"],
    { Cc: "ops@example.org" },
  ],
  [
    "exim4: the subject in the same argument as -s",
    ["-sh Daily e-mail activity report", "root", "ops@example.org"],
    {},
  ],
  ["ui-auto: no recipient after the last comma", ["-s[ui-auto] p-1 (sid) released.", "ops@example.org,"], {}],
  [
    "gpg-remailer: a body that is already a multipart",
    [
      "-s",
      "GPG encrypted",
      "-a",
      "Reply-To: ann@example.org",
      "-a",
      'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"',
      "root",
    ],
    {
      "Reply-To": "ann@example.org",
      "Content-Type": 'multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"',
    },
  ],
  [
    "aide with S-nail",
    ["-Ssmtp-auth=none", "-Sv15-compat", "-Sfrom=AIDE on h <root@example.org>", "-s", "AIDE report", "root"],
    { From: "AIDE on h <root@example.org>" },
  ],
  [
    "fail2ban complain with mailargs",
    ["-E", "set escape", "-s", "Abuse from 192.0.2.1", "-c", "ops@example.org", "root@example.org"],
    { Cc: "ops@example.org" },
  ],
  ["psad", ["-a", "X-psad: 1", "-s", "[psad-alert] DL5", "root", "ops@example.org"], { "X-psad": "1" }],
  ["amanda", ["-s", "DAILY AMANDA MAIL REPORT FOR November 25, 2026", "root", "ops@example.org"], {}],
  ["comma-separated recipients", ["-s", "s", "root,ops@example.org"], { To: /^root@\S+, ops@example\.org$/ }],
  [
    "-c and -b before --",
    ["-s", "s", "-c", "c@example.org", "-b", "b@example.org", "--", "root"],
    { Cc: "c@example.org" },
  ],
  ["an encoded subject", ["-s", "=?UTF-8?B?w7E=?=", "root"], { Subject: "=?UTF-8?B?w7E=?=" }],
])("%s", async (_caller, argv, fields: Record<string, string | RegExp>) => {
  const sent = await sendMail({ argv, stdin: "one ñ\n.\n~q\nlast\n" });
  expect({ exit: sent.exit, stderr: sent.stderr, dead: sent.dead }).toEqual({ exit: 0, stderr: "", dead: "" });
  const subject = argv.includes("-s") ? argv[argv.indexOf("-s") + 1]! : argv[0]!.replace(/^-s/, "");
  expect(sent.fields("Subject")).toEqual([subject]);
  expect(Buffer.from(sent.body, "latin1").toString()).toMatch(/^(one ñ|one =C3=B1)\n\.\n~q\nlast\n$/);
  const recipients = argv.filter(
    (word, at) =>
      /^(-c|-b)$/.test(argv[at - 1] ?? "") ||
      (/^(root|logcheck|ops@|root@)[^ ]*$/.test(word) && !/^-[ars]$/.test(argv[at - 1] ?? "")),
  );
  expect(sent.recipients.map((each) => each.replace(/^(root|logcheck)@(?!example).*/, "$1")).sort()).toEqual(
    recipients.flatMap((each) => each.split(",").filter((one) => one !== "")).sort(),
  );
  for (const name of ["From", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Date", "Message-ID"]) {
    expect([name, sent.fields(name).length]).toEqual([name, 1]);
  }
  for (const [name, value] of Object.entries(fields))
    expect(sent.fields(name)).toEqual([
      expect.stringMatching(
        value instanceof RegExp ? value : new RegExp(`^${value.replace(/[.*+?()[\]|\\^$]/g, "\\$&")}$`),
      ),
    ]);
});
