/**
 * A mailbox of 50 messages that `mail`, S-nail and mutt display. The mailbox contains threads of every shape, and names
 * and subjects in many scripts.
 */

/**
 * The columns are Message-ID, parent, sender, subject and Status. The value "-" means that a field is empty, except in
 * the subject column, where it stands for a reply to the parent.
 */
const rows = `
a1 -     Ann_Lee             Release_2.0_on_Friday?                              RO
a2 a1    Bob_Østergård       -                                                   RO
c1 -     Cron_Daemon         Cron_<root@host>_run-parts_--report_/etc/cron.daily RO
a3 a2    山田太郎            -                                                   RO
a4 a1    José_García_Márquez -                                                   RO
b1 -     Eve_Adams           Poll:_when_shall_we_meet?                           RO
b2 b1    Ann_Lee             -                                                   RO
b3 b1    Bob_Østergård       -                                                   RO
a5 a3    Ann_Lee             -                                                   RO
b4 b1    Ольга_Петрова       -                                                   RO
b5 b1    דוד_לוי             -                                                   RO
h1 -     דוד_לוי             שלום_לכולם,_הנה_התוכנית_של_השבוע                    RO
b6 b4    Eve_Adams           -                                                   RO
d1 -     Zoë_Zimmermann      Parser_crashes_on_empty_input                       RO
d2 d1    Max_Power           -                                                   RO
d3 d2    Zoë_Zimmermann      -                                                   RO
d4 d3    Max_Power           -                                                   RO
d5 d4    Zoë_Zimmermann      -                                                   RO
d6 d5    Max_Power           Fuzzing_the_parser_(was:_Parser_crashes)            RO
d7 d6    Zoë_Zimmermann      -                                                   RO
d8 d7    Max_Power           -                                                   RO
d9 d8    Zoë_Zimmermann      -                                                   RO
e1 d9    Max_Power           -                                                   RO
e2 e1    Zoë_Zimmermann      -                                                   RO
e3 e2    Max_Power           -                                                   RO
e4 d2    中村_花子           -                                                   RO
f1 -     अनिता_शर्मा             नमस्ते:_बैठक_का_समय                                    RO
f2 f1    สมชาย_ใจดี            -                                                   RO
g2 g1    محمد_علي            Re:_اجتماع_الغد                                     RO
g3 g1    Ann_Lee             Re:_اجتماع_الغد                                     O
i1 -     Nguye\u0302\u0303n_Va\u0306n_A    Ca\u0301fe\u0301_na\u0308chste_Woche                    O
i2 i1    Ann_Lee             -                                                   O
a6 a4    Bob_Østergård       Release_notes_(was:_Release_2.0_on_Friday?)         O
a7 a6    José_García_Márquez -                                                   O
a8 a6    Ann_Lee             -                                                   O
j1 -     "Roe,_Jane"         [SECURITY]_A_long_announcement_whose_subject_has_no_room_in_any_list O
k1 -     -                   no_name,_only_an_address                            O
k2 k1    Ann_Lee             -                                                   O
b7 b2    Bob_Østergård       -                                                   O
l1 -     🎉_Party_Team_🎂    🎉_Party_🍕_tonight_👩‍💻_at_our_place                 O
l2 l1    한지민              -                                                   O
l3 l1    Ann_Lee             Re:_Re:_AW:_🎉_Party_🍕_tonight_👩‍💻_at_our_place     O
m1 -     Ann_Lee             lunch                                               -
n1 -     ann@bank.example    your_account                                        -
b8 b1    محمد_علي            Results:_Thursday_at_ten                            -
b9 b8    Ann_Lee             -                                                   -
a9 a1    Zoë_Zimmermann      -                                                   -
o1 -     Cron_Daemon         Cron_<root@host>_run-parts_--report_/etc/cron.daily -
d0 d1    Eve_Adams           -                                                   -
p1 -     Eve_Adams           (no_more_news)                                      -
`;

const encode = (text) =>
  /^[ -~]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text.replace(/^Re: /, "")).toString("base64")}?=`;

/** Returns an address built from the Latin letters of a name or, if the name has none, from the message's ID. */
function addressOf(name, id) {
  const latin = name
    .normalize("NFD")
    .toLowerCase()
    .match(/[a-z]{2,}/g);
  return `${latin === null ? `user-${id}` : latin.slice(0, 2).join(".")}@example.org`;
}

/** Returns the mailbox. The messages are four hours apart. */
export function discussionMailbox() {
  const subjects = new Map();
  return rows
    .trim()
    .split("\n")
    .map((row, index) => {
      const words = JSON.parse(`"${row.replaceAll('"', '\\"')}"`).split(/ +/);
      const [id, parent, name, subject, status] = words.map((word) => (word === "-" ? "" : word.replaceAll("_", " ")));
      const text = subject === "" ? `Re: ${subjects.get(parent).replace(/^Re: /, "")}` : subject;
      subjects.set(id, text);
      const date = new Date(Date.UTC(2021, 0, 4, 9 + index * 4));
      const [day, month, number, year, time] = date
        .toUTCString()
        .replace(/^(...), (..) (...)/, "$1 $3 $2")
        .split(" ");
      const address = addressOf(name, id);
      const from =
        name === "" ? address : `${encode(name.replaceAll('"', "")).replace(/^.*,.*$/, '"$&"')} <${address}>`;
      const re = /^Re: /.test(text) && /[^ -~]/.test(text) ? "Re: " : "";
      return (
        `From ${address} ${day} ${month} ${number.padStart(2)} ${time} ${year}\nFrom: ${from}\nTo: root@host.example\n` +
        `Subject: ${re}${encode(text)}\nDate: ${date.toUTCString().replace("GMT", "+0000")}\nMessage-ID: <${id}@example.org>\n` +
        (parent === "" ? "" : `In-Reply-To: <${parent}@example.org>\nReferences: <${parent}@example.org>\n`) +
        `${status === "" ? "" : `Status: ${status}\n`}\nA line of text.\n\n`
      );
    })
    .join("");
}
