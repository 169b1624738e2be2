// log.jsonl: one JSON object a line, in the order of steps.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { explainWriteError } from '../files/writeError.ts';

/** One line of the log: what happened, after which step, and its numbers. */
export interface LogEvent {
  /** 'train', 'evaluate', … */
  readonly event: string;
  /** Optimizer steps done. */
  readonly step: number;
  readonly [field: string]: unknown;
}

/** A log that grows line by line; each line is with the operating system before `append` returns, so a kill loses none. */
export class RunLog {
  /** The file. */
  readonly path: string;
  #opened: number | undefined;

  /** The file is opened or created when something is done to it; what is there stays. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Adds a line. Numbers that JSON does not have are written as the strings "NaN", "Infinity" and "-Infinity".
   * @throws DataError when there is no space left
   */
  append(event: LogEvent): void {
    const line = Buffer.from(`${JSON.stringify(event, spellNonFinite)}\n`);
    try {
      let done = 0;
      while (done < line.length) done += writeSync(this.#file(), line, done);
    } catch (error) {
      throw explainWriteError(error, this.path, 'the lines before are intact');
    }
  }

  /** Brings all lines onto the disk; to be called before a checkpoint that a resumed run would continue from. */
  sync(): void {
    fsyncSync(this.#file());
  }

  /**
   * Cuts the log where a run that resumes after `step` will write again, so that no line appears twice: from the first line on
   * that a kill left incomplete, or of a later step, or of that step's evaluation unless the checkpoint knows it.
   */
  truncateAfter(step: number, { isEvaluated }: { readonly isEvaluated: boolean }): void {
    this.#file();
    truncateSync(this.path, lengthUpTo(readFileSync(this.path), (event) =>
      event.step > step || (event.step === step && event.event === 'evaluate' && !isEvaluated)));
  }

  /** Closes the file. */
  close(): void {
    if (this.#opened !== undefined) closeSync(this.#opened);
    this.#opened = undefined;
  }

  #file(): number {
    try {
      return (this.#opened ??= openSync(this.path, 'a'));
    } catch (error) {
      throw explainWriteError(error, this.path, 'the run was not started');
    }
  }
}

/** The lines of a log; an incomplete last line is left out. Empty when there is no file. */
export function readRunLog(path: string): LogEvent[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .map(parseEvent)
    .filter((event) => event !== undefined);
}

function lengthUpTo(bytes: Buffer, isEnd: (event: LogEvent) => boolean): number {
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    const event = parseEvent(bytes.toString('utf8', start, end));
    if (event === undefined || isEnd(event)) break;
    start = end + 1;
  }
  return start;
}

function parseEvent(line: string): LogEvent | undefined {
  try {
    const value = JSON.parse(line) as LogEvent;
    return typeof value.event === 'string' && typeof value.step === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

function spellNonFinite(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
