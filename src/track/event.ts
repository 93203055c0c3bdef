/** The common part of all events. An event is a line of a mail server's log that concerns one message. */
interface About {
  /** The message's queue ID; empty if the message was refused before it was queued. */
  readonly id: string;
  /** The time as in the log, accurate to the second. */
  readonly time: string;
}

/**
 * The result of one delivery attempt for one recipient. "refused" means that the server did not accept the message for the
 * recipient.
 */
export type Status = "sent" | "deferred" | "bounced" | "refused";

export interface Delivery extends About {
  readonly kind: "delivery";
  readonly recipient: string;
  /** The original recipient, if an alias or a similar rule has changed it. */
  readonly original: string | undefined;
  readonly status: Status;
  readonly relay: string | undefined;
  readonly delay: string | undefined;
  readonly dsn: string | undefined;
  /** The response of the server that accepted or refused the message. */
  readonly detail: string;
  /** The sender, if the line contains it. */
  readonly sender?: string;
  /**
   * The log's own identifier for this recipient of the message, if there is one. The identifier is the same in all
   * attempts.
   */
  readonly envelope?: string;
  /** The message's next queue ID, if it is queued again on this machine. */
  readonly next: string | undefined;
}

export type LogEvent =
  /** The client from which the message came; the first event of a message. */
  | (About & { readonly kind: "client"; readonly client: string; readonly session?: string })
  | (About & { readonly kind: "message-id"; readonly messageId: string })
  | (About & {
      readonly kind: "queue";
      readonly sender: string;
      readonly size: string | undefined;
      /** The expected number of recipients, if the log states it. */
      readonly recipients: number | undefined;
    })
  | Delivery
  | (About & {
      readonly kind: "note";
      readonly text: string;
      /** The senders and recipients that the line concerns. */
      readonly addresses?: readonly string[];
    })
  /** The message has left the queue. From now on, another message may have this ID. */
  | (About & { readonly kind: "removed" });

/** Returns the event for a refused recipient. @param relay the client that was refused */
export function makeRefusedDelivery(
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
