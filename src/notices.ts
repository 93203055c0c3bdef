/**
 * Prints notices from code that has no access to the session's terminal. Such a notice reports, for example, that
 * `mail` is waiting for a lock, or that a file is not trusted.
 */
type Listener = (text: string) => void;

let listener: Listener = () => {};

/** Sets the function that prints notices. Only a program's entry point knows where notices can be printed. */
export function showNotices(show: Listener): void {
  listener = show;
}

/** Prints one line, without the program's name and without a newline. */
export function notify(text: string): void {
  listener(text);
}
