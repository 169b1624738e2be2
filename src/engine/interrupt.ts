// Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP): the first signal asks the training loop to stop after its step and
// save; the second ends the process.

/** What asks a run to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What `Interrupt` needs of a process; `process` itself, unless a test plays it. */
export interface InterruptibleProcess {
  /** Begins to listen. */
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  /** Stops listening. */
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  /** Ends the process. */
  exit(code: number): void;
}

/** How to listen. */
export interface InterruptOptions {
  /** Called once, at the first signal; for a line that tells the user what happens now. */
  readonly onRequest?: (signal: StopSignal) => void;
  /** Default the process itself. */
  readonly host?: InterruptibleProcess;
  /** Milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

// npm and npx pass a Ctrl-C on to a child which the terminal has already told, so one press arrives twice.
const samePressMs = 500;
const exitCodes: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const signals = Object.keys(exitCodes) as StopSignal[];

/**
 * Listens for SIGINT, SIGTERM and SIGHUP from its creation until `dispose`. Signals are seen only when the event loop turns, so a
 * training loop must await something (`setImmediate` will do) between steps.
 */
export class Interrupt {
  readonly #host: InterruptibleProcess;
  readonly #now: () => number;
  readonly #onRequest: ((signal: StopSignal) => void) | undefined;
  #signal: StopSignal | undefined;
  #requestedAt = 0;

  constructor({ onRequest, host = process, now = () => performance.now() }: InterruptOptions = {}) {
    this.#host = host;
    this.#now = now;
    this.#onRequest = onRequest;
    for (const signal of signals) host.on(signal, this.#listen);
  }

  /** Whether the loop is to stop after this step and save. */
  get isRequested(): boolean {
    return this.#signal !== undefined;
  }

  /** What a process stopped by the signal exits with: 130, 143 or 129; 0 when there was none. */
  get exitCode(): number {
    return this.#signal === undefined ? 0 : exitCodes[this.#signal];
  }

  /** Ends the listening; signals end the process again. */
  dispose(): void {
    for (const signal of signals) this.#host.off(signal, this.#listen);
  }

  readonly #listen = (signal: StopSignal): void => {
    if (this.#signal === undefined) {
      this.#signal = signal;
      this.#requestedAt = this.#now();
      this.#onRequest?.(signal);
    } else if (this.#now() - this.#requestedAt >= samePressMs) {
      this.#host.exit(exitCodes[signal]);
    }
  };
}
