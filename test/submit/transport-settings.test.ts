/** Tests the conditions under which a login may be sent over an unencrypted connection. */
import { expect, test } from "@jest/globals";
import { Settings } from "../../src/config/settings.ts";
import { serverSettings } from "../../src/submit/transport-settings.ts";

test.each([
  [{}, undefined, false, "yes"],
  [{ starttls: "required" }, "required", false, "yes"],
  [{ starttls: "opportunistic" }, "opportunistic", false, "yes"],
  [{ starttls: "none" }, "none", true, "yes"],
  [{ smtpauth: "login" }, undefined, false, "yes"],
  [{ "smtp-auth": "login" }, "opportunistic", true, "warn"],
  [{ "smtp-auth": "login", "ssl-verify": "strict" }, "opportunistic", true, "yes"],
  [{ "smtp-auth": "login", "smtp-use-starttls": "" }, "required", false, "yes"],
  [{ "smtp-auth-ann@mx": "login" }, "opportunistic", true, "warn"],
  [{ "smtp-auth-bob@mx": "login" }, undefined, false, "yes"],
  [{ "smtp-auth": "none" }, undefined, false, "yes"],
  [{ "smtp-auth": "xoauth2" }, undefined, false, "yes"],
  [{ "smtp-auth": "oauthbearer" }, undefined, false, "yes"],
])(
  "with %j, STARTTLS is %s, an unencrypted login is allowed: %s, and certificates are checked: %s",
  (set, ...expected) => {
    const settings = new Settings({});
    for (const [name, value] of Object.entries(set)) settings.set(name, value);
    const identity = { home: "/home/ann", mailName: "client.example" };
    const { starttls, allowsClearLogin, certificateCheck } = serverSettings({ identity, settings }, ["ann@mx"]);
    expect([starttls, allowsClearLogin, certificateCheck]).toEqual(expected);
  },
);
