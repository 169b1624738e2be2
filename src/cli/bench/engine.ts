// `mpvg bench engine`: our training step of MPVG DeiT-Ti at 224 px with AdamW, replayed or from JavaScript, against the same
// model in eager PyTorch, in one run.

import { rmSync } from 'node:fs';
import { tensor, tensor1d } from '@tensorflow/tfjs-core';
import { createClassifier } from '../../backbones/createClassifier.ts';
import { joinPresets } from '../../backbones/position/join.ts';
import { selectBackend } from '../../backends/select.ts';
import { setPrecision } from '../../engine/precision.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import { BenchStep, exportWeights, type BenchSubject, type Steps } from './benchStep.ts';
import { comparePeaks, describeMemory, PEAK_STEPS, peakBytes, type MemoryResult } from './peakMemory.ts';
import { TorchProcess, type TorchOptions } from './torchProcess.ts';
import { describeTimes, takeTurns } from './turns.ts';

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
  /** In bf16: median over as many rounds of the step's time over that of ours in fp32. */
  readonly overFp32?: number;
}

export const standardCases: readonly EngineCase[] = [
  { batch: 1, precision: 'fp32', compile: true },
  { batch: 16, precision: 'fp32', compile: true },
  { batch: 32, precision: 'fp32', compile: true },
  { batch: 16, precision: 'fp32', compile: false },
  { batch: 16, precision: 'bf16', compile: true },
];

export async function benchEngine(options: EngineBenchOptions): Promise<{ steps: EngineResult[]; memory?: MemoryResult }> {
  await selectBackend({ threads: options.threads });
  const steps: EngineResult[] = [];
  for (const one of options.cases) {
    const result = await compare(one, options);
    steps.push(result);
    options.report(describe(result));
  }
  if (options.memoryBatch === 0) return { steps };
  const memory = await compareMemory(options.memoryBatch, options);
  options.report(describeMemory(memory));
  return { steps, memory };
}

async function compare(one: EngineCase, { rounds, threads, python }: EngineBenchOptions): Promise<EngineResult> {
  const ours = new OurSide(one);
  const weights = await exportWeights(ours.subject.model);
  const theirs = await TorchProcess.start(torchOptions(python, weights, { ...one, threads }));
  try {
    const { first: [a, b], ...times } = await takeTurns((n) => ours.step(n), (n) => torchSteps(theirs, n), rounds);
    const result = { ...one, ...times, lossDifference: Math.abs(a.loss - b.loss) / b.loss };
    if (one.precision === 'fp32') return result;
    const exact = new OurSide({ ...one, precision: 'fp32' });
    const { ratio: overFp32 } = await takeTurns((n) => ours.step(n), (n) => exact.step(n), rounds);
    exact.dispose();
    return { ...result, overFp32 };
  } finally {
    theirs.stop();
    ours.dispose();
    rmSync(weights, { recursive: true });
  }
}

/** Our training step in one precision, whichever another one beside it has. */
class OurSide {
  readonly subject: BenchSubject;
  readonly #step: BenchStep;
  readonly #precision: EngineCase['precision'];

  constructor({ batch, precision, compile }: EngineCase) {
    this.subject = deitSubject(batch);
    this.#step = new BenchStep(this.subject, compile);
    this.#precision = precision;
  }

  async step(count: number): Promise<Steps> {
    setPrecision(this.#precision);
    return await this.#step.step(count);
  }

  dispose(): void {
    this.#step.dispose();
  }
}

function deitSubject(batch: number): BenchSubject {
  const model = createClassifier({
    kind: 'deit', size: 'tiny', imagePx: 224, patchPx: 16, classes: 1000, join: joinPresets.mpvg, dropPath: 0,
  });
  model.initialise(0);
  const pixels = Float32Array.from({ length: batch * 224 * 224 * 3 }, (_, i) => (i % 1009) / 504 - 1);
  return {
    model,
    inputs: [
      tensor(pixels, [batch, 224, 224, 3]),
      tensor1d(Int32Array.from({ length: batch }, (_, i) => (i * 37) % 1000), 'int32'),
    ],
    loss: ([images, labels]) => ({ total: crossEntropy(model.forward(images!, { training: true }), labels!), parts: {} }),
    learningRate: 5e-4,
    weightDecay: 0.05,
  };
}

/** @param weights folder with weights.bin and weights.json */
function torchOptions(
  python: string | undefined, weights: string, { batch, threads, precision }: Omit<EngineCase, 'compile'> & { threads: number },
): TorchOptions {
  const args = ['--weights', weights, '--batch', `${batch}`, '--threads', `${threads}`, '--precision', precision];
  return { python, script: 'engine/torch_step.py', args };
}

async function torchSteps(torch: TorchProcess, count: number): Promise<Steps> {
  return await torch.ask(`step ${count}`) as Steps;
}

async function compareMemory(batch: number, { threads, python }: EngineBenchOptions): Promise<MemoryResult> {
  const { model, inputs } = deitSubject(1);
  const weights = await exportWeights(model);
  for (const one of [model, ...inputs]) one.dispose();
  try {
    const own = ['bench', 'engine', '--peak-of', `${batch}`, '--threads', `${threads}`];
    return await comparePeaks(batch, own, torchOptions(python, weights, { threads, batch, precision: 'fp32' }));
  } finally {
    rmSync(weights, { recursive: true });
  }
}

/** Peak of this process after three replayed steps; what the child process of the comparison runs. */
export async function peakOf(batch: number, threads: number): Promise<number> {
  await selectBackend({ threads });
  await new BenchStep(deitSubject(batch), true).step(PEAK_STEPS);
  return await peakBytes();
}

function describe({ batch, precision, compile, lossDifference, overFp32, ...times }: EngineResult): string {
  const how = `batch ${batch}, ${precision}, ${compile ? 'replayed' : 'from JavaScript'}`;
  const exact = overFp32 === undefined ? '' : `, ${overFp32.toFixed(3)} of our fp32`;
  return `${how}: ${describeTimes(times)}${exact} (losses differ by ${lossDifference.toExponential(1)})`;
}
