import { afterEach, test } from "@jest/globals";
import { onTerminal, removeSandboxes } from "./support/on-terminal.ts";
import { mail } from "./support/sandbox.ts";

afterEach(removeSandboxes);

const log = `Jan 16 18:22:03 mail postfix/smtpd[7]: DE3232C16A: client=localhost[127.0.0.1]
Jan 16 18:22:03 mail postfix/qmgr[9]: DE3232C16A: from=<debian@dominio>, size=797, nrcpt=1 (queue active)
Jan 16 18:22:03 mail postfix/local[10]: DE3232C16A: to=<root@dominio>, relay=local, delay=0.03, delays=0.02/0/0/0.01, dsn=2.0.0, status=sent (delivered to mailbox)
Jan 16 18:22:03 mail postfix/qmgr[9]: DE3232C16A: removed
`;

test("track finds a message by queue id or address, shows the most recently sent message by default, and reports a message that is not found", async () => {
  await onTerminal({
    spool: [mail()],
    files: { "mail.log": log },
    mailrc: "set quiet maillog=mail.log\n",
  })`
    $ mail -N
    "{HOME}/spool": 1 message 1 new
    & track DE3232C16A
    DE3232C16A
      Jan 16 18:22:03  client      localhost[127.0.0.1]
      Jan 16 18:22:03  queue       from <debian@dominio>, 797 bytes, 1 recipient
      Jan 16 18:22:03  delivered   to <root@dominio>, relay=local, delay=0.03, dsn=2.0.0, status=sent (delivered to mailbox)
      Jan 16 18:22:03  removed
    root@dominio: delivered, delivered to mailbox
    & track root
    ...
    root@dominio: delivered, delivered to mailbox
    & track nobody@dominio
    mail: "nobody@dominio": not found in mail.log as a queue id, message-id or address
    & track
    mail: no message has been sent yet; specify a queue ID
    & track a b
    track takes no more than 1 arg(s)
    & x
  `;
});
