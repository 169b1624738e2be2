// What becomes of a command whose standard output or error is closed: `mpvg … | head`, a terminal that is gone.

/** The streams of a process, or what a test plays for them. */
export interface StandardStreams {
  readonly stdout: { on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown };
  readonly stderr: { on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown; write(text: string): unknown };
  readonly exit: (code: number) => void;
}

/** Nobody reads on: the pipe's other end is closed, or the terminal is gone. */
const closedCodes = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'];

/**
 * Results that nobody reads end the command, quietly and with 0. What is told on standard error is lost without harm: a training
 * goes on to its end, since its results are on disk.
 */
export function tolerateClosedStreams({ stdout, stderr, exit }: StandardStreams): void {
  stderr.on('error', () => undefined);
  stdout.on('error', (error) => {
    if (closedCodes.includes(error.code ?? '')) { exit(0); return; }
    stderr.write(`mpvg: standard output cannot be written: ${error.message}\n`);
    exit(2);
  });
}
