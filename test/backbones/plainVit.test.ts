import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { PlainVit, type PlainVitOptions } from '../../src/backbones/plainVit.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { seedGenerator } from '../../src/ops/hostValues.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

const options: PlainVitOptions = {
  channels: 12, depth: 3, heads: 3, mlpRatio: 2, imagePx: 16, patchPx: 8, join: joinPresets.default, extraTokens: 1,
};

describe("PlainVit's stochastic depth", () => {
  const samples = 1500;

  /** For each layer: the part of the samples that both branches leave as they are. */
  const unchanged = (depth: number, dropPath: number): number[] => {
    const vit = new PlainVit({ ...options, depth, dropPath });
    vit.initialise(0);
    const x = randomTensor(new Rng(1), [samples, 5, options.channels]);
    const before = x.dataSync();
    seedGenerator(2);
    const shares = vit.blocks.map((block) => {
      const after = tidy(() => block.forward(x, { training: true }).dataSync());
      const isLeft = (b: number) => after.subarray(60 * b, 60 * b + 60).every((value, i) => value === before[60 * b + i]);
      return Array.from({ length: samples }, (_, b) => isLeft(b)).filter(Boolean).length / samples;
    });
    vit.dispose();
    return shares;
  };

  it.each([
    [3, 0.6, [0, 0.3, 0.6]],
    [2, 0.6, [0, 0.6]],
    [1, 0.6, [0]],
  ])('in %i layers rises on a line from 0 to its rate %d: %j', (depth, dropPath, rates) => {
    const shares = unchanged(depth, dropPath);
    expect(shares).toHaveLength(rates.length);
    for (const [layer, rate] of rates.entries()) {
      const both = rate ** 2; // both of two branches
      const deviation = Math.sqrt((both * (1 - both)) / samples);
      expect(Math.abs(shares[layer]! - both), `layer ${layer}: ${shares[layer]}`).toBeLessThanOrEqual(5 * deviation);
    }
  });
});
