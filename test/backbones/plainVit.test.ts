import { tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { PlainVit, type PlainVitOptions } from '../../src/backbones/plainVit.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { seedGenerator } from '../../src/ops/hostValues.ts';
import { resizeBicubic } from '../../src/ops/resize.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';
import { relativeError } from '../reference.ts';

beforeAll(() => selectBackend());

const options: PlainVitOptions = {
  channels: 12, depth: 3, heads: 3, mlpRatio: 2, imagePx: 16, patchPx: 8, join: joinPresets.default, extraTokens: 1,
};

describe('PlainVit.positions', () => {
  it('of another grid are those of the patches, resized, whichever side differs', () => {
    const vit = new PlainVit({ ...options, join: joinPresets.share });
    vit.initialise(0);
    const own = vit.position!.value(0).dataSync<'float32'>();
    const patches = own.slice(options.channels); // without the class token's
    const at = (height: number, width: number) => tidy(() => vit.positions({ height, width }).stream[0]!.dataSync<'float32'>());
    expect(at(2, 2)).toEqual(patches);
    for (const [height, width] of [[2, 3], [3, 2], [4, 6]] as const) {
      const expected = tidy(() => resizeBicubic(tensor(patches, [1, 2, 2, options.channels]), [height, width]).dataSync());
      expect(relativeError(at(height, width), expected), `${height} x ${width}`).toBeLessThan(1e-6);
    }
    vit.dispose();
  });
});

describe('PlainVit.layerOf', () => {
  it.each([
    ['cls_token', 0],
    ['pos_embed', 0],
    ['patch_embed.proj.weight', 0],
    ['blocks.0.norm1.weight', 1],
    ['blocks.11.pe_norm.bias', 12],
    ['pos_embed3', 4],
    ['pe_norm.weight', 13],
    ['head.weight', 13],
    ['interactions.0.blocks.1.weight', 13],
    ['decode_head.blocks.0.weight', 13],
  ])('%s is of layer %i of 12', (name, layer) => {
    const vit = new PlainVit({ ...options, depth: 12 });
    expect(vit.layers).toBe(12);
    expect(vit.layerOf(name)).toBe(layer);
  });
});

describe('new PlainVit', () => {
  it.each<[string, Partial<PlainVitOptions>]>([
    ['expected a multiple of 4 for position sine2d for channels, got 6', { channels: 6, position: 'sine2d' }],
    ['which has no vector per token, for join', { position: 'relative1d', join: { ...joinPresets.default, lastNorm: { from: 0 } } }],
    ['which has no vector per token, for join', { position: 'relative1d', join: joinPresets.share }],
    ['which has no vector per token, for join', { position: 'relative2d', join: joinPresets.pvg }],
    ['expected 3 entries, one for each layer, for windows, got 2', { windows: [2, 2] }],
  ])('refuses options that do not fit together: %s', (message, given) => {
    expect(() => new PlainVit({ ...options, ...given })).toThrow(message);
  });

  it.each<Partial<PlainVitOptions>>([
    { channels: 6, position: 'sine1d' },
    { position: 'relative1d', join: { ...joinPresets.default, stream: 'never' } },
    { position: 'relative2d', join: joinPresets.lape },
  ])('takes %o', (given) => {
    expect(() => new PlainVit({ ...options, ...given })).not.toThrow();
  });
});

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
