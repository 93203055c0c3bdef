import { leaves, type Part } from "./part.ts";

/** The parts that a message carries as files: those with a name, and those that it says are attached. */
export function attachedParts(root: Part): Part[] {
  return leaves(root).filter(({ name, disposition }) => name !== undefined || disposition === "attachment");
}
