import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { msDeformAttn, msDeformAttnComposed, type Level } from '../../src/ops/msDeformAttn.ts';
import { Rng } from '../../src/random/rng.ts';
import { readReference, relativeError } from '../reference.ts';
import { gradientErrors, outputAndGradients, randomTensor } from './gradientCheck.ts';

beforeAll(() => selectBackend());

const rng = new Rng(6);
const on = (run: typeof msDeformAttn, levels: readonly Level[]) => (...[value, locations, weights]: Tensor[]) =>
  run(value!, levels, locations!, weights!);
const single: Level[] = [{ height: 2, width: 2 }];
const several: Level[] = [{ height: 5, width: 4 }, { height: 3, width: 2 }, { height: 1, width: 1 }];

/** Locations in -0.3 … 1.3, away from where the gradient jumps: a quarter pixel off any middle, in either direction. */
function places(shape: readonly number[], levels: readonly Level[]): Tensor {
  const [points = 1] = shape.slice(-2);
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(Float32Array.from({ length: count }, (_, i) => {
    const { height, width } = levels[Math.floor(i / (2 * points)) % levels.length]!;
    const size = i % 2 === 0 ? width : height;
    const pixel = Math.floor(rng.uniform(-0.3, 1.3) * size);
    return (pixel + 0.5 + (rng.uniform(0, 1) < 0.5 ? 0.25 : 0.75) + rng.uniform(-0.1, 0.1)) / size;
  }), [...shape]);
}

const inputs = (levels: readonly Level[], { batch = 2, heads = 3, depth = 4, queries = 5, points = 2 } = {}) => {
  const pixels = levels.reduce((total, { height, width }) => total + height * width, 0);
  return [
    randomTensor(rng, [batch, pixels, heads, depth]),
    places([batch, queries, heads, levels.length, points, 2], levels),
    randomTensor(rng, [batch, queries, heads, levels.length, points]),
  ];
};

describe.each([['msDeformAttn', msDeformAttn], ['msDeformAttnComposed', msDeformAttnComposed]])('%s', (_name, run) => {
  const at = (x: number, y: number) => {
    const value = tensor([1, 10, 100, 1000], [1, 4, 1, 1]);
    return run(value, single, tensor([x, y], [1, 1, 1, 1, 1, 2]), tensor([2], [1, 1, 1, 1, 1])).dataSync()[0];
  };

  it('reads pixels at their middles and interpolates between them', () => {
    expect(at(0.25, 0.25)).toBe(2);
    expect(at(0.75, 0.25)).toBe(20);
    expect(at(0.25, 0.75)).toBe(200);
    expect(at(0.5, 0.5)).toBe(2 * 1111 / 4);
    expect(at(0.375, 0.25)).toBe(2 * (0.75 * 1 + 0.25 * 10));
  });

  it('reads zeros outside', () => {
    expect(at(0, 0)).toBe(2 * 0.25);
    expect(at(1, 1)).toBe(2 * 250);
    expect(at(1, 0.25)).toBe(2 * 5);
    const outside = [[-0.25, 0.5], [1.25, 0.5], [0.5, -0.25], [0.5, 1.25], [-7, 9], [1e20, 0.5], [-1e20, 0.5]] as const;
    for (const [x, y] of outside) expect(at(x, y)).toBe(0);
  });

  it('keeps samples, heads and maps apart', () => {
    // Sample b, pixel s, head m has the value 100 b + 10 s + m; both maps have one pixel.
    const maps = [{ height: 1, width: 1 }, { height: 1, width: 1 }];
    const value = tensor([0, 1, 10, 11, 100, 101, 110, 111], [2, 2, 2, 1]);
    const middle = tensor(new Float32Array(2 * 2 * 2 * 2).fill(0.5), [2, 1, 2, 2, 1, 2]);
    const weights = tensor([1, 0, 0, 1, 2, 0, 0, 3], [2, 1, 2, 2, 1]);
    expect([...run(value, maps, middle, weights).dataSync()]).toEqual([0, 11, 200, 333]);
  });

  it.each([['one map', single], ['several maps', several]])('has the gradient of finite differences: %s', (_case, levels) => {
    expect(Math.max(...gradientErrors(on(run, levels), inputs(levels), 3e-3))).toBeLessThan(2e-3);
  });

  it('matches the original, gradients and points outside too', async () => {
    const stored = await readReference('ms_deform_attn_core');
    const read = (key: string): Tensor => {
      const { data, shape } = stored.get(key)!;
      return tensor(data, [...shape]);
    };
    const shapes = stored.get('input.spatial_shapes')!.data;
    const levels = [0, 1, 2].map((l) => ({ height: shapes[2 * l]!, width: shapes[2 * l + 1]! }));
    const given = [read('input.value'), read('input.sampling_locations'), read('input.attention_weights')];
    const results = outputAndGradients(on(run, levels), given, read('input.r'));
    ['output.out', 'grad.value', 'grad.sampling_locations', 'grad.attention_weights'].forEach((key, i) =>
      expect(relativeError(results[i]!, stored.get(key)!.data)).toBeLessThan(5e-6));
  });
});

describe('msDeformAttn', () => {
  it.each([
    ['a depth that fills no vector', { depth: 3 }],
    ['16 channels', { depth: 16, queries: 70 }],
    ['32 channels', { depth: 32, heads: 6, queries: 40, points: 4 }],
    ['64 channels, one sample', { depth: 64, batch: 1, heads: 1, queries: 33 }],
    ['an odd depth above a vector', { depth: 37, queries: 9 }],
  ])('equals the composed one, gradients too: %s', (_case, sizes) => {
    const given = inputs(several, sizes);
    const composed = outputAndGradients(on(msDeformAttnComposed, several), given);
    outputAndGradients(on(msDeformAttn, several), given).forEach((values, i) =>
      expect(relativeError(values, composed[i]!)).toBeLessThan(5e-6));
  });

  it('gives the same bits every time', () => {
    const given = inputs(several, { depth: 32, queries: 200 });
    const once = outputAndGradients(on(msDeformAttn, several), given);
    for (let i = 0; i < 3; i++) expect(outputAndGradients(on(msDeformAttn, several), given)).toEqual(once);
  });

  it('names the parameter that is wrong', () => {
    const [value, locations, weights] = inputs(several) as [Tensor, Tensor, Tensor];
    expect(() => msDeformAttn(value, single, locations, weights)).toThrow(
      new ShapeError('msDeformAttn: expected levels of 27 pixels together, got 4'));
    expect(() => msDeformAttn(value, several, weights, weights)).toThrow(
      new ShapeError('msDeformAttn: expected shape [2, Q, 3, 3, P, 2] for locations, got [2, 5, 3, 3, 2]'));
    expect(() => msDeformAttn(value, several, locations, locations)).toThrow(
      new ShapeError('msDeformAttn: expected shape [2, 5, 3, 3, 2] for weights, got [2, 5, 3, 3, 2, 2]'));
  });
});
