/** A campaign plays many rounds, each with one fault, and reports the promises that are broken. */
import { Lab, type Plan } from "./lab.ts";

/** The program under test and its first arguments. */
export type Client = readonly string[];

export interface Round {
  readonly title: string;
  /** Returns the broken promises; none if all is well. */
  readonly play: () => Promise<string[]>;
}

export interface Campaign {
  readonly name: string;
  /** What each round does, in a line. */
  readonly does: string;
  readonly needs: readonly ("root" | "strace")[];
  readonly rounds: (client: Client) => Promise<Round[]>;
}

/** Plays something in a laboratory of its own. */
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

/** Returns a round that plays a plan in a laboratory that is the same for the same plan. */
export function roundOf(client: Client, { name }: Plan, title: string, play: (lab: Lab) => Promise<string[]>): Round {
  return { title: `${name}, ${title}`, play: () => inLab(client, name, play) };
}
