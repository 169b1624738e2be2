// `mpvg bench engine`: our training step against the same model in eager PyTorch, in one run. The two take turns, so that a
// machine that speeds up or slows down does so for both, and the median of the turns' ratios is what counts.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { EngineStep, peakBytes, type Steps } from './engineStep.ts';
import { TorchProcess } from './torchProcess.ts';

export interface EngineBenchOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly python: string | undefined;
  readonly cases: readonly EngineCase[];
  /** Batch whose peak memory is compared; 0: none. */
  readonly memoryBatch: number;
  /** Told each result as it comes. */
  readonly report: (line: string) => void;
}

export interface EngineCase {
  readonly batch: number;
  readonly precision: 'fp32' | 'bf16';
  readonly compile: boolean;
}

export interface EngineResult extends EngineCase {
  /** Medians over all steps. */
  readonly oursMs: number;
  readonly torchMs: number;
  /** Median over the rounds of ours / PyTorch's. */
  readonly ratio: number;
  /** |our loss - PyTorch's| after as many steps from the same weights, relative. */
  readonly lossDifference: number;
}

export interface MemoryResult {
  readonly batch: number;
  readonly oursBytes: number;
  readonly torchBytes: number;
  readonly ratio: number;
}

export const standardCases: readonly EngineCase[] = [
  { batch: 1, precision: 'fp32', compile: true },
  { batch: 16, precision: 'fp32', compile: true },
  { batch: 32, precision: 'fp32', compile: true },
  { batch: 16, precision: 'fp32', compile: false },
  { batch: 16, precision: 'bf16', compile: true },
];

export async function benchEngine(options: EngineBenchOptions): Promise<{ steps: EngineResult[]; memory?: MemoryResult }> {
  const steps: EngineResult[] = [];
  for (const one of options.cases) {
    const result = await compare(one, options);
    steps.push(result);
    options.report(describe(result));
  }
  if (options.memoryBatch === 0) return { steps };
  const memory = await compareMemory(options.memoryBatch, options);
  options.report(`batch ${memory.batch}: peak memory ${mebibytes(memory.oursBytes)} MiB, PyTorch ${mebibytes(memory.torchBytes)} MiB, ratio ${memory.ratio.toFixed(3)}`);
  return { steps, memory };
}

async function compare(one: EngineCase, { rounds, threads, python }: EngineBenchOptions): Promise<EngineResult> {
  const ours = await EngineStep.create({ ...one, threads });
  const weights = await ours.exportWeights();
  const theirs = await startTorch(python, weights, { ...one, threads });
  try {
    const warmUp = 2;
    const [first, second] = [await ours.step(warmUp), await torchSteps(theirs, warmUp)];
    // A turn takes about half a second, at least one step.
    const count = Math.max(1, Math.round(500 / first.ms.at(-1)!));
    const turns = [];
    for (let round = 0; round < rounds; round++) turns.push([await ours.step(count), await torchSteps(theirs, count)] as const);
    return {
      ...one,
      oursMs: median(turns.flatMap(([{ ms }]) => ms)),
      torchMs: median(turns.flatMap(([, { ms }]) => ms)),
      ratio: median(turns.map(([a, b]) => median(a.ms) / median(b.ms))),
      lossDifference: Math.abs(first.loss - second.loss) / second.loss,
    };
  } finally {
    theirs.stop();
    ours.dispose();
    rmSync(weights, { recursive: true });
  }
}

/** @param weights folder with weights.bin and weights.json */
async function startTorch(
  python: string | undefined, weights: string, { batch, threads, precision }: Omit<EngineCase, 'compile'> & { threads: number },
): Promise<TorchProcess> {
  const args = ['--weights', weights, '--batch', `${batch}`, '--threads', `${threads}`, '--precision', precision];
  return await TorchProcess.start({ python, script: 'engine/torch_step.py', args });
}

async function torchSteps(torch: TorchProcess, count: number): Promise<Steps> {
  return await torch.ask(`step ${count}`) as Steps;
}

/** Each side in a process of its own, its first step included. */
async function compareMemory(batch: number, { threads, python }: EngineBenchOptions): Promise<MemoryResult> {
  const main = process.argv[1]!;
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'bench', 'engine', '--peak-of', `${batch}`, '--threads', `${threads}`]);
  const ours = await EngineStep.create({ batch: 1, precision: 'fp32', compile: true, threads });
  const weights = await ours.exportWeights();
  ours.dispose();
  const theirs = await startTorch(python, weights, { threads, batch, precision: 'fp32' });
  try {
    await torchSteps(theirs, 3);
    const { peakBytes: torchBytes } = await theirs.ask('peak') as { peakBytes: number };
    const oursBytes = Number(stdout);
    return { batch, oursBytes, torchBytes, ratio: oursBytes / torchBytes };
  } finally {
    theirs.stop();
    rmSync(weights, { recursive: true });
  }
}

/** Peak of this process after three replayed steps; what the child process of the comparison runs. */
export async function peakOf(batch: number, threads: number): Promise<number> {
  const ours = await EngineStep.create({ batch, precision: 'fp32', compile: true, threads });
  await ours.step(3);
  return await peakBytes();
}

function describe({ batch, precision, compile, oursMs, torchMs, ratio, lossDifference }: EngineResult): string {
  const how = `batch ${batch}, ${precision}, ${compile ? 'replayed' : 'from JavaScript'}`;
  return `${how}: ${oursMs.toFixed(1)} ms, PyTorch ${torchMs.toFixed(1)} ms, ratio ${ratio.toFixed(3)} (losses differ by ${lossDifference.toExponential(1)})`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
