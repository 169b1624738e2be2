// Where evaluation and training crops lie.
// Source: torchvision.transforms.RandomResizedCrop, Resize and CenterCrop; timm 1.0, data/transforms_factory.py,
// transforms_imagenet_eval. Inception-style crops: Szegedy et al. 2015, section 6.

import type { Rng } from '../../random/rng.ts';
import type { Box } from './resample.ts';

const ATTEMPTS = 10;

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A random box: its share of the area uniform in `scale`, the logarithm of its width / height uniform in that of `ratio`. After
 * ten draws that do not fit into the picture: the largest central box whose ratio is allowed.
 */
export function randomResizedCropBox(
  { width, height }: Size,
  scale: readonly [number, number],
  ratio: readonly [number, number],
  rng: Rng,
): Box {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = width * height * rng.uniform(scale[0], scale[1]);
    const aspect = Math.exp(rng.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const y = rng.integer(height - h + 1);
      return { x: rng.integer(width - w + 1), y, width: w, height: h };
    }
  }
  return centralBox({ width, height }, ratio);
}

function centralBox({ width, height }: Size, ratio: readonly [number, number]): Box {
  let w = width;
  let h = height;
  if (width / height < ratio[0]) h = Math.max(1, Math.round(width / ratio[0]));
  else if (width / height > ratio[1]) w = Math.max(1, Math.round(height * ratio[1]));
  return { x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h };
}

/**
 * timm's evaluation geometry: the short side becomes floor(sizePx / cropRatio), the long side keeps the ratio and is rounded
 * down; the window is the central square of sizePx, an odd margin rounded half to even.
 */
export function centreCropGeometry(
  { width, height }: Size,
  sizePx: number,
  cropRatio: number,
): { resized: Size; window: Box } {
  const short = Math.floor(sizePx / cropRatio);
  const long = Math.trunc((short * Math.max(width, height)) / Math.min(width, height));
  const resized = width <= height ? { width: short, height: long } : { width: long, height: short };
  const window = {
    x: roundHalfToEven((resized.width - sizePx) / 2),
    y: roundHalfToEven((resized.height - sizePx) / 2),
    width: sizePx,
    height: sizePx,
  };
  return { resized, window };
}

/** Python's round(). */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
