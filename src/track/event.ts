/** One line of a mail server's log, as far as it tells something of one message. */
interface About {
  /** The message's id in the server's queue; empty for what was refused before it had one. */
  readonly id: string;
  /** As the log has it, to the second. */
  readonly time: string;
}

/** What became of one recipient in one try; "refused": the server did not take the message for it. */
export type Status = "sent" | "deferred" | "bounced" | "refused";

export interface Delivery extends About {
  readonly kind: "delivery";
  readonly recipient: string;
  /** As it was addressed, where an alias or the like made another of it. */
  readonly original: string | undefined;
  readonly status: Status;
  readonly relay: string | undefined;
  readonly delay: string | undefined;
  readonly dsn: string | undefined;
  /** The words of the server that took or refused it. */
  readonly detail: string;
  /** Whose message it was, where the line says so. */
  readonly sender?: string;
  /** What the log calls this recipient of this message from try to try, where it has a name for that. */
  readonly envelope?: string;
  /** The id under which the message goes on in a queue of this same machine. */
  readonly next: string | undefined;
}

export type LogEvent =
  /** Where it came from; the first that is heard of a message. */
  | (About & { readonly kind: "client"; readonly client: string; readonly session?: string })
  | (About & { readonly kind: "message-id"; readonly messageId: string })
  | (About & {
      readonly kind: "queue";
      readonly sender: string;
      readonly size: string | undefined;
      /** How many recipients there are to be, where the log says so. */
      readonly recipients: number | undefined;
    })
  | Delivery
  | (About & {
      readonly kind: "note";
      readonly text: string /** Whom it concerns. */;
      readonly addresses?: readonly string[];
    })
  /** It has left the queue: this id may be another message's from now on. */
  | (About & { readonly kind: "removed" });

/** @param relay the client that was refused */
export function refusedDelivery(
  about: About,
  {
    recipient,
    sender,
    relay,
    detail,
  }: Pick<Delivery, "recipient" | "relay" | "detail"> & { sender: string | undefined },
): Delivery {
  const unsaid = { original: undefined, delay: undefined, dsn: undefined, next: undefined };
  return {
    ...about,
    ...unsaid,
    ...(sender === undefined ? {} : { sender }),
    kind: "delivery",
    status: "refused",
    recipient,
    relay,
    detail,
  };
}
