// `mpvg forward` run in the test's process.

import { expect, vi } from 'vitest';
import { readSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { TensorMap } from '../../src/checkpoint/storedTensor.ts';
import { createProgram } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/runProgram.ts';

export interface ForwardFiles {
  readonly config: string;
  readonly weights: readonly string[];
  readonly inputs: string;
  /** Written. */
  readonly out: string;
}

/** What `mpvg forward`, which has to succeed, writes and what it says. */
export async function forwardOutputs({ config, weights, inputs, out }: ForwardFiles, ...args: string[]) {
  const console_ = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const files = [config, ...weights.flatMap((file) => ['--weights', file]), '--inputs', inputs, '--out', out];
  const code = await runProgram(createProgram(), ['forward', ...files, ...args]);
  const said = console_.mock.calls.map(String);
  console_.mockRestore();
  expect(code, said.join()).toBe(0);
  return { said, tensors: await readSafetensors(out) };
}

/** The values of a tensor that has to be there. */
export function numbersOf(tensors: TensorMap, name: string): Float32Array {
  const data = tensors.get(name)?.data;
  if (!(data instanceof Float32Array)) throw new Error(`no ${name}`);
  return data;
}
