// `mpvg forward` run in the test's process.

import path from 'node:path';
import { expect } from 'vitest';
import { readSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { TensorMap } from '../../src/checkpoint/storedTensor.ts';
import type { CapturedCli } from './captureCli.ts';

export interface ForwardFiles {
  readonly config: string;
  readonly weights: readonly string[];
  readonly inputs: string;
}

/** What `mpvg forward`, which has to succeed, writes. @param cli of `captureCli('forward')` */
export async function forwardOutputs(
  cli: CapturedCli, { config, weights, inputs }: ForwardFiles, ...args: string[]
): Promise<TensorMap> {
  const out = path.join(cli.dir, 'out.safetensors');
  const files = [config, ...weights.flatMap((file) => ['--weights', file]), '--inputs', inputs, '--out', out];
  const code = await cli.run(...files, ...args);
  expect(code, cli.stderr).toBe(0);
  return readSafetensors(out);
}

/** The values of a tensor that has to be there. */
export function numbersOf(tensors: TensorMap, name: string): Float32Array {
  const data = tensors.get(name)?.data;
  if (!(data instanceof Float32Array)) throw new Error(`no ${name}`);
  return data;
}
