// A backend without our kernels holds parameters too.

import { tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { zeros } from '../../src/nn/initialisers.ts';
import { Parameter } from '../../src/nn/parameter.ts';
import type * as fused from '../../src/ops/fused.ts';

vi.mock('../../src/ops/fused.ts', async (original) => ({ ...await original<typeof fused>(), fusedKernel: () => false }));

beforeAll(() => selectBackend());

it('a parameter takes the values of a tensor without a kernel of ours', () => {
  const parameter = new Parameter({ shape: [3], initialiser: zeros });
  parameter.set(new Float32Array(3));
  parameter.set(tensor([4, 5, 6]));
  expect([...parameter.value.dataSync()]).toEqual([4, 5, 6]);
  parameter.dispose();
});
