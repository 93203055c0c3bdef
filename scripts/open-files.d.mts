/** Returns the targets of a process's descriptors: paths, and texts such as `socket:[12345]`. */
export function listOpenFiles(pid: number | string | undefined): string[];
