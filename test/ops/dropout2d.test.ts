import { engine, ones, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ShapeError } from '../../src/errors.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { dropout2d } from '../../src/ops/dropout2d.ts';
import { seedGenerator } from '../../src/ops/hostValues.ts';

beforeAll(() => selectBackend());

const shape = [4, 3, 2, 50];

/** For each sample and channel, the values that occur. */
function byChannel(y: Tensor): number[][] {
  const values = y.dataSync();
  return Array.from({ length: 200 }, (_, i) => {
    const sample = Math.floor(i / 50), channel = i % 50;
    return [...new Set(Array.from({ length: 6 }, (_, pixel) => values[(sample * 6 + pixel) * 50 + channel]!))];
  });
}

describe('dropout2d', () => {
  it('leaves out whole channels of single samples and makes up for them', () => {
    seedGenerator(1);
    const channels = byChannel(dropout2d(ones(shape), 0.2, true));
    expect(channels.every((values) => values.length === 1 && (values[0] === 0 || values[0] === 1.25))).toBe(true);
    const left = channels.filter(([value]) => value === 0).length;
    expect(left).toBeGreaterThan(20);
    expect(left).toBeLessThan(60);
    expect(channels.slice(0, 50)).not.toEqual(channels.slice(50, 100));
  });

  it('does nothing outside training or at rate 0', () => {
    const x = ones(shape);
    expect(dropout2d(x, 0.5, false)).toBe(x);
    expect(dropout2d(x, 0, true)).toBe(x);
  });

  it('gives the gradient the same mask, and draws anew in each run of a compiled step', async () => {
    const body = (x: Tensor): Tensor[] => {
      const { value, grads } = engine().gradients(() => dropout2d(x, 0.5, true), [x], ones(shape));
      return [value, grads[0]!];
    };
    const step = new CompiledStep((x) => body(x));
    const runs: number[][] = [];
    for (const run of [() => tidy(() => body(ones(shape))), () => step.run([ones(shape)]), () => step.run([ones(shape)])]) {
      seedGenerator(runs.length === 2 ? 8 : 7);
      const [y, dx] = (await run()).map((result) => [...result.dataSync()]);
      expect(dx).toEqual(y);
      runs.push(y!);
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).not.toEqual(runs[0]);
  });

  it('names the parameter that is wrong', () => {
    expect(() => dropout2d(ones(shape), 1, true)).toThrow(new ShapeError('dropout2d: expected a number in [0, 1) for rate, got 1'));
    expect(() => dropout2d(ones([2, 2]), 0.5, true)).toThrow(new ShapeError('dropout2d: expected shape [B, H, W, C] for x, got [2, 2]'));
  });
});
