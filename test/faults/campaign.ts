/** Defines a campaign: many rounds, each with one fault, and a report of the broken guarantees. */
import { Lab, type Plan } from "./lab.ts";

/** The program under test and its first arguments. */
export type Client = readonly string[];

export interface Round {
  readonly title: string;
  /** Returns the broken guarantees; an empty array if there are none. */
  readonly play: () => Promise<string[]>;
}

export interface Campaign {
  readonly name: string;
  /** Describes the rounds in one line. */
  readonly does: string;
  readonly needs: readonly ("root" | "strace")[];
  readonly rounds: (client: Client) => Promise<Round[]>;
}

/** Runs a function with a new lab. */
export async function inLab<T>(
  client: Client,
  seed: string,
  play: (lab: Lab) => Promise<T>,
  options?: { messages?: number; rc?: string },
): Promise<T> {
  const lab = new Lab(client, seed, options);
  try {
    return await play(lab);
  } finally {
    lab.remove();
  }
}

/** Returns a round that runs a plan in a lab. The same plan always produces the same lab. */
export function roundOf(client: Client, { name }: Plan, title: string, play: (lab: Lab) => Promise<string[]>): Round {
  return { title: `${name}, ${title}`, play: () => inLab(client, name, play) };
}
