/** Where each message starts and what its state is: ten bytes a message, in typed arrays that grow. */
export class MessageIndex {
  #starts = new Float64Array(256);
  #flags = new Uint16Array(256);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Offset of the last message found; -1 when there is none. */
  get lastStart(): number {
    return this.#count === 0 ? -1 : this.start(this.#count);
  }

  add(start: number, flags: number): void {
    if (this.#count === this.#starts.length) {
      const starts = new Float64Array(this.#count * 2);
      const states = new Uint16Array(this.#count * 2);
      starts.set(this.#starts);
      states.set(this.#flags);
      this.#starts = starts;
      this.#flags = states;
    }
    this.#starts[this.#count] = start;
    this.#flags[this.#count] = flags;
    this.#count++;
  }

  /** @param message from 1 to count */
  start(message: number): number {
    this.#check(message);
    return this.#starts[message - 1] as number;
  }

  flags(message: number): number {
    this.#check(message);
    return this.#flags[message - 1] as number;
  }

  setFlags(message: number, flags: number): void {
    this.#check(message);
    this.#flags[message - 1] = flags;
  }

  #check(message: number): void {
    if (!(message >= 1 && message <= this.#count)) throw new RangeError(`no message ${message}`);
  }
}
