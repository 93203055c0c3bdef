/** Tests the variables of heirloom mailx, S-nail and GNU mail that are synonyms of `mail`'s variables. */
import { expect, test } from "@jest/globals";
import { describeForeign } from "../../src/config/foreign-variables.ts";
import { Settings } from "../../src/config/settings.ts";
import { type VariableName, variableOf } from "../../src/config/variables.ts";

function settingsOf(words: readonly string[], environment: Record<string, string> = {}): Settings {
  const settings = new Settings(environment);
  for (const word of words) {
    const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(word) ?? [];
    settings.set(name, value);
  }
  return settings;
}

test.each<[string, VariableName, string | undefined]>([
  ["smtp=mail.example.org", "mta", "smtp://mail.example.org"],
  ["smtp=mail.example.org:587", "mta", "smtp://mail.example.org:587"],
  ["smtp=localhost:2525", "mta", "smtp://localhost:2525"],
  ["smtp=smtps://mail.example.org", "mta", "smtps://mail.example.org"],
  ["smtp=", "mta", undefined],
  ["smtp-use-starttls", "starttls", "required"],
  ["smtp-auth=LOGIN", "smtpauth", "login"],
  ["smtp-auth=none", "smtpauth", "none"],
  ["smtp-auth-user=ann", "user", "ann"],
  ["smtp-auth-password=a b", "password", "a b"],
  ["ssl-verify=ignore", "certcheck", "no"],
  ["tls-verify=warn", "certcheck", "warn"],
  ["tls-verify=ask", "certcheck", "ask"],
  ["ssl-verify=strict", "certcheck", "yes"],
  ["ssl-ca-file=/ca.pem", "cafile", "/ca.pem"],
  ["tls-ca-dir=/ca", "cadir", "/ca"],
  ["ssl-cert=/me.pem", "clientcert", "/me.pem"],
  ["ssl-key=/me.key", "clientkey", "/me.key"],
  ["ssl-no-default-ca", "systemca", "no"],
  ["ssl-protocol=-ALL,+TLSv1.2", "tlsminversion", "1.2"],
  ["ssl-protocol=ALL,-SSLv3", "tlsminversion", "1.2"],
  ["ssl-protocol=TLSv1", "tlsminversion", "1.2"],
  ["ssl-protocol=-ALL,+TLSv1.3", "tlsminversion", "1.3"],
  ["replyto=ann@example.org", "reply-to", "ann@example.org"],
  ["mime-encoding=base64", "encoding", "base64"],
  ["inbox=/srv/mail", "MAIL", "/srv/mail"],
  ["skipemptybody", "skipempty", ""],
])("%s means %s=%s", (word, name, value) => {
  expect(settingsOf([word]).text(name)).toBe(value);
});

test.each([
  ["smtp-auth=gssapi", "smtpauth", 'smtp-auth: "gssapi" is not supported; nothing was sent; use none, login, '],
  ["ssl-verify=maybe", "certcheck", 'ssl-verify: "maybe" is not supported; nothing was sent; use ignore, '],
] as const)("the value in %s is refused", (word, name, message) => {
  expect(() => settingsOf([word]).text(name)).toThrow(message);
});

test.each([
  ["smtp-sign", "1", undefined],
  ["v15-compat", "", undefined],
  ["nss-config-dir", "/root/.certs", undefined],
  ["sendcharsets", "iso-8859-1,utf-8", undefined],
  ["sendcharsets", "iso-8859-1", "add utf-8 to the list"],
  ["smime-sign", "", "gpgsm"],
  ["smime-encrypt-ann@example.org", "x.pem", "gpgsm"],
  [".mailer.url", "smtp://mail.example.org", "mta"],
  ["tls-config-pairs", "MinProtocol=TLSv1.3", "tlsminversion"],
  ["mta-arguments", "-t", "add the arguments to mta"],
])(
  "another client's variable %s=%s is honoured, has no effect, or is refused with a suggested remedy",
  (name, value, remedy) => {
    const found = describeForeign(name, value);
    if (remedy === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(remedy);
  },
);

test("if a variable is set under several of its names, the last assignment takes effect, even if the environment sets the variable", () => {
  const settings = settingsOf(["smtp=a", "mta=smtp://b", "ssl-verify=ignore"], { smtp: "c", "tls-verify": "warn" });
  expect(settings.text("mta")).toBe("smtp://b");
  settings.set("smtp", "d");
  expect(settings.text("mta")).toBe("smtp://d");
  expect(settings.text("certcheck")).toBe("no");
  settings.unset("mta");
  expect(settings.text("mta")).toBe("smtp://c");
  settings.unset("ssl-verify");
  expect(settings.text("certcheck")).toBe("warn");
});

test("a variable for an account takes precedence over the variable for the host and over the general variable", () => {
  const settings = settingsOf(["password=general", "password-mx=host", "smtp-auth-password-ann@mx=account"], {
    "user-mx": "ann",
  });
  const password = (...accounts: string[]) => settings.find("password", accounts)?.value;
  expect([password("ann@mx", "mx"), password("bob@mx", "mx"), password("other")]).toEqual([
    "account",
    "host",
    "general",
  ]);
  expect(settings.find("user", ["mx"])?.value).toBe("ann");
});

test("user and password are not read from the environment, where other programs use these names", () => {
  const settings = settingsOf([], { user: "ann", password: "x", "smtp-auth-password": "y" });
  expect([settings.text("user"), settings.find("password")?.name]).toEqual([undefined, "smtp-auth-password"]);
});

test.each([
  ["smtp-auth-password-ann@mx", "password"],
  ["smtp-auth-ann@mx", "smtpauth"],
  ["password-ann@mx", "password"],
  ["passwordcommand", "passwordcommand"],
  ["user-mx", "user"],
  ["user-", "user"],
  ["userx", undefined],
  ["toString", undefined],
])("the name %s sets %s", (name, own) => expect(variableOf(name)).toBe(own));

test.each([
  ["", true],
  ["all", true],
  ["restrict", false],
  ["fail,-all,+addr", false],
  ["fail,-all,+addr,+file", true],
])("expandaddr=%j accepts files and commands: %s", (value, isAccepted) => {
  expect(settingsOf([`expandaddr=${value}`]).get("expandaddr")).toBe(isAccepted);
});

test("unsupported variables of other clients are listed; environment variables are listed only if their names contain a hyphen", () => {
  const settings = settingsOf(["smime-sign", "v15-compat"], { customhdr: "x", "socks-proxy": "h:1" });
  expect(settings.unsupported().map((text) => text.split(":")[0])).toEqual(["smime-sign", "socks-proxy"]);
});

test.each(["valueOf", "toString", "constructor", "__proto__"])("a variable may be called %s", (name) => {
  const unset = settingsOf([]);
  expect([unset.text(name), unset.inherited(name), unset.unsupported()]).toEqual([undefined, undefined, []]);
  const set = settingsOf([`${name}=x`]);
  expect([set.text(name), set.unsupported()]).toEqual(["x", []]);
});
