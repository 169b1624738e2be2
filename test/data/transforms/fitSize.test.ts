import { describe, expect, it } from 'vitest';
import { fitSize, roundUpSize, scaleFrame } from '../../../src/data/transforms/fitSize.ts';

const ade20k = { longPx: 2048, shortPx: 512 };

describe('fitSize', () => {
  // Worked by hand after mmcv: factor = min(long / longest side, short / shortest side), then int(side * factor + 0.5).
  it.each([
    ['landscape, bound by the short side', 683, 512, 683, 512],
    ['landscape, made larger', 500, 364, 703, 512], // 500 * 512 / 364 = 703.30
    ['portrait', 364, 500, 512, 703],
    ['a panorama, bound by the long side', 3000, 500, 2048, 341], // factor 0.68267: 341.33
    ['half a pixel up', 1025, 1024, 513, 512], // 1025 / 2 = 512.5
  ])('%s', (_name, width, height, toWidth, toHeight) => {
    expect(fitSize({ width, height }, ade20k)).toEqual({ width: toWidth, height: toHeight });
  });

  it('keeps at least one pixel', () => {
    expect(fitSize({ width: 10_000, height: 1 }, { longPx: 100, shortPx: 50 })).toEqual({ width: 100, height: 1 });
  });
});

describe('scaleFrame', () => {
  it('rounds down', () => {
    expect(scaleFrame(ade20k, 0.7777)).toEqual({ longPx: 1592, shortPx: 398 }); // 1592.7, 398.2
    expect(scaleFrame(ade20k, 1)).toEqual(ade20k);
  });
});

describe('roundUpSize', () => {
  it('goes to the next multiple', () => {
    expect(roundUpSize({ width: 683, height: 512 }, 32)).toEqual({ width: 704, height: 512 });
    expect(roundUpSize({ width: 683, height: 511 }, 1)).toEqual({ width: 683, height: 511 });
  });
});
