/**
 * Passes notices to standard error from code that has no terminal: for example, that it waits for a lock, or that a file is
 * not trusted.
 */
type Listener = (text: string) => void;

let listener: Listener = () => {};

/** Sets the function that prints notices. Only a program's entry point knows where they can be printed. */
export function showNotices(show: Listener): void {
  listener = show;
}

/** Prints one line, without the program's name and without a newline. */
export function notify(text: string): void {
  listener(text);
}
