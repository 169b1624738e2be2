import { slice, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ConfigError, ShapeError } from '../../src/errors.ts';
import { MsDeformAttn } from '../../src/nn/msDeformAttn.ts';
import { Rng } from '../../src/random/rng.ts';
import { readReference, relativeError, withPrefix } from '../reference.ts';
import { outputAndGradients, randomTensor } from '../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

const make = (levels: number) => new MsDeformAttn({ channels: 48, heads: 6, levels, points: 4, ratio: 0.5 });

describe('MsDeformAttn', () => {
  it.each([['injector', 3], ['extractor', 1]])(
    'matches the original as in the %s, all gradients too',
    async (name, count) => {
      const stored = await readReference(`ms_deform_attn_${name}`);
      const read = (key: string): Tensor => {
        const { data, shape } = stored.get(key)!;
        return tensor(data, [...shape]);
      };
      const shapes = stored.get('input.spatial_shapes')!.data;
      const levels = Array.from({ length: count }, (_, l) => ({ height: shapes[2 * l]!, width: shapes[2 * l + 1]! }));
      const layer = make(count);
      layer.loadState(withPrefix(stored, 'weight.'));
      const parameters = [...layer.namedParameters()];
      const inputs = [read('input.query'), read('input.feat'), ...parameters.map(([, { value }]) => value)];
      const run = (...[query, feat]: Tensor[]) => layer.forward(query!, read('input.reference_points'), feat!, levels);
      const results = outputAndGradients(run, inputs, read('input.r'));
      const keys = ['output.out', 'grad.input.query', 'grad.input.feat', ...parameters.map(([key]) => `grad.${key}`)];
      for (const [i, key] of keys.entries()) expect(relativeError(results[i]!, stored.get(key)!.data), key).toBeLessThan(1e-5);
    });

  it('starts with rays of points around each query and equal weights', async () => {
    const layer = make(2);
    layer.initialise(0);
    const offsets = await layer.samplingOffsets.bias!.read();
    const at = (head: number, level: number, point: number) => {
      const first = ((head * 2 + level) * 4 + point) * 2;
      return [...offsets.subarray(first, first + 2)];
    };
    // Head 0 looks to the right, head 1 along 60°: (cos, sin) over the larger, sin; head 3 to the left.
    expect(at(0, 0, 0)).toEqual([1, 0]);
    expect(at(0, 1, 3)).toEqual([4, 0]);
    [2 / Math.sqrt(3), 2].forEach((expected, i) => expect(at(1, 0, 1)[i]).toBeCloseTo(expected, 6));
    expect(at(3, 1, 2)[0]).toBe(-3);
    [-1 / Math.sqrt(3), -1].forEach((expected, i) => expect(at(4, 0, 0)[i]).toBeCloseTo(expected, 6)); // along 240°
    for (const parameter of [layer.samplingOffsets.weight, layer.attentionWeights.weight, layer.attentionWeights.bias!]) {
      expect((await parameter.read()).every((value) => value === 0)).toBe(true);
    }
    const bound = Math.sqrt(6 / (48 + 24)); // Glorot and Bengio's
    for (const { weight } of [layer.valueProj, layer.outputProj]) {
      const largest = Math.max(...(await weight.read()).map(Math.abs));
      expect(largest).toBeLessThanOrEqual(bound);
      expect(largest).toBeGreaterThan(0.95 * bound);
    }
  });

  it('adds a residual, scaled by channel', () => {
    const rng = new Rng(1);
    const layer = make(1);
    layer.initialise(0);
    const [query, values, residual, layerScale] = [
      randomTensor(rng, [2, 6, 48]), randomTensor(rng, [2, 20, 48]), randomTensor(rng, [2, 6, 48]), randomTensor(rng, [48]),
    ] as const;
    const centres = tensor(Array.from({ length: 12 }, (_, i) => (i + 0.5) / 12), [1, 6, 1, 2]);
    const levels = [{ height: 4, width: 5 }];
    const plain = layer.forward(query, centres, values, levels).dataSync();
    const added = layer.forward(query, centres, values, levels, { residual }).dataSync();
    const scaled = layer.forward(query, centres, values, levels, { residual, layerScale }).dataSync();
    const [past, factors] = [residual.dataSync(), layerScale.dataSync()];
    expect(relativeError(added, plain.map((value, i) => past[i]! + value))).toBeLessThan(1e-6);
    expect(relativeError(scaled, plain.map((value, i) => past[i]! + factors[i % 48]! * value))).toBeLessThan(1e-6);
  });

  it('takes centres of its own for each sample', () => {
    const rng = new Rng(2);
    const layer = make(1);
    layer.initialise(0);
    const [query, values] = [randomTensor(rng, [2, 6, 48]), randomTensor(rng, [2, 20, 48])] as const;
    const centres = tensor(Array.from({ length: 24 }, () => rng.uniform()), [2, 6, 1, 2]);
    const run = (at: Tensor, from: number, count: number) => {
      const [own, seen] = [query, values].map((x) => slice(x, [from, 0, 0], [count, -1, -1])) as [Tensor, Tensor];
      return layer.forward(own, at, seen, [{ height: 4, width: 5 }]).dataSync();
    };
    const apart = [0, 1].flatMap((b) => [...run(slice(centres, [b, 0, 0, 0], [1, -1, -1, -1]), b, 1)]);
    expect(relativeError(run(centres, 0, 2), apart)).toBeLessThan(1e-6);
  });

  it('names the parameter that is wrong', () => {
    expect(() => new MsDeformAttn({ channels: 48, heads: 5, levels: 1, points: 4 })).toThrow(
      new ConfigError('MsDeformAttn: expected a divisor of 48 (ratio · channels) for heads, got 5'));
    const layer = make(2);
    layer.initialise(0);
    const x = randomTensor(new Rng(1), [1, 4, 48]);
    expect(() => layer.forward(x, randomTensor(new Rng(1), [1, 4, 1, 2]), x, [{ height: 2, width: 2 }])).toThrow(
      new ShapeError('MsDeformAttn: expected 2 maps for levels, got 1'));
    const levels = [{ height: 2, width: 1 }, { height: 1, width: 2 }];
    expect(() => layer.forward(x, randomTensor(new Rng(1), [1, 3, 1, 2]), x, levels)).toThrow(ShapeError);
    expect(() => layer.forward(x, randomTensor(new Rng(1), [1, 3, 1, 2]), x, levels)).toThrow('MsDeformAttn: expected shape');
  });

  it('rounds the width of its values down', () => {
    const layer = new MsDeformAttn({ channels: 24, heads: 13, levels: 1, points: 4, ratio: 0.55 });
    expect(layer.valueProj.weight.shape).toEqual([13, 24]);
  });
});
