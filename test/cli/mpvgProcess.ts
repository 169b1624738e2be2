// Runs the `mpvg` command from the sources in a process of its own.

import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const jiti = path.join(root, 'node_modules/jiti/lib/jiti-cli.mjs');

export interface MpvgProcess {
  readonly child: ChildProcess;
  /** How it ended, with what it printed. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Starts `mpvg` with these arguments. */
export function startMpvg(args: readonly string[]): MpvgProcess {
  const child = spawn(process.execPath, [jiti, path.join(root, 'src/cli/main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs it to its end. */
export async function runMpvg(...args: string[]): ReturnType<typeof startMpvg>['ended'] {
  return startMpvg(args).ended;
}
