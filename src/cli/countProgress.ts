// How far long work has come, on stderr: on a terminal one line that updates in place, elsewhere a line now and then.

/** Where progress is written. */
export interface CountStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface CountProgressOptions {
  /** What is counted, such as 'maps'. */
  readonly unit: string;
  readonly total: number;
  /** Default `process.stderr`. */
  readonly stream?: CountStream;
  /** Milliseconds from any fixed moment. Default `performance.now`. */
  readonly now?: () => number;
}

const terminalIntervalMs = 100;
const plainIntervalMs = 10_000;

export class CountProgress {
  readonly #unit: string;
  readonly #total: number;
  readonly #stream: CountStream;
  readonly #now: () => number;
  readonly #isTerminal: boolean;
  #shownAt: number;
  #isOpen = false;

  constructor({ unit, total, stream = process.stderr, now = () => performance.now() }: CountProgressOptions) {
    this.#unit = unit;
    this.#total = total;
    this.#stream = stream;
    this.#now = now;
    this.#isTerminal = stream.isTTY === true && process.env['TERM'] !== 'dumb';
    this.#shownAt = now(); // work that is done at once shows nothing
  }

  /** To be called as often as there is news. */
  update(done: number): void {
    const at = this.#now();
    if (at - this.#shownAt < (this.#isTerminal ? terminalIntervalMs : plainIntervalMs)) return;
    this.#shownAt = at;
    const line = `${done.toLocaleString('en')} of ${this.#total.toLocaleString('en')} ${this.#unit}`;
    this.#stream.write(this.#isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
    this.#isOpen = this.#isTerminal;
  }

  /** Takes the line away, so that results stand alone. */
  finish(): void {
    if (this.#isOpen) this.#stream.write('\r\x1b[K');
    this.#isOpen = false;
  }
}
