import { add, memory, mean, mul, slice, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Part } from '../../src/ops/resizePart.ts';
import { resizeBilinear } from '../../src/ops/resize.ts';
import { Rng } from '../../src/random/rng.ts';
import { SlidingLogits, windowsOver } from '../../src/tasks/slidingWindow.ts';
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
    expect(windowsOver(2, 3, 1, 1)).toHaveLength(6);
  });

  it('looks at a picture smaller than its windows once', () => {
    expect(windowsOver(3, 2, 8, 1)).toEqual([{ top: 0, left: 0, height: 3, width: 2 }]);
  });
});

describe('SlidingLogits', () => {
  const image = (height: number, width: number) => randomTensor(new Rng(1), [1, height, width, 3]);
  const sliding = (x: Tensor, cropPx: number, stridePx: number, seen: Part[] = []) => {
    const [, height = 0, width = 0] = x.shape;
    const run = (window: Part) => {
      seen.push(window);
      return Promise.resolve(tidy(() => forward(slice(x, [0, window.top, window.left, 0], [1, window.height, window.width, 3]))));
    };
    return new SlidingLogits({ size: [height, width], windows: windowsOver(height, width, cropPx, stridePx), classes: 3, run });
  };
  const all = (x: Tensor): Part => ({ top: 0, left: 0, height: x.shape[1]!, width: x.shape[2]! });

  it('averages what overlapping windows say, as a plain loop does, in one part or many', async () => {
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
    const whole = await sliding(x, 6, 4).part(all(x));
    const expected = sums.map((value, i) => value / counts[i]!);
    expect(Math.max(...counts)).toBe(6);
    expect(whole.dataSync().every((value, i) => Math.abs(value - expected[i]!) < 1e-6)).toBe(true);
    const seen: Part[] = [];
    const view = sliding(x, 6, 4, seen);
    for (const top of [0, 1, 3, 7]) {
      const part = { top, left: 1, height: 2, width: 9 };
      expect((await view.part(part)).dataSync()).toEqual(slice(whole, [0, top, 1, 0], [1, 2, 9, 3]).dataSync());
    }
    expect(seen).toHaveLength(6); // each once
    // A window that ends within the part, one of which it holds a single pixel, and none that only touches it.
    const inside = { top: 3, left: 0, height: 6, width: 11 };
    const corner = { top: 0, left: 5, height: 1, width: 1 };
    const lower = { top: 6, left: 6, height: 3, width: 5 };
    for (const [part, windows] of [[inside, 6], [corner, 3], [lower, 2]] as const) {
      const run: Part[] = [];
      const values = (await sliding(x, 6, 4, run).part(part)).dataSync();
      expect(values).toEqual(slice(whole, [0, part.top, part.left, 0], [1, part.height, part.width, 3]).dataSync());
      expect(run).toHaveLength(windows);
    }
  });

  it('runs a window again that a later part needs after it was let go, as from column to column', async () => {
    const x = image(20, 6);
    const view = sliding(x, 6, 4);
    const first = { top: 0, left: 0, height: 2, width: 6 };
    const values = (await view.part(first)).dataSync();
    await view.part({ ...first, top: 18 });
    expect((await view.part(first)).dataSync()).toEqual(values);
    view.dispose();
  });

  it('is the windows side by side where they do not overlap, and the whole picture where one covers it', async () => {
    const x = image(4, 8);
    const tiles = await sliding(x, 4, 4).part(all(x));
    const right = forward(slice(x, [0, 0, 4, 0], [1, 4, 4, 3]));
    expect(slice(tiles, [0, 0, 4, 0], [1, 4, 4, 3]).dataSync()).toEqual(right.dataSync());
    expect((await sliding(x, 8, 5).part(all(x))).dataSync()).toEqual(forward(x).dataSync());
  });

  it('resizes the logits of windows that are smaller', async () => {
    const quarter = randomTensor(new Rng(2), [1, 2, 2, 3]);
    const run = () => Promise.resolve(quarter);
    const view = new SlidingLogits({ size: [8, 8], windows: windowsOver(8, 8, 8, 8), classes: 3, run });
    expect((await view.part({ top: 3, left: 0, height: 2, width: 8 })).dataSync())
      .toEqual(slice(resizeBilinear(quarter, [8, 8]), [0, 3, 0, 0], [1, 2, 8, 3]).dataSync());
  });

  it('keeps only windows that touch the part, and nothing once disposed of', async () => {
    const x = image(40, 6);
    const before = memory().numTensors;
    const view = sliding(x, 6, 4);
    (await view.part({ top: 0, left: 0, height: 2, width: 6 })).dispose();
    expect(memory().numTensors).toBe(before + 1);
    (await view.part({ top: 20, left: 0, height: 2, width: 6 })).dispose();
    expect(memory().numTensors).toBe(before + 2); // windows at 16 and 20
    view.dispose();
    expect(memory().numTensors).toBe(before);
  });
});
