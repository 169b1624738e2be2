// Commands run in the test's process, with what they print kept.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/runProgram.ts';

export interface CapturedCli {
  /** A folder of the test's own. */
  readonly dir: string;
  stdout: string;
  stderr: string;
  /** Runs `mpvg <command> …`; DIR stands for the folder. @returns the exit code */
  run(...args: string[]): Promise<number>;
}

/** Keeps what each test of the file prints. @param command first words of each run */
export function captureCli(...command: string[]): CapturedCli {
  const cli = {
    dir: '',
    stdout: '',
    stderr: '',
    run: async (...args: string[]) => runProgram(createProgram(), [...command, ...args.map((arg) => arg.replace('DIR', cli.dir))]),
  };
  beforeEach(async () => {
    cli.dir = await mkdtemp(path.join(tmpdir(), 'mpvg-cli-'));
    cli.stdout = '';
    cli.stderr = '';
    vi.spyOn(console, 'log').mockImplementation((line) => { cli.stdout += `${String(line)}\n`; });
    vi.spyOn(console, 'error').mockImplementation((line) => { cli.stderr += `${String(line)}\n`; });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      cli.stderr += String(text);
      return true;
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
    await rm(cli.dir, { recursive: true });
  });
  return cli;
}
