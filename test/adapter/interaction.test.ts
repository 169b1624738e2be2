import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Interaction } from '../../src/adapter/interaction.ts';
import { cellCentres, tokenPyramid } from '../../src/adapter/tokenPyramid.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { seedGenerator } from '../../src/ops/hostValues.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

const channels = 24;
const samples = 200;
const pyramid = tokenPyramid(32, 32);
const tokens = 16 + 4 + 1;

/** The pyramid's tokens, sample by sample, after one extractor; `ffn` is its feed-forward network's last factor. */
function extract({ dropPath = 0, training = false, ffn = 1 }): Float32Array[] {
  const interaction = new Interaction({
    channels, heads: 6, points: 2, ratio: 0.5, ffnRatio: 0.25, extraExtractors: 0, dropPath, recompute: false,
  });
  interaction.initialise(1);
  const [{ ffn: { fc2 } }] = interaction.extractors as [(typeof interaction.extractors)[0]];
  const rng = new Rng(7);
  fc2.weight.set(Float32Array.from({ length: fc2.weight.size }, () => ffn * rng.normal()));
  seedGenerator(3);
  const values = tidy(() => {
    const grids = { pyramid, tokenCentres: cellCentres([pyramid[1]]), pyramidCentres: cellCentres(pyramid) };
    const [x, c] = [randomTensor(new Rng(1), [samples, 4, channels]), randomTensor(new Rng(2), [samples, tokens, channels])];
    return interaction.extract(x, c, grids, training).dataSync<'float32'>();
  });
  interaction.dispose();
  return Array.from({ length: samples }, (_, b) => values.slice(b * tokens * channels, (b + 1) * tokens * channels));
}

const farthest = (a: Float32Array, b: Float32Array) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe('Interaction.extract', () => {
  it('leaves the feed-forward network out for a part of the samples in training, and divides the others by what is kept', () => {
    const rate = 0.25;
    const without = extract({ ffn: 0 });
    const whole = extract({});
    const kept = whole.map((sample, b) => sample.map((value, i) => without[b]![i]! + (value - without[b]![i]!) / (1 - rate)));
    const trained = extract({ dropPath: rate, training: true });
    const dropped = trained.filter((sample, b) => farthest(sample, without[b]!) < 1e-5);
    const others = trained.filter((sample, b) => farthest(sample, kept[b]!) < 1e-4);
    expect(dropped.length + others.length).toBe(samples);
    const deviation = Math.sqrt(samples * rate * (1 - rate));
    expect(Math.abs(dropped.length - rate * samples)).toBeLessThan(5 * deviation);
  });

  it('leaves nothing out in evaluation', () => {
    expect(extract({ dropPath: 0.25 })).toEqual(extract({}));
  });
});
