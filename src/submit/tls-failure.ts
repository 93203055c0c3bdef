/** Why TLS did not come about, in words that help: OpenSSL's own name its source files. */
import type { ServerWay } from "./way.ts";

interface TlsError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly originalCode?: string | undefined;
  /** What Node has of a certificate that is for others. */
  readonly cert?: { readonly subjectaltname?: string | undefined };
}

const opensslForm = /:SSL routines:[^:]*:([^:]+):/;

/** @returns undefined when it is no matter of TLS */
export function tlsFailure(error: TlsError, protocol: ServerWay["protocol"]): string | undefined {
  const reason = error.message.replace(/^Error initiating TLS - /, "");
  const [, ssl] = opensslForm.exec(reason) ?? [];
  if (ssl === "wrong version number") {
    return `no TLS there${protocol === "smtps" ? ": smtps:// wants it from the start, smtp:// does not" : ""}`;
  }
  if (ssl !== undefined) return `TLS failed: ${ssl}`;
  if (isCertificateFailure(error)) return `its certificate ${certificateFailure(error, reason)}`;
  return /before secure TLS connection was established/.test(reason)
    ? "TLS failed: the server has closed the connection"
    : undefined;
}

/** Of the server's own certificate, as Node names it: TLS itself works. */
export function isCertificateFailure({ code = "", originalCode = "", message }: TlsError): boolean {
  if (opensslForm.test(message)) return false;
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(`${code} ${originalCode}`) || /certificate|altnames/i.test(message);
}

function certificateFailure({ code = "", originalCode = "", cert }: TlsError, reason: string): string {
  const codes = `${code} ${originalCode}`;
  if (codes.includes("ALTNAME")) return `is for another name (${cert?.subjectaltname ?? "none"})`;
  if (codes.includes("EXPIRED")) return "has expired";
  if (codes.includes("NOT_YET_VALID")) return "is not valid yet";
  return `is not trusted (${reason}); -S cafile=FILE names one more authority`;
}
