import { beforeAll, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { fusedKernel } from '../../src/ops/fused.ts';

beforeAll(() => selectBackend());

it('fusedKernel tells kernels that the backend has from those that it has not', () => {
  expect([fusedKernel('MpvgLayerNorm'), fusedKernel('MpvgNothing')]).toEqual([true, false]);
});
