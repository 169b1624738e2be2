// `mpvg bench coco`: our COCO evaluation against pycocotools, faster-coco-eval, hotcoco, ultrafast-pycocotools and vernier on the
// same files. Each evaluation runs in a process of its own and is timed inside it, from reading the files to the last statistic;
// the tools take turns. Each uses as many cores as it does by itself: pycocotools and faster-coco-eval one, ours all.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cocoPython } from './cocoPython.ts';
import { mebibytes, median } from './numbers.ts';
import { writeProblem, type ProblemFiles, type ProblemSize } from './cocoProblem.ts';

export type CocoTool = 'mpvg' | 'hotcoco' | 'ultrafast-pycocotools' | 'vernier' | 'faster-coco-eval' | 'pycocotools';
export type CocoKind = 'bbox' | 'segm';

export const cocoTools: readonly CocoTool[] = ['mpvg', 'hotcoco', 'ultrafast-pycocotools', 'vernier', 'faster-coco-eval', 'pycocotools'];

export interface CocoBenchOptions {
  /** Turns that each tool takes. */
  readonly rounds: number;
  readonly tools: readonly CocoTool[];
  readonly size: ProblemSize;
  /** Told each result as it comes. */
  readonly report: (line: string) => void;
}

/** One evaluation. */
export interface CocoRun {
  readonly ms: number;
  /** Largest resident size of the process. */
  readonly peakBytes: number;
  readonly stats: readonly number[];
}

export interface CocoToolResult {
  readonly tool: CocoTool;
  readonly kind: CocoKind;
  /** Median. */
  readonly ms: number;
  /** Median over the rounds of this tool's time / ours. */
  readonly ratio: number;
  /** Largest over the rounds. */
  readonly peakBytes: number;
  /** Whether its twelve numbers are equal to ours, as doubles. */
  readonly isEqual: boolean;
}

export interface CocoScaling {
  readonly kind: CocoKind;
  /** Median over the rounds of the time with ten times the detections / without. */
  readonly ratio: number;
  readonly ms: number;
  readonly peakBytes: number;
}

const script = fileURLToPath(new URL('../../../bench/coco/evaluate.py', import.meta.url));
const kinds = ['bbox', 'segm'] as const;

/** @throws ConfigError when there is no Python with the other tools */
export async function benchCoco(
  { rounds, tools, size, report }: CocoBenchOptions,
): Promise<{ tools: CocoToolResult[]; scaling: CocoScaling[] }> {
  const python = tools.some((tool) => tool !== 'mpvg') ? await cocoPython() : '';
  const folder = mkdtempSync(join(tmpdir(), 'mpvg-bench-coco-'));
  try {
    report(`writing ${size.photos} photos, ${size.truths} objects, ${size.detections} and ${10 * size.detections} detections to ${folder}`);
    const files = await writeProblem(folder, size);
    const compared = [];
    for (const kind of kinds) {
      const rows = await compare({ kind, rounds, tools, files, python });
      rows.forEach((row) => report(describe(row)));
      compared.push(...rows);
    }
    const many = await writeProblem(mkdtempSync(join(folder, 'many-')), { ...size, detections: 10 * size.detections });
    const scaling = [];
    for (const kind of kinds) {
      const row = await scale(kind, rounds, files, many);
      report(`${kind}: ten times the detections ${row.ms.toFixed(0)} ms, ${row.ratio.toFixed(2)} times the time, peak ${mebibytes(row.peakBytes)} MiB`);
      scaling.push(row);
    }
    return { tools: compared, scaling };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Comparison {
  readonly kind: CocoKind;
  readonly rounds: number;
  readonly tools: readonly CocoTool[];
  readonly files: ProblemFiles;
  readonly python: string;
}

async function compare({ kind, rounds, tools, files, python }: Comparison): Promise<CocoToolResult[]> {
  const runs = new Map(tools.map((tool): [CocoTool, CocoRun[]] => [tool, []]));
  for (let round = 0; round < rounds; round++) {
    for (const tool of tools) runs.get(tool)!.push(await evaluate(tool, kind, files, python));
  }
  const ours = runs.get('mpvg') ?? [];
  return [...runs].map(([tool, own]) => ({
    tool,
    kind,
    ms: median(own.map(({ ms }) => ms)),
    ratio: median(own.map(({ ms }, round) => ms / (ours[round]?.ms ?? NaN))),
    peakBytes: Math.max(...own.map(({ peakBytes }) => peakBytes)),
    isEqual: own.every(({ stats }) => stats.every((value, i) => value === ours[0]?.stats[i])),
  }));
}

async function scale(kind: CocoKind, rounds: number, files: ProblemFiles, many: ProblemFiles): Promise<CocoScaling> {
  const pairs: [CocoRun, CocoRun][] = [];
  for (let round = 0; round < rounds; round++) pairs.push([await evaluate('mpvg', kind, files, ''), await evaluate('mpvg', kind, many, '')]);
  return {
    kind,
    ratio: median(pairs.map(([one, ten]) => ten.ms / one.ms)),
    ms: median(pairs.map(([, { ms }]) => ms)),
    peakBytes: Math.max(...pairs.map(([, { peakBytes }]) => peakBytes)),
  };
}

/** Lets a tool evaluate in a process of its own. */
async function evaluate(tool: CocoTool, kind: CocoKind, files: ProblemFiles, python: string): Promise<CocoRun> {
  const [program, ...args] = cocoEvaluation(tool, kind, files, python);
  const { stdout } = await promisify(execFile)(program!, args);
  return JSON.parse(stdout) as CocoRun;
}

/** The command that does so and prints a CocoRun. */
export function cocoEvaluation(tool: CocoTool, kind: CocoKind, files: ProblemFiles, python: string): string[] {
  const program = tool === 'mpvg' ? [process.execPath, process.argv[1]!, 'bench', 'coco', '--evaluate'] : [python, script, tool];
  return [...program, files.truth, files[kind], kind];
}

/** Our side, in the process that calls it. */
export async function evaluateHere(truthPath: string, resultsPath: string, iouType: CocoKind): Promise<CocoRun> {
  const { CocoDataset } = await import('../../data/coco/cocoDataset.ts');
  const { CocoEval } = await import('../../evaluation/coco/cocoEval.ts');
  await import('../../evaluation/coco/maskThreads.ts');
  const start = performance.now();
  const truth = await CocoDataset.open(truthPath);
  const { stats } = new CocoEval(truth, await truth.loadRes(resultsPath), { iouType }).summarize();
  const ms = performance.now() - start;
  return { ms, peakBytes: process.resourceUsage().maxRSS * 1024, stats };
}

function describe({ tool, kind, ms, ratio, peakBytes, isEqual }: CocoToolResult): string {
  const against = tool === 'mpvg' ? '' : `, ${ratio.toFixed(2)} times ours, numbers ${isEqual ? 'equal' : 'not equal'}`;
  return `${kind}: ${tool} ${ms.toFixed(0)} ms, peak ${mebibytes(peakBytes)} MiB${against}`;
}
