import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { RawImage } from '../../../src/data/decode.ts';
import { ade20kAugmentation, augment, checkAugmentation, type LabelledPhoto, type SegmentationAugmentation } from '../../../src/data/segmentation/augmentation.ts';
import { openSegmentationSplit } from '../../../src/data/segmentation/openSegmentationData.ts';
import { LabelReader } from '../../../src/data/segmentation/labelRules.ts';
import { loadLabelledPhoto } from '../../../src/data/segmentation/labelledPhoto.ts';
import { fitSize, scaleFrame } from '../../../src/data/transforms/fitSize.ts';
import { limitedCrop } from '../../../src/data/transforms/limitedCrop.ts';
import { changePhotometry, drawPhotometricChange } from '../../../src/data/transforms/photometricDistortion.ts';
import { resizeLinear } from '../../../src/data/transforms/resizeLinear.ts';
import { resizeNearest, type LabelMap } from '../../../src/data/transforms/resizeNearest.ts';
import { ConfigError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random/rng.ts';
import { noise } from '../noise.ts';

const small: SegmentationAugmentation = {
  ...ade20kAugmentation,
  frame: { longPx: 200, shortPx: 48 },
  crop: { width: 40, height: 36 },
  padding: [10, 20, 30],
};
const blocks = (width: number, height: number): LabelMap => ({
  data: Uint8Array.from({ length: width * height }, (_, i) =>
    i % 7 === 0 ? 255 : Math.floor((i % width) / 9) + 3 * Math.floor(i / width / 11)),
  width,
  height,
});
const sampleOf = (width: number, height: number): LabelledPhoto => ({ photo: noise(width, height), map: blocks(width, height) });

function made(sample: LabelledPhoto, augmentation: SegmentationAugmentation, rng: Rng) {
  const { width, height } = augmentation.crop;
  const image = new Uint8Array(width * height * 3);
  const labels = new Uint8Array(width * height);
  augment(sample, augmentation, rng, image, labels);
  return { image, labels };
}

/** The same, one whole step after the other, pixel by pixel. */
function slowly({ photo, map }: LabelledPhoto, augmentation: SegmentationAugmentation, rng: Rng) {
  const { frame, ratio, crop, mostOfOneClass, flipProbability, photometric, padding } = augmentation;
  const resized = fitSize(photo, scaleFrame(frame, rng.uniform(...ratio)));
  const window = { x: 0, y: 0, ...resized };
  const large: RawImage = { data: new Uint8Array(resized.width * resized.height * 3), ...resized };
  const largeMap = new Uint8Array(resized.width * resized.height);
  resizeLinear(photo, { resized, window, flip: false }, large.data);
  resizeNearest(map, { resized, window, flip: false }, largeMap);
  const box = limitedCrop(map, resized, crop, mostOfOneClass, rng);
  const flip = rng.chance(flipProbability);
  if (photometric) changePhotometry(large.data, drawPhotometricChange(photometric, rng));
  const image: number[] = [];
  const labels: number[] = [];
  for (let y = 0; y < crop.height; y++) {
    for (let x = 0; x < crop.width; x++) {
      const isInside = x < box.width && y < box.height;
      const at = (box.y + y) * resized.width + box.x + (flip ? box.width - 1 - x : x);
      image.push(...(isInside ? large.data.subarray(at * 3, at * 3 + 3) : padding));
      labels.push(isInside ? largeMap[at]! : 255);
    }
  }
  return { image: Uint8Array.from(image), labels: Uint8Array.from(labels) };
}

describe('augment', () => {
  it.each([[64, 48], [48, 64], [300, 30], [31, 47]])('does to %i x %i pixels what the steps do one by one', (width, height) => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const result = made(sampleOf(width, height), small, new Rng(seed));
      expect(result).toEqual(slowly(sampleOf(width, height), small, new Rng(seed)));
      kinds.add(result.labels.at(-1) === 255 ? 'padded' : 'whole');
    }
    if (width === 64) expect(kinds).toEqual(new Set(['padded', 'whole']));
  });

  it('leaves photo and map as they are', () => {
    const sample = sampleOf(64, 48);
    made(sample, small, new Rng(3));
    expect(sample).toEqual(sampleOf(64, 48));
  });

  it('is only a copy with nothing to do', () => {
    const plain = { ...small, photometric: undefined };
    const still = { ...plain, frame: { longPx: 40, shortPx: 36 }, ratio: [1, 1], flipProbability: 0 } as const;
    const sample = sampleOf(40, 36);
    expect(made(sample, still, new Rng(1))).toEqual({ image: sample.photo.data, labels: sample.map.data });
  });

  it('mirrors as often as it is told', () => {
    const plain = { ...small, photometric: undefined };
    const still = { ...plain, frame: { longPx: 40, shortPx: 36 }, ratio: [1, 1], flipProbability: 0.3 } as const;
    const sample = sampleOf(40, 36);
    const seconds = Array.from({ length: 400 }, (_, i) => made(sample, still, new Rng(7, i)).labels[1]);
    const mirrored = seconds.filter((label) => label !== sample.map.data[1]).length;
    expect(mirrored).toBeGreaterThan(90); // 120 expected
    expect(mirrored).toBeLessThan(150);
  });
});

/** A label as a grey value, far from those of neighbouring classes. */
const greyOf = (label: number) => (label * 83) & 0xff;

/**
 * A photo that shows its own map, made into a sample. Where the map is of one class around the place that a pixel of the sample
 * comes from, the sample's photo must show that class and its map must say it.
 * @returns the share of pixels where that is so
 */
function expectAligned(map: LabelMap, seed: number): number {
  const greys = Uint8Array.from({ length: map.data.length * 3 }, (_, i) => greyOf(map.data[Math.floor(i / 3)]!));
  const photo = { ...map, data: greys };
  const augmentation = { ...ade20kAugmentation, photometric: undefined, crop: { width: 256, height: 224 } };
  const { image, labels } = made({ photo, map }, augmentation, new Rng(seed));
  const rng = new Rng(seed);
  const resized = fitSize(photo, scaleFrame(augmentation.frame, rng.uniform(...augmentation.ratio)));
  const box = limitedCrop(map, resized, augmentation.crop, augmentation.mostOfOneClass, rng);
  const flip = rng.chance(augmentation.flipProbability);
  let inner = 0;
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      const fromX = ((box.x + (flip ? box.width - 1 - x : x) + 0.5) * map.width) / resized.width - 0.5;
      const fromY = ((box.y + y + 0.5) * map.height) / resized.height - 0.5;
      const label = onlyLabel(map, Math.floor(fromX), Math.floor(fromY));
      if (label === undefined) continue;
      inner++;
      const at = y * 256 + x;
      if (labels[at] !== label || image[at * 3] !== greyOf(label)) {
        expect({ x, y, label: labels[at], grey: image[at * 3] }).toEqual({ x, y, label, grey: greyOf(label) });
      }
    }
  }
  return inner / (box.width * box.height);
}

/** The label of all pixels from one before (x, y) to two behind; undefined when there are several. */
function onlyLabel({ data, width, height }: LabelMap, x: number, y: number): number | undefined {
  if (x < 1 || y < 1 || x + 2 >= width || y + 2 >= height) return undefined;
  const label = data[y * width + x];
  for (let dy = -1; dy <= 2; dy++) {
    for (let dx = -1; dx <= 2; dx++) if (data[(y + dy) * width + x + dx] !== label) return undefined;
  }
  return label;
}

describe.each(['coco12', 'coco133'] as const)('photo and map in %s', (classes) => {
  it('stay aligned', async () => {
    const dir = fileURLToPath(new URL('../../../samples/segmentation', import.meta.url));
    const folder = await openSegmentationSplit({ dir, classes }, 'validation');
    const reader = new LabelReader(folder.classes);
    const inner: number[] = [];
    for (let i = 0; i < Math.min(folder.size, 3); i++) {
      const { map } = await loadLabelledPhoto({ photo: folder.describe(i), map: folder.mapPath(i) }, reader);
      for (let seed = 0; seed < 2; seed++) inner.push(expectAligned(map, seed + 10 * i));
    }
    // Else nothing was compared.
    expect(inner.reduce((sum, share) => sum + share) / inner.length).toBeGreaterThan(0.5);
  });
});

describe('checkAugmentation', () => {
  it('passes what mmsegmentation uses', () => {
    expect(() => checkAugmentation(ade20kAugmentation)).not.toThrow();
    expect(ade20kAugmentation).toEqual({
      frame: { longPx: 2048, shortPx: 512 }, ratio: [0.5, 2], crop: { width: 512, height: 512 }, mostOfOneClass: 0.75,
      flipProbability: 0.5,
      photometric: { brightness: 32, contrast: [0.5, 1.5], saturation: [0.5, 1.5], hue: 18 }, padding: [124, 116, 104],
    });
  });

  it('passes what lies on the bounds', () => {
    const photometric = { brightness: 255, contrast: [1, 1], saturation: [1, 1], hue: 90 } as const;
    const [frame, crop] = [{ longPx: 1, shortPx: 1 }, { width: 1, height: 1 }];
    const least = { frame, crop, ratio: [1, 1], padding: [0, 0, 255] } as const;
    const still = { ...photometric, brightness: 0, hue: 0 };
    for (const flipProbability of [0, 1]) {
      for (const change of [photometric, still]) {
        expect(() => checkAugmentation({ ...least, mostOfOneClass: 1, flipProbability, photometric: change })).not.toThrow();
      }
    }
  });

  it.each<[Partial<SegmentationAugmentation>, string]>([
    [{ frame: { longPx: 100, shortPx: 200 } }, 'expected whole numbers longPx >= shortPx >= 1 for frame, got {"longPx":100,"shortPx":200}'],
    [{ ratio: [2, 0.5] }, 'expected 0 < least <= greatest for ratio, got [2,0.5]'],
    [{ crop: { width: 512, height: 0 } }, 'expected whole numbers of at least 1 for crop'],
    [{ mostOfOneClass: 75 }, 'expected a number in (0, 1] for mostOfOneClass, got 75'],
    [{ flipProbability: -1 }, 'expected a number in [0, 1] for flipProbability, got -1'],
    [{ flipProbability: 1.1 }, 'expected a number in [0, 1] for flipProbability, got 1.1'],
    [{ mostOfOneClass: 0 }, 'expected a number in (0, 1] for mostOfOneClass, got 0'],
    [{ ratio: [0, 2] }, 'expected 0 < least <= greatest for ratio, got [0,2]'],
    [{ ratio: [1, Infinity] }, 'expected 0 < least <= greatest for ratio, got [1,null]'],
    [{ frame: { longPx: 1, shortPx: 0 } }, 'expected whole numbers longPx >= shortPx >= 1 for frame'],
    [{ crop: { width: 0, height: 512 } }, 'expected whole numbers of at least 1 for crop'],
    [{ padding: [0, -1, 0] }, 'expected whole numbers in [0, 255] for padding, got [0,-1,0]'],
    [{ padding: [0, 0, 256] }, 'expected whole numbers in [0, 255] for padding, got [0,0,256]'],
    [{ photometric: { brightness: 32, contrast: [0.5, 1.5], saturation: [1.5, 0.5], hue: 18 } }, 'expected 0 < least <= greatest for photometric.saturation'],
    [{ photometric: { brightness: 32, contrast: [0.5, 1.5], saturation: [0.5, 1.5], hue: 0.5 } }, 'expected a whole number in [0, 90] for photometric.hue, got 0.5'],
  ])('refuses %j', (change, message) => {
    expect(() => checkAugmentation({ ...ade20kAugmentation, ...change })).toThrow(ConfigError);
    expect(() => checkAugmentation({ ...ade20kAugmentation, ...change })).toThrow(message);
  });
});
