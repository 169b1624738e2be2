import { add, memory, mean, mul, slice, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ConfigError } from '../../src/errors.ts';
import { Rng } from '../../src/random/rng.ts';
import { slideLogits, windowsOver } from '../../src/tasks/slidingWindow.ts';
import { randomTensor } from '../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

/** Depends on where in the window a pixel lies, and on the window's mean: what an averaged result must show. */
const forward = (images: Tensor): Tensor => tidy(() => {
  const [, height = 0, width = 0] = images.shape;
  const places = tensor(Float32Array.from({ length: height * width }, (_, i) => Math.sin(i)), [1, height, width, 1]);
  return add(mul(images, places), mean(images));
});

describe('windowsOver', () => {
  it('follows hand-worked examples', () => {
    const places = (height: number, width: number) => windowsOver(height, width, 512, 341).map(({ top, left }) => [top, left]);
    expect(places(512, 512)).toEqual([[0, 0]]);
    expect(places(512, 683)).toEqual([[0, 0], [0, 171]]);
    expect(places(512, 853)).toEqual([[0, 0], [0, 341]]);
    expect(places(600, 900)).toEqual([[0, 0], [0, 341], [0, 388], [88, 0], [88, 341], [88, 388]]);
    const lower = windowsOver(300, 700, 512, 341);
    expect(lower.map(({ height, width, left }) => [height, width, left])).toEqual([[300, 512, 0], [300, 512, 188]]);
  });

  it('refuses a stride that leaves gaps', () => {
    expect(() => windowsOver(10, 10, 4, 5)).toThrow(ConfigError);
    expect(() => windowsOver(10, 10, 4, 0)).toThrow(ConfigError);
  });
});

describe('slideLogits', () => {
  const image = (height: number, width: number) => randomTensor(new Rng(1), [1, height, width, 3]);

  it('averages what overlapping windows say, as a plain loop does', async () => {
    const x = image(9, 11);
    const sums = new Float64Array(9 * 11 * 3);
    const counts = new Float64Array(9 * 11 * 3);
    for (const { top, left, height, width } of windowsOver(9, 11, 6, 4)) {
      const logits = forward(slice(x, [0, top, left, 0], [1, height, width, 3])).dataSync();
      for (let y = 0; y < height; y++) {
        for (let i = 0; i < width * 3; i++) {
          const at = ((top + y) * 11 + left) * 3 + i;
          sums[at]! += logits[y * width * 3 + i]!;
          counts[at]!++;
        }
      }
    }
    const result = await slideLogits(forward, x, 3, { kind: 'slide', cropPx: 6, stridePx: 4 });
    const expected = sums.map((value, i) => value / counts[i]!);
    expect(Math.max(...counts)).toBe(6);
    expect(result.dataSync().every((value, i) => Math.abs(value - expected[i]!) < 1e-6)).toBe(true);
  });

  it('is the windows side by side where they do not overlap, and the whole picture where one covers it', async () => {
    const x = image(4, 8);
    const tiles = await slideLogits(forward, x, 3, { kind: 'slide', cropPx: 4, stridePx: 4 });
    const right = forward(slice(x, [0, 0, 4, 0], [1, 4, 4, 3]));
    expect(slice(tiles, [0, 0, 4, 0], [1, 4, 4, 3]).dataSync()).toEqual(right.dataSync());
    const whole = forward(x).dataSync();
    expect((await slideLogits(forward, x, 3, { kind: 'slide', cropPx: 8, stridePx: 5 })).dataSync()).toEqual(whole);
    expect((await slideLogits(forward, x, 3, { kind: 'whole' })).dataSync()).toEqual(whole);
  });

  it('leaves nothing behind but its result', async () => {
    const x = image(9, 11);
    const before = memory().numTensors;
    (await slideLogits(forward, x, 3, { kind: 'slide', cropPx: 6, stridePx: 4 })).dispose();
    expect(memory().numTensors).toBe(before);
  });
});
