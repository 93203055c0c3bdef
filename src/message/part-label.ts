/** The label that the user chooses for a part of a message (RFC 2045, RFC 2183). */
export interface PartLabel {
  /** A media type, with or without parameters. */
  readonly type?: string;
  /** The charset of a text part, or INPUT#OUTPUT to convert the text; empty for the locale's charset. */
  readonly charset?: string;
  /** The parameter `filename` of Content-Disposition. */
  readonly fileName?: string;
  /** The parameter `name` of Content-Type. */
  readonly name?: string;
  /** base64, quoted-printable, 8bit or 7bit. */
  readonly encoding?: string;
}
