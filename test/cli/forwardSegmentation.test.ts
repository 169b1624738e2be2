import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { TensorMap } from '../../src/checkpoint/storedTensor.ts';
import { createProgram } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/runProgram.ts';
import { hasReference, referencePath, relativeError } from '../reference.ts';

const root = path.resolve(import.meta.dirname, '../..');
const haveReference = hasReference('mpvg forward of segmentation models against stored outputs');

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'mpvg-forward-segmentation-'));
afterAll(() => fs.rmSync(temporary, { recursive: true }));

/** The reference files' small model; the files of the adapter and of the heads agree in its width. */
function config(variant: 'detection' | 'segmentation'): string {
  const file = path.join(temporary, `${variant}.ts`);
  fs.writeFileSync(file, `
    import tiny from ${JSON.stringify(path.join(root, 'configs/ade20k/upernet_vit_adapter_tiny.ts'))};
    const { model } = tiny;
    const adapter = {
      ...model.adapter, variant: '${variant}', interactions: [[0, 0], [1, 1], [2, 2], [3, 3]], priorWidth: 16,
      windows: ${variant === 'detection' ? "[4, 3, 'global', 4]" : "'global'"},
    };
    export default { ...tiny, model: {
      ...model, classes: 12, size: { channels: 48, depth: 4, heads: 3, mlpRatio: 4 }, pretrainPx: 64, join: 'default', dropPath: 0, adapter,
      head: { ...model.head, channels: 32, dropout: 0 }, auxiliary: { ...model.auxiliary, channels: 16, dropout: 0 },
    } };
  `);
  return file;
}

async function run(variant: 'detection' | 'segmentation', files: readonly string[], ...args: string[]): Promise<TensorMap> {
  const paths = files.map(referencePath);
  const out = path.join(temporary, 'out.safetensors');
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const code = await runProgram(createProgram(), [
    'forward', config(variant), ...paths.flatMap((file) => ['--weights', file]), '--inputs', paths.at(-1)!, '--out', out, ...args,
  ]);
  expect(said.mock.calls).toEqual([]);
  said.mockRestore();
  expect(code).toBe(0);
  return readSafetensors(out);
}

function numbers(tensors: TensorMap, name: string): ArrayLike<number> {
  const data = tensors.get(name)?.data;
  if (!(data instanceof Float32Array)) throw new Error(`no ${name}`);
  return data;
}

describe.skipIf(!haveReference)('mpvg forward against the reference files', () => {
  // Tolerances: the reference's own README, outputs and gradients.
  it.each([
    ['detection', 'vit_adapter_det_eval', [], 21, 2e-5, NaN],
    ['segmentation', 'vit_adapter_seg_eval', [], 21, 1e-5, NaN],
    ['detection', 'vit_adapter_det_train', ['--train', '--grad'], 250, 2e-5, 5e-5],
    ['segmentation', 'vit_adapter_seg_train', ['--train', '--grad'], 150, 2e-5, 5e-5],
    ['segmentation', 'upernet', ['--grad'], 50, 1e-5, 5e-5],
  ] as const)('%s variant, %s: every stage, loss, gradient and statistic', async (variant, file, args, least, output, gradient) => {
    const ours = await run(variant, file === 'upernet' ? [file] : ['vit_adapter_weights', file], ...args);
    const theirs = await readSafetensors(referencePath(file));
    const compared = [...theirs.keys()].filter((name) => name.startsWith('output.') || name.startsWith('grad.'));
    expect(compared.length).toBeGreaterThanOrEqual(least);
    for (const name of compared) {
      const tolerance = name.startsWith('grad.') ? gradient : output;
      expect(ours.get(name)?.shape, name).toEqual(theirs.get(name)?.shape);
      expect(relativeError(numbers(ours, name), numbers(theirs, name)), name).toBeLessThan(tolerance);
    }
  });
});
