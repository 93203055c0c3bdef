/** What the store has to say while it works, to be shown on standard error: that it waits, and for whom; once, what is missing. */
type Listener = (text: string) => void;

let listener: Listener = () => {};

/** Called by a program's edge, which alone knows where such a line can be shown. */
export function showNotices(show: Listener): void {
  listener = show;
}

export function notice(text: string): void {
  listener(text);
}
