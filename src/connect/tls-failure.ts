/** Determines the reasons for TLS failures, because OpenSSL's own messages are not meant for users. */
import type { TlsReason } from "../reasons.ts";

const certificateReasons = [
  "certificate for another name",
  "certificate expired",
  "certificate not yet valid",
  "certificate not trusted",
] as const satisfies readonly TlsReason[];

/** Problems with a server's certificate. */
export type CertificateReason = (typeof certificateReasons)[number];

/** Returns whether a connection failed because of the server's certificate. */
export function isCertificateReason(reason: string): reason is CertificateReason {
  return certificateReasons.some((each) => each === reason);
}

interface TlsError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly originalCode?: string | undefined;
  /** The certificate, if the host name does not match it. */
  readonly cert?: { readonly subjectaltname?: string | undefined };
}

const opensslForm = /:SSL routines:[^:]*:([^:]+):/;

/** Returns the reason and its details; undefined if the error is not related to TLS. */
export function tlsFailure(error: TlsError): { readonly reason: TlsReason; readonly detail: string } | undefined {
  const [, ssl] = opensslForm.exec(error.message) ?? [];
  if (ssl === "wrong version number") return { reason: "no TLS on this port", detail: "" };
  if (ssl !== undefined) return { reason: "TLS failed", detail: ssl };
  if (isCertificateFailure(error)) return certificateFailure(error);
  return isClosedTooEarly(error) ? { reason: "TLS failed", detail: "the server has closed the connection" } : undefined;
}

/** Returns whether the server's certificate was rejected, according to Node's error codes and messages. */
function isCertificateFailure({ code = "", originalCode = "", message }: TlsError): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(`${code} ${originalCode}`) || /certificate|altnames/i.test(message);
}

/** Returns whether the server closed the connection during the handshake. Node has no code for this error. */
function isClosedTooEarly({ message }: TlsError): boolean {
  return /before secure TLS connection was established/.test(message);
}

function certificateFailure({ code = "", originalCode = "", cert, message }: TlsError) {
  const codes = `${code} ${originalCode}`;
  if (codes.includes("ALTNAME")) {
    return { reason: "certificate for another name", detail: cert?.subjectaltname ?? "none" } as const;
  }
  if (codes.includes("EXPIRED")) return { reason: "certificate expired", detail: "" } as const;
  if (codes.includes("NOT_YET_VALID")) return { reason: "certificate not yet valid", detail: "" } as const;
  return {
    reason: "certificate not trusted",
    // Node 24 and later add advice about Node's own options.
    detail: message.replace(/^Error initiating TLS - /, "").replace(/;.*$/s, ""),
  } as const;
}

/**
 * Returns the description of a TLS failure, including a rejected certificate.
 *
 * @param scheme the scheme of the server's URL, such as "smtps" or "imap"
 */
export function describeTlsFailure(
  { reason, detail }: { readonly reason: TlsReason; readonly detail: string },
  scheme: string,
): string {
  switch (reason) {
    case "STARTTLS refused":
    case "TLS timed out":
      return detail;
    case "no TLS on this port":
      return `the port does not use TLS${scheme.endsWith("s") ? `; use ${scheme.slice(0, -1)}:// instead of ${scheme}://` : ""}`;
    case "TLS failed":
      return `TLS failed: ${detail}`;
    case "certificate for another name":
      return `its certificate is for another name (${detail})`;
    case "certificate expired":
      return "its certificate has expired";
    case "certificate not yet valid":
      return "its certificate is not valid yet";
    case "certificate not trusted":
      return `its certificate is not trusted (${detail}); use -S cafile=FILE to trust another authority`;
  }
}
