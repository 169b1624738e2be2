// Step programs: a function of tensors whose shapes do not change is traced once and from then on run natively, with no
// JavaScript between its operators. See docs/architecture.md.

import { dispose, engine, getBackend, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { binding } from '../backends/torch/binding.ts';
import { TorchBackend } from '../backends/torch/backend.ts';
import { ConfigError } from '../errors.ts';

/** What a step computes from its inputs. It may change variables in place through the operations of src/ops. */
export type Step = (...inputs: Tensor[]) => Tensor[];

/** What a step is to be given: 'bytes' for what `imageTensor` makes. */
export interface StepInput {
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** 'bytes' are the whole numbers 0 to 255, kept as uint8. */
  readonly dtype: 'float32' | 'int32' | 'bytes';
}

interface Program {
  readonly id: number;
  readonly outputs: readonly { readonly dtype: Tensor['dtype'] }[];
}

/**
 * A step that is compiled for each combination of input shapes that it meets. Its results are bit-identical to the step's own.
 *
 * Everything that changes from run to run must come in through `inputs` or live in a tensor that is written between runs: a
 * number that JavaScript computes is a constant of the program. Random kernels draw again in every run.
 */
export class CompiledStep {
  readonly #step: Step;
  readonly #programs = new Map<string, Program>();

  constructor(step: Step) {
    this.#step = step;
  }

  /**
   * Runs the step on a native thread; tensors it changes must be left alone until it has settled.
   *
   * @returns the step's results; the caller disposes of them
   * @throws ConfigError when the step cannot be compiled: it reads values, or makes tensors from JavaScript's numbers
   */
  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { backend, program } = this.#prepare(inputs);
    const handles = await binding().runProgramAsync(program.id, inputs.map((input) => backend.handle(input)));
    return adopt(backend, program, handles);
  }

  /** The same on this thread. */
  runSync(inputs: readonly Tensor[]): Tensor[] {
    const { backend, program } = this.#prepare(inputs);
    const handles = binding().runProgram(program.id, inputs.map((input) => backend.handle(input)));
    return adopt(backend, program, handles);
  }

  /** The operators of the program for these inputs, one per line. */
  listing(inputs: readonly Tensor[]): string {
    return binding().describeProgram(this.#prepare(inputs).program.id).listing;
  }

  /**
   * The most bytes that tensors of a run take at a time, inputs and results included; what was there before (parameters) is
   * not, nor what operators need while they work. Nothing is computed, and the inputs need not exist.
   * @throws as `run` does
   */
  peakBytes(inputs: readonly StepInput[]): number {
    const placeholders = inputs.map(placeholder);
    try {
      return binding().describeProgram(this.#prepare(placeholders).program.id).peakBytes;
    } finally {
      dispose(placeholders);
    }
  }

  /** Frees the programs. */
  dispose(): void {
    for (const { id } of this.#programs.values()) binding().disposeProgram(id);
    this.#programs.clear();
  }

  #prepare(inputs: readonly Tensor[]): { backend: TorchBackend; program: Program } {
    const backend = torchBackend();
    const key = inputs.map((input) => `${input.dtype}[${input.shape.join()}]`).join();
    let program = this.#programs.get(key);
    if (program === undefined) {
      program = trace(backend, this.#step, inputs);
      this.#programs.set(key, program);
    }
    return { backend, program };
  }
}

function torchBackend(): TorchBackend {
  const backend = engine().backend;
  if (backend instanceof TorchBackend) return backend;
  throw new ConfigError(`compileStep: expected backend 'torch', got '${getBackend()}'; set compile: false in the config`);
}

function placeholder({ shape, dtype }: StepInput): Tensor {
  const backend = torchBackend();
  const handle = binding().placeholder(shape, dtype === 'bytes' ? 'uint8' : dtype);
  return engine().makeTensorFromTensorInfo(backend.adopt(handle, dtype === 'bytes' ? 'int32' : dtype, [...shape]));
}

function trace(backend: TorchBackend, step: Step, inputs: readonly Tensor[]): Program {
  const native = binding();
  native.beginTrace(inputs.map((input) => backend.handle(input)));
  backend.tracing = true;
  let id: number | undefined;
  const outputs: { dtype: Tensor['dtype'] }[] = [];
  try {
    tidy(() => {
      const results = step(...inputs);
      id = native.endTrace(results.map((result) => backend.handle(result)));
      for (const { dtype } of results) outputs.push({ dtype });
    });
  } catch (error) {
    if (id === undefined) native.endTrace(null);
    throw explain(error);
  } finally {
    backend.tracing = false;
  }
  return { id: id!, outputs };
}

/** Adds, to an error about reading values, the line of the step that did. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.includes('compiled step')) return error;
  const frames = (error.stack ?? '').split('\n').slice(1);
  const frame = frames.find((line) => !/node_modules|tfjs-core|backends\/torch|node:internal|native code/.test(line));
  return new ConfigError(`compileStep: ${error.message}${frame === undefined ? '' : ` (${frame.trim()})`}`);
}

function adopt(backend: TorchBackend, program: Program, handles: readonly number[]): Tensor[] {
  return handles.map((handle, i) => engine().makeTensorFromTensorInfo(backend.adopt(handle, program.outputs[i]!.dtype)));
}
