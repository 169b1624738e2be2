// A backend without our kernels runs the same models on the composed operations.

import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createClassifier } from '../../src/backbones/createClassifier.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { runForward } from '../../src/parity/classifierStages.ts';
import { dropPathScale } from '../../src/ops/dropPath.ts';
import type * as fused from '../../src/ops/fused.ts';
import { readReference, relativeError, withPrefix } from '../reference.ts';

vi.mock('../../src/ops/fused.ts', async (original) => ({
  ...await original<typeof fused>(),
  fusedKernel: () => false,
  runFused: () => { throw new Error('a fused kernel was run'); },
  runFusedList: () => { throw new Error('a fused kernel was run'); },
}));

beforeAll(() => selectBackend());

describe('models on composed operations', () => {
  it.each([['deit_join_lape', 'lape', 2e-5], ['mpvg', 'mpvg', 1e-5]] as const)('%s matches the reference', async (file, join, tolerance) => {
    const tensors = await readReference(file);
    const model = createClassifier({
      kind: 'deit',
      size: { channels: 48, depth: 3, heads: 3, mlpRatio: 4 },
      imagePx: 32,
      patchPx: 8,
      classes: 10,
      join: joinPresets[join],
    });
    model.loadState(withPrefix(tensors, 'weight.'), { strict: false });
    const inputs = { x: tensors.get('input.x')!, y: Int32Array.from(tensors.get('input.y')!.data) };
    const outputs = await runForward(model, inputs, { grad: true });
    for (const [name, { data }] of tensors) {
      if (name.startsWith('output.') || name.startsWith('grad.')) {
        expect(relativeError(outputs.get(name)?.data ?? [], data), name).toBeLessThan(tolerance);
      }
    }
  });
});

it('stochastic depth draws without a kernel of ours', () => {
  const scale = [...dropPathScale(4000, 0.2, true)!.dataSync()];
  expect([...new Set(scale)].sort()).toEqual([0, 1.25]);
  expect(Math.abs(scale.filter((value) => value === 0).length / 4000 - 0.2)).toBeLessThan(0.03); // five deviations
});
