// `mpvg bench coco --processes`: what a user waits for, from the start of a command to its end. The tools take turns; those of
// Python run in bench/coco/evaluate.py, ours is `mpvg evaluate coco`.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cocoEvaluation, type CocoBenchOptions, type CocoKind, type CocoTool } from './coco.ts';
import { cocoPython } from './cocoPython.ts';
import { writeProblem } from './cocoProblem.ts';
import { median } from './numbers.ts';

export interface ProcessResult {
  readonly command: CocoTool | 'mpvg --help';
  readonly kind?: CocoKind;
  /** Median. */
  readonly ms: number;
  /** Median over the rounds of this command's time / ours; absent for ours. */
  readonly ratio?: number;
}

/** @throws ConfigError when there is no Python with the other tools */
export async function benchProcesses({ rounds, tools, size, report }: CocoBenchOptions): Promise<ProcessResult[]> {
  const python = tools.some((tool) => tool !== 'mpvg') ? await cocoPython() : '';
  const folder = mkdtempSync(join(tmpdir(), 'mpvg-bench-coco-'));
  try {
    const files = await writeProblem(folder, size);
    const [help] = await takeTurns([[...mpvg, '--help']], rounds);
    const results: ProcessResult[] = [{ command: 'mpvg --help', ms: median(help!) }];
    for (const kind of ['bbox', 'segm'] as const) {
      const others = tools.filter((tool) => tool !== 'mpvg');
      const ours = [...mpvg, 'evaluate', 'coco', '--gt', files.truth, '--dt', files[kind], '--iou', kind];
      const theirs = others.map((tool) => cocoEvaluation(tool, kind, files, python));
      const [first, ...times] = await takeTurns([ours, ...theirs], rounds);
      results.push({ command: 'mpvg', kind, ms: median(first!) });
      for (const [i, command] of others.entries()) {
        results.push({ command, kind, ms: median(times[i]!), ratio: median(times[i]!.map((ms, round) => ms / first![round]!)) });
      }
    }
    results.forEach((result) => report(describe(result)));
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function describe({ command, kind, ms, ratio }: ProcessResult): string {
  const what = kind === undefined ? command : `${kind}: ${command}`;
  return `${what} ${ms.toFixed(0)} ms${ratio === undefined ? '' : `, ${ratio.toFixed(2)} times ours`}`;
}

const mpvg = [process.execPath, process.argv[1]!];

/** Milliseconds of each command in each round; a round before the first is not counted. */
async function takeTurns(commands: readonly (readonly string[])[], rounds: number): Promise<number[][]> {
  const times: number[][] = commands.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, command] of commands.entries()) {
      const ms = await wholeTime(command);
      if (round > 0) times[i]!.push(ms);
    }
  }
  return times;
}

async function wholeTime([program, ...args]: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => resolve(performance.now() - start));
  });
  const closed = new Promise<number | null>((resolve) => { child.on('close', resolve); });
  const ms = await ended;
  if (await closed !== 0) throw new Error(`${args.join(' ')} failed: ${said.trim()}`);
  return ms;
}
