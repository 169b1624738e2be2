// What a person sees of a run: on a terminal one line that updates in place, elsewhere a plain line now and then.

/** Where progress is written: `process.stderr`, or anything that takes text. */
export interface ProgressStream {
  /** Takes text. */
  write(text: string): unknown;
  /** Whether it is a terminal. Default false. */
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
}

/** How to show progress. */
export interface ProgressOptions {
  /** Optimizer steps of the whole run. */
  readonly totalSteps: number;
  /** Steps done before this process began, as of a resumed run. Default 0. */
  readonly doneSteps?: number;
  /** Default `process.stderr`, so that standard output stays for results. */
  readonly stream?: ProgressStream;
  /** Milliseconds from any fixed moment. Default `performance.now`. */
  readonly now?: () => number;
}

/** The state after one optimizer step. */
export interface ProgressUpdate {
  /** Optimizer steps done, this one included. */
  readonly step: number;
  /** Of this step. */
  readonly loss: number;
  /** Images that this step took, over all processes. */
  readonly images: number;
  /** Put first in the line, such as 'epoch 3/20'. */
  readonly label?: string;
}

interface Sample {
  readonly seconds: number;
  readonly images: number;
}

const terminalIntervalMs = 100;
const plainIntervalMs = 10_000;
const plainIntervalLaterMs = 60_000; // once a run has shown that it is long
const longRunMs = 600_000;
const rateWindowSeconds = 20;

/** A progress line: label, step, loss, images per second over the last 20 seconds, and the time left. */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #totalSteps: number;
  readonly #isTerminal: boolean;
  readonly #startedAt: number;
  #lastUpdateAt: number;
  #pausedAt: number | undefined;
  #shownAt = -Infinity;
  #line = '';
  // The first step compiles, so the time left is judged from the second on, evaluations included.
  #first: { step: number; at: number } | undefined;
  readonly #window: Sample[] = [];

  constructor({ totalSteps, doneSteps = 0, stream = process.stderr, now = () => performance.now() }: ProgressOptions) {
    this.#totalSteps = totalSteps;
    this.#stream = stream;
    this.#now = now;
    this.#isTerminal = stream.isTTY === true && process.env['TERM'] !== 'dumb';
    this.#startedAt = this.#lastUpdateAt = now();
    if (doneSteps > 0) this.message(`resuming after step ${doneSteps} of ${totalSteps}`);
  }

  /** To be called after each step; writes only as often as a reader can follow. */
  update(update: ProgressUpdate): void {
    const at = this.#now();
    if (this.#first === undefined) this.#first = { step: update.step, at };
    else this.#measure((at - this.#lastUpdateAt) / 1000, update.images);
    this.#lastUpdateAt = at;
    this.#line = this.#format(update, at);
    if (this.#isDue(at) || update.step >= this.#totalSteps) this.#show(at);
  }

  /** Leaves the time from here to the next `resume` out of the images per second: for an evaluation, a checkpoint. */
  pause(): void {
    this.#pausedAt = this.#now();
  }

  /** Ends a `pause`. */
  resume(): void {
    if (this.#pausedAt !== undefined) this.#lastUpdateAt += this.#now() - this.#pausedAt;
    this.#pausedAt = undefined;
  }

  /** Writes a line of its own; the progress line stays below it. */
  message(text: string): void {
    if (!this.#isTerminal) this.#stream.write(`${text}\n`);
    else this.#stream.write(`\r\x1b[K${text}\n${this.#fitted()}`);
  }

  /** Ends the progress line, so that what is printed next begins on a new one. */
  finish(): void {
    if (this.#isTerminal && this.#line !== '') this.#stream.write(`\r\x1b[K${this.#fitted()}\n`);
    this.#line = '';
  }

  #measure(seconds: number, images: number): void {
    this.#window.push({ seconds, images });
    const span = sum(this.#window, 'seconds');
    const oldest = this.#window[0];
    if (oldest !== undefined && span - oldest.seconds >= rateWindowSeconds) this.#window.shift();
  }

  #format({ step, loss, label }: ProgressUpdate, at: number): string {
    const parts = [`step ${step}/${this.#totalSteps}`, `loss ${Number.isFinite(loss) ? loss.toFixed(4) : loss}`];
    if (label !== undefined) parts.unshift(label);
    const seconds = sum(this.#window, 'seconds');
    if (seconds > 0) parts.push(`${formatRate(sum(this.#window, 'images') / seconds)} images/s`);
    if (this.#first && step > this.#first.step) {
      const secondsPerStep = (at - this.#first.at) / 1000 / (step - this.#first.step);
      parts.push(`ETA ${formatDuration(secondsPerStep * (this.#totalSteps - step))}`);
    }
    return parts.join('  ');
  }

  #isDue(at: number): boolean {
    if (this.#isTerminal) return at - this.#shownAt >= terminalIntervalMs;
    return at - this.#shownAt >= (at - this.#startedAt < longRunMs ? plainIntervalMs : plainIntervalLaterMs);
  }

  #show(at: number): void {
    this.#shownAt = at;
    this.#stream.write(this.#isTerminal ? `\r\x1b[K${this.#fitted()}` : `${this.#line}\n`);
  }

  // A line that wraps could not be overwritten.
  #fitted(): string {
    const { columns = 0 } = this.#stream;
    return this.#line.slice(0, (columns > 0 ? columns : 80) - 1); // a terminal without a size says 0
  }
}

/** Hours, minutes and seconds: '1:02:03', '2:03', '0:03'. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

function sum(samples: readonly Sample[], field: keyof Sample): number {
  return samples.reduce((total, sample) => total + sample[field], 0);
}

function formatRate(perSecond: number): string {
  return perSecond.toFixed(perSecond < 10 ? 2 : perSecond < 100 ? 1 : 0);
}
