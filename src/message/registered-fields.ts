/** The names of the mail and MIME fields in IANA's registry of message header fields (RFC 3864). */

const names = `
Accept-Language Also-Control Alternate-Recipient Approved Archive Archived-At ARC-Authentication-Results
ARC-Message-Signature ARC-Seal Article-Names Article-Updates Authentication-Results Auto-Submitted Autoforwarded
Autosubmitted Base Bcc Cc Cancel-Key Cancel-Lock Comments Content-Alternative Content-Base Content-Description
Content-Disposition Content-Duration Content-Features Content-ID Content-Identifier Content-Language Content-Location
Content-MD5 Content-Return Content-Transfer-Encoding Content-Translation-Type Content-Type Control Conversion
Conversion-With-Loss Date Date-Received DL-Expansion-History Deferred-Delivery Delivered-To Delivery-Date
Discarded-X400-IPMS-Extensions Discarded-X400-MTS-Extensions Disclose-Recipients Disposition-Notification-Options
Disposition-Notification-To Distribution DKIM-Signature Downgraded-Bcc Downgraded-Cc Downgraded-Final-Recipient
Downgraded-From Downgraded-In-Reply-To Downgraded-Message-Id Downgraded-Original-Recipient Downgraded-References
Downgraded-Reply-To Downgraded-Resent-Bcc Downgraded-Resent-Cc Downgraded-Resent-From Downgraded-Resent-Reply-To
Downgraded-Resent-Sender Downgraded-Resent-To Downgraded-Return-Path Downgraded-Sender Downgraded-To EDIINT-Features
Encoding Encrypted Errors-To Eesst-Version Expires Expiry-Date Followup-To Form-Sub From Generate-Delivery-Report HP-Outer
Importance In-Reply-To Incomplete-Copy Injection-Date Injection-Info Jabber-ID Keywords Language Latest-Delivery-Time
Lines List-Archive List-Help List-ID List-Owner List-Post List-Subscribe List-Unsubscribe List-Unsubscribe-Post
Message-Context Message-ID Message-Type MIME-Version MMHS-Acp127-Message-Identifier MMHS-Authorizing-Users
MMHS-Codress-Message-Indicator MMHS-Copy-Precedence MMHS-Exempted-Address MMHS-Extended-Authorisation-Info
MMHS-Handling-Instructions MMHS-Message-Instructions MMHS-Message-Type MMHS-Originator-PLAD MMHS-Originator-Reference
MMHS-Other-Recipients-Indicator-CC MMHS-Other-Recipients-Indicator-To MMHS-Primary-Precedence
MMHS-Subject-Indicator-Codes MT-Priority Newsgroups NNTP-Posting-Date NNTP-Posting-Host Obsoletes Organization
Original-Encoded-Information-Types Original-From Original-Message-ID Original-Recipient Original-Sender Original-Subject
Originator-Return-Address Path PICS-Label Posting-Version Prevent-NonDelivery-Report Priority Privicon Received
Received-SPF References Relay-Version Reply-By Reply-To Require-Recipient-Valid-Since Resent-Bcc Resent-Cc Resent-Date
Resent-From Resent-Message-ID Resent-Reply-To Resent-Sender Resent-To Return-Path See-Also Sender Sensitivity Sio-Label
Sio-Label-History Solicitation Subject Summary Supersedes TLS-Report-Domain TLS-Report-Submitter TLS-Required To User-Agent
VBR-Info Wrap-Recipients Xref
Mail-Followup-To Mail-Reply-To Precedence Return-Receipt-To
`;

// The last line contains common mail fields that are not registered.
let registered: ReadonlySet<string> | undefined;

/**
 * Returns whether a name is the registered name of a mail header field, or begins with `X-` or `List-`. Ignores case.
 */
export function isMailFieldName(name: string): boolean {
  registered ??= new Set(names.toLowerCase().trim().split(/\s+/));
  const lower = name.toLowerCase();
  return /^(?:x|list)-./.test(lower) || registered.has(lower);
}
