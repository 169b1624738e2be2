// Single operations, forward and backward, against eager PyTorch in one run, in turns: `mpvg bench deform` and
// `mpvg bench convolution`. Ours run as step programs, as they do in training.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dispose, engine, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../backends/select.ts';
import { CompiledStep } from '../../ops/compileStep.ts';
import { median } from './numbers.ts';
import { noise, type OperationCase } from './operationCases.ts';
import { TorchProcess } from './torchProcess.ts';

export interface OperationBenchOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly python: string | undefined;
  /** Told each result as it comes. */
  readonly report: (line: string) => void;
}

export interface OperationResult {
  readonly title: string;
  /** Forward and backward; the fastest of all runs. */
  readonly oursMs: number;
  readonly torchMs: number;
  /** Median over the rounds of ours / PyTorch's. */
  readonly ratio: number;
  /** Largest difference of the result and the gradients, each over its largest magnitude. */
  readonly difference: number;
}

export async function benchOperations(
  cases: readonly OperationCase[], options: OperationBenchOptions,
): Promise<OperationResult[]> {
  await selectBackend({ threads: options.threads });
  const folder = mkdtempSync(join(tmpdir(), 'mpvg-bench-'));
  const torch = await TorchProcess.start({
    python: options.python, script: 'operations/torch_operations.py', args: ['--folder', folder, '--threads', `${options.threads}`],
  });
  try {
    const results = [];
    for (const one of cases) {
      const result = await compare(one, torch, folder, options.rounds);
      results.push(result);
      options.report(describe(result));
    }
    return results;
  } finally {
    torch.stop();
    rmSync(folder, { recursive: true });
  }
}

async function compare(one: OperationCase, torch: TorchProcess, folder: string, rounds: number): Promise<OperationResult> {
  const ours = new OurSide(one);
  try {
    ours.store(folder);
    await torch.ask('load');
    await torch.ask('store');
    const stored = readFileSync(join(folder, 'outputs.bin'));
    const difference = await ours.differenceFrom(new Float32Array(stored.buffer, stored.byteOffset, stored.byteLength / 4));
    const theirs = async (count: number) => (await torch.ask(`run ${count}`) as { ms: number[] }).ms;
    const first = await ours.run(1);
    // A turn takes about a quarter of a second, at least one run.
    const count = Math.max(1, Math.round(250 / first[0]!));
    await theirs(1);
    const turns = [];
    for (let round = 0; round < rounds; round++) turns.push([await ours.run(count), await theirs(count)] as const);
    return {
      title: one.title,
      oursMs: Math.min(...turns.flatMap(([ms]) => ms)),
      torchMs: Math.min(...turns.flatMap(([, ms]) => ms)),
      ratio: median(turns.map(([a, b]) => median(a) / median(b))),
      difference,
    };
  } finally {
    ours.dispose();
  }
}

/** A case with its tensors and its program. */
class OurSide {
  readonly #case: OperationCase;
  readonly #inputs: readonly Tensor[];
  readonly #dy: Tensor;
  readonly #step: CompiledStep;

  constructor(one: OperationCase) {
    this.#case = one;
    this.#inputs = one.inputs.map(({ shape, values = noise, dtype = 'float32' }) => {
      const count = shape.reduce((product, length) => product * length, 1);
      const data = dtype === 'int32' ? new Int32Array(count) : new Float32Array(count);
      for (let i = 0; i < count; i++) data[i] = values(i);
      return tensor(data, [...shape], dtype);
    });
    const y = one.run([...this.#inputs]);
    this.#dy = tensor(Float32Array.from({ length: y.size }, (_, i) => noise(i + 13)), y.shape);
    y.dispose();
    this.#step = new CompiledStep((...inputs) => {
      const dy = inputs.pop()!;
      const trained = inputs.filter((_, i) => one.inputs[i]!.gradient !== false);
      const { value, grads } = engine().gradients(() => one.run(inputs), trained, dy);
      return [value, ...grads];
    });
  }

  async run(count: number): Promise<number[]> {
    const ms = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      const results = await this.#step.run([...this.#inputs, this.#dy]);
      ms.push(performance.now() - start);
      dispose(results);
    }
    return ms;
  }

  /** Writes the case where the other side finds it. */
  store(folder: string): void {
    const { name, settings, inputs, imageResult } = this.#case;
    const described = this.#inputs.map(({ shape, dtype }, i) =>
      ({ shape, dtype, gradient: inputs[i]!.gradient ?? true, image: inputs[i]!.image ?? false }));
    const dy = { shape: this.#dy.shape, dtype: 'float32', image: imageResult };
    writeFileSync(join(folder, 'case.json'), JSON.stringify({ name, settings, inputs: described, dy }));
    const bytes = [...this.#inputs, this.#dy].map((one) => {
      const data = one.dataSync();
      return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    });
    writeFileSync(join(folder, 'inputs.bin'), Buffer.concat(bytes));
  }

  async differenceFrom(expected: Float32Array): Promise<number> {
    const results = await this.#step.run([...this.#inputs, this.#dy]);
    let start = 0, largest = 0;
    for (const result of results) {
      const values = await result.data<'float32'>();
      const stored = expected.subarray(start, start += values.length);
      let magnitude = 0, difference = 0;
      for (const [i, value] of stored.entries()) {
        magnitude = Math.max(magnitude, Math.abs(value));
        difference = Math.max(difference, Math.abs(value - values[i]!));
      }
      largest = Math.max(largest, difference / magnitude);
    }
    dispose(results);
    return largest;
  }

  dispose(): void {
    this.#step.dispose();
    dispose([...this.#inputs, this.#dy]);
  }
}

function describe({ title, oursMs, torchMs, ratio, difference }: OperationResult): string {
  const times = `${oursMs.toFixed(1)} ms, PyTorch ${torchMs.toFixed(1)} ms, ratio ${ratio.toFixed(2)} (${(1 / ratio).toFixed(1)} times as fast)`;
  return `${title}: ${times}; results differ by ${difference.toExponential(1)}`;
}
