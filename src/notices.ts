/** Lines for standard error from code that has no terminal: that it waits for a lock, or that a file is not trusted. */
type Listener = (text: string) => void;

let listener: Listener = () => {};

/** Sets where notices go; only a program's entry point knows where they can be shown. */
export function showNotices(show: Listener): void {
  listener = show;
}

/** Prints one line, without the program's name and without a newline. */
export function notice(text: string): void {
  listener(text);
}
