import { memory, mul, slice, softmax, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ViTAdapter } from '../../src/adapter/vitAdapter.ts';
import { selectBackend } from '../../src/backends/select.ts';
import type { RawImage } from '../../src/data/decode.ts';
import { IMAGENET_MEAN, IMAGENET_STD } from '../../src/data/normalization.ts';
import { NativeError } from '../../src/errors.ts';
import { UpernetSegmentor } from '../../src/heads/upernet/segmentor.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { resizeBilinear } from '../../src/ops/resize.ts';
import { Rng } from '../../src/random/rng.ts';
import { bandsOver } from '../../src/tasks/photoBands.ts';
import { PhotoSegmenter } from '../../src/tasks/photoSegmenter.ts';
import { windowsOver, type InferenceMode } from '../../src/tasks/slidingWindow.ts';
import { tinyAdapter } from '../adapter/tinyAdapter.ts';

vi.mock('../../src/tasks/photoBands.ts', { spy: true });

const classes = 40;
const large = { height: 310, width: 600 }; // two bands
const small = { height: 60, width: 200 };
const [mean, std] = [IMAGENET_MEAN, IMAGENET_STD];
let model: UpernetSegmentor;

beforeAll(async () => {
  await selectBackend();
  model = new UpernetSegmentor({
    classes, backbone: new ViTAdapter(tinyAdapter), head: { channels: 16, poolScales: [1, 2], dropout: 0, lossWeight: 1 }, auxiliary: 'none',
  });
  model.initialise(2);
  // Large logits: with small ones the mean of probabilities and that of logits agree.
  const { weight } = model.decodeHead.classifier.convSeg;
  weight.set(tidy(() => mul(weight.value, 400)));
});

afterEach(() => vi.clearAllMocks());

function photo(height: number, width: number, seed: number): RawImage {
  const rng = new Rng(seed);
  const [a, b] = [3 + rng.integer(20), 3 + rng.integer(20)];
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) =>
    100 + 60 * Math.sin(i / 3 / width / a) + 60 * Math.cos(((i / 3) % width) / b + i % 3) + rng.integer(30));
  return { data, height, width };
}

function mirrored({ data, height, width }: RawImage): RawImage {
  const pixels = new Uint8Array(data.length);
  for (let i = 0; i < height * width; i++) {
    const from = Math.floor(i / width) * width + width - 1 - (i % width);
    pixels.set(data.subarray(from * 3, from * 3 + 3), i * 3);
  }
  return { data: pixels, height, width };
}

function normalized({ data, height, width }: RawImage): Tensor {
  // As src/ops/normalizeImages.ts rounds: a product and a sum of float32.
  const scale = std.map((value) => Math.fround(1 / (255 * value)));
  const shift = mean.map((value, i) => Math.fround(-value / std[i]!));
  const values = Float32Array.from(data, (value, i) => Math.fround(Math.fround(value * scale[i % 3]!) + shift[i % 3]!));
  return tensor(values, [1, height, width, 3]);
}

/** All logits of a photo at its size, in one piece: the plain way. */
function logitsOf(image: RawImage, mode: InferenceMode): Tensor {
  const x = normalized(image);
  if (mode.kind === 'whole') return model.forward(x);
  const sums = new Float32Array(image.height * image.width * classes);
  const counts = new Float32Array(image.height * image.width);
  for (const { top, left, height, width } of windowsOver(image.height, image.width, mode.cropPx, mode.stridePx)) {
    const logits = model.forward(slice(x, [0, top, left, 0], [1, height, width, 3])).dataSync();
    for (let i = 0; i < height * width; i++) {
      const at = (top + Math.floor(i / width)) * image.width + left + (i % width);
      counts[at]!++;
      for (let k = 0; k < classes; k++) sums[at * classes + k]! += logits[i * classes + k]!;
    }
  }
  return tensor(sums.map((value, i) => value / counts[Math.floor(i / classes)]!), [1, image.height, image.width, classes]);
}

/** The largest of each pixel's scores. */
function largest(scores: Float32Array): Uint8Array {
  return Uint8Array.from({ length: scores.length / classes }, (_, pixel) => {
    const own = scores.subarray(pixel * classes, (pixel + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
}

interface Averaging {
  readonly flip: boolean;
  /** Of what is averaged. */
  readonly of: 'probabilities' | 'logits';
  /** Whether mirrored predictions are mirrored back. */
  readonly isMirroredBack: boolean;
}

function plainly(
  photos: readonly RawImage[], mode: InferenceMode, size: typeof large, { flip, of, isMirroredBack }: Averaging,
): Uint8Array {
  return tidy(() => {
    const sum = new Float32Array(size.height * size.width * classes);
    for (const image of photos) {
      for (const isMirrored of flip ? [false, true] : [false]) {
        const resized = resizeBilinear(logitsOf(isMirrored ? mirrored(image) : image, mode), [size.height, size.width]);
        const scores = (of === 'logits' ? resized : softmax(resized)).dataSync<'float32'>();
        for (let pixel = 0; pixel < size.height * size.width; pixel++) {
          const across = Math.floor(pixel / size.width) * size.width + size.width - 1 - (pixel % size.width);
          const from = isMirrored && isMirroredBack ? across : pixel;
          for (let k = 0; k < classes; k++) sum[pixel * classes + k]! += scores[from * classes + k]!;
        }
      }
    }
    return largest(sum);
  });
}

async function segmented(
  photos: readonly RawImage[], mode: InferenceMode, size: typeof large, flip: boolean, compile = false,
): Promise<Uint8Array> {
  const segmenter = new PhotoSegmenter(model, { mode, flip, mean, std });
  try {
    return await segmenter.segment(photos, size, compile);
  } finally {
    segmenter.dispose();
  }
}

const whole: InferenceMode = { kind: 'whole' };
const slide: InferenceMode = { kind: 'slide', cropPx: 64, stridePx: 43 };
const right: Averaging = { flip: true, of: 'probabilities', isMirroredBack: true };
/** In pixels. */
const differing = (a: Uint8Array, b: Uint8Array) => a.reduce((count, value, i) => count + (value === b[i] ? 0 : 1), 0);

describe('PhotoSegmenter', () => {
  it('decides in bands what the logits of all pixels say at once: whole, one view', async () => {
    const photos = [photo(64, 160, 1)];
    const found = await segmented(photos, whole, large, false);
    expect(new Set(found).size).toBeGreaterThan(5);
    expect(differing(found, plainly(photos, whole, large, { ...right, flip: false, of: 'logits' }))).toBe(0);
  });

  it('windows too, compiled or not', async () => {
    const photos = [photo(96, 160, 2)];
    const found = await segmented(photos, slide, large, false);
    expect(differing(found, plainly(photos, slide, large, { ...right, flip: false, of: 'logits' }))).toBe(0);
    expect(await segmented(photos, slide, large, false, true)).toEqual(found);
  });

  it.each([['whole', whole], ['windows', slide]])('averages the probabilities of sizes and of the mirrored photo, mirrored back: %s', async (_, mode) => {
    const photos = [photo(64, 96, 3), photo(96, 160, 3)];
    const found = await segmented(photos, mode, small, true);
    expect(differing(found, plainly(photos, mode, small, right))).toBe(0);
    // The other two ways are seen to be other ways.
    expect(differing(found, plainly(photos, mode, small, { ...right, isMirroredBack: false }))).toBeGreaterThan(100);
    expect(differing(found, plainly(photos, mode, small, { ...right, of: 'logits' }))).toBeGreaterThan(20);
  });

  it.each([['whole', whole], ['windows', slide]])('decides in columns what it decides in rows: %s', async (_, mode) => {
    const photos = [photo(64, 160, 1)];
    const size = { height: 40, width: 61 };
    const expected = await segmented(photos, mode, size, true);
    vi.mocked(bandsOver).mockReturnValueOnce([0, 25].flatMap((left) => [0, 17].map((top) =>
      ({ top, left, height: top === 0 ? 17 : 23, width: left === 0 ? 25 : 36 }))));
    expect(differing(await segmented(photos, mode, size, true), expected)).toBe(0);
    expect(new Set(expected).size).toBeGreaterThan(3);
  });

  it('has bands cut by the windows of all views, their rows and what their logits take, a quarter as high and as wide', async () => {
    const photos = [photo(64, 96, 7), photo(32, 64, 7)]; // of the second, one window is the whole
    await segmented(photos, slide, { height: 8, width: 12 }, true);
    const view = (height: number, width: number, bytes: number) =>
      ({ width, windows: windowsOver(height, width, 64, 43), rows: 2, bytes });
    const [large, small] = [view(64, 96, 16 * 16 * classes * 4), view(32, 64, 8 * 16 * classes * 4)];
    expect(vi.mocked(bandsOver).mock.calls).toEqual([[{ height: 8, width: 12 }, classes, [large, large, small, small]]]);
  });

  it('takes the largest logit of one view, however little it is larger', async () => {
    const photos = [photo(64, 96, 8)];
    const expected = await segmented(photos, whole, small, false);
    const { weight } = model.decodeHead.classifier.convSeg;
    const scaled = (factor: number) => weight.set(tidy(() => mul(weight.value, factor)));
    scaled(2 ** -40); // the bias is zero
    const found = await segmented(photos, whole, small, false);
    scaled(2 ** 40);
    expect(differing(found, expected)).toBe(0);
  });

  it('compiles windows where it is told to, and frees the programs', async () => {
    const [run, dispose] = [vi.spyOn(CompiledStep.prototype, 'run'), vi.spyOn(CompiledStep.prototype, 'dispose')];
    const photos = [photo(64, 64, 9)];
    for (const compile of [false, true]) {
      await segmented(photos, slide, { height: 8, width: 8 }, false, compile);
      expect(run).toHaveBeenCalledTimes(compile ? 1 : 0);
    }
    expect(dispose).toHaveBeenCalledTimes(2);
  });

  it('says what to do about a photo that is too large for the model as a whole', async () => {
    const segmenter = new PhotoSegmenter(model, { mode: whole, flip: false, mean, std });
    const forward = vi.spyOn(model, 'quarterLogits').mockImplementation(() => { throw new NativeError('out of memory: 9000 MiB asked for'); });
    await expect(segmenter.segment([photo(64, 96, 5)], small, false)).rejects.toThrow(
      /^PhotoSegmenter: expected a photo .* got 96 x 64 pixels at test scale \(out of memory: 9000 MiB asked for\); set evaluation\.mode=slide, or a smaller/);
    for (const error of [new NativeError('another fault'), new TypeError('out of memory')]) {
      forward.mockImplementation(() => { throw error; });
      await expect(segmenter.segment([photo(64, 96, 5)], small, false)).rejects.toBe(error);
    }
    forward.mockRestore();
    segmenter.dispose();
  });

  it('leaves no tensor behind', async () => {
    const photos = [photo(64, 96, 4)];
    const segmenter = new PhotoSegmenter(model, { mode: slide, flip: true, mean, std });
    await segmenter.segment(photos, { height: 20, width: 30 }, false);
    const before = memory().numTensors;
    await segmenter.segment(photos, { height: 20, width: 30 }, false);
    expect(memory().numTensors).toBe(before);
    segmenter.dispose();
  });
});
