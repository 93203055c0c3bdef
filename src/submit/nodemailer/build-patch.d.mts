import type { Plugin } from "esbuild";

export function patchConnection(text: string): string;
export const withoutRandomName: Plugin;
