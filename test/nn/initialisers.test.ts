import { describe, expect, it } from 'vitest';
import { kaimingNormalFanOut, kaimingUniform, ones, truncatedNormal, uniform, xavierUniform, zeros } from '../../src/nn/initialisers.ts';
import { Rng } from '../../src/random/rng.ts';

const shape = [64, 16, 5, 5]; // 25,600 values; fan-in 400, fan-out 1600

function moments(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { mean, deviation, least: Math.min(...values), most: Math.max(...values) };
}

describe('initialisers', () => {
  it.each([
    ['uniform', uniform(0.3), 0.3],
    ['xavierUniform', xavierUniform, Math.sqrt(6 / 2000)],
    ['kaimingUniform', kaimingUniform(), Math.sqrt(6 / 400)],
    ['kaimingUniform of slope √5', kaimingUniform(Math.sqrt(5)), 1 / Math.sqrt(400)],
  ])('%s fills its interval evenly', (_name, initialise, bound) => {
    const { mean, deviation, least, most } = moments(initialise(shape, new Rng(1)));
    expect(Math.abs(mean)).toBeLessThan(bound * 0.02);
    expect(deviation / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(least).toBeGreaterThanOrEqual(-bound);
    expect(most).toBeLessThanOrEqual(bound);
    expect(most - least).toBeGreaterThan(1.99 * bound);
  });

  it('truncatedNormal has the deviation it is told and, as in timm, limits in values', () => {
    const { mean, deviation, most } = moments(truncatedNormal(0.02)(shape, new Rng(1)));
    expect(Math.abs(mean)).toBeLessThan(6e-4);
    expect(deviation).toBeCloseTo(0.02, 3);
    expect(most).toBeGreaterThan(3 * 0.02); // not cut at two deviations
    const cut = moments(truncatedNormal(1, -2, 2)(shape, new Rng(1)));
    expect(cut.most).toBeLessThanOrEqual(2);
    expect(cut.least).toBeGreaterThanOrEqual(-2);
    expect(cut.deviation).toBeCloseTo(0.8796, 2); // of a normal cut at two deviations
  });

  it('truncatedNormal draws anew beyond ±2 where nothing else is said, and beyond either limit', () => {
    const usual = moments(truncatedNormal(1)(shape, new Rng(1)));
    expect(usual.least).toBeLessThan(-1.99);
    expect(usual.least).toBeGreaterThanOrEqual(-2);
    expect(usual.most).toBeGreaterThan(1.99);
    expect(usual.most).toBeLessThanOrEqual(2);
    const skewed = moments(truncatedNormal(1, -1, 0.5)(shape, new Rng(1)));
    expect(skewed.least).toBeGreaterThanOrEqual(-1);
    expect(skewed.most).toBeLessThanOrEqual(0.5);
  });

  it('kaimingNormalFanOut takes the fan-out of one group', () => {
    expect(moments(kaimingNormalFanOut()(shape, new Rng(1))).deviation).toBeCloseTo(Math.sqrt(2 / 1600), 3);
    expect(moments(kaimingNormalFanOut(4)(shape, new Rng(1))).deviation).toBeCloseTo(Math.sqrt(2 / 400), 3);
  });

  it('draws from its stream alone', () => {
    expect(truncatedNormal(1)([8], new Rng(3))).toEqual(truncatedNormal(1)([8], new Rng(3)));
    expect(truncatedNormal(1)([8], new Rng(3))).not.toEqual(truncatedNormal(1)([8], new Rng(4)));
  });

  it('zeros and ones', () => {
    expect([...zeros([2, 2], new Rng(1))]).toEqual([0, 0, 0, 0]);
    expect([...ones([3], new Rng(1))]).toEqual([1, 1, 1]);
  });
});
