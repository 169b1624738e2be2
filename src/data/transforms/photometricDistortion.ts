// Random brightness, contrast, saturation and hue. Each is applied with probability 1/2; contrast comes before or after
// saturation and hue, as a coin says.
// Source: mmsegmentation 0.30, PhotoMetricDistortion (after Liu et al. 2016, SSD, section 2.2): order, ranges and arithmetic,
// which is float32 cut off to a byte after every step, and a way to HSV and back for each of saturation and hue (hsv.ts).

import type { Rng } from '../../random/rng.ts';
import { mapHsv } from './hsv.ts';

export interface PhotometricRanges {
  /** Greatest number of levels added or taken away. */
  readonly brightness: number;
  /** Least and greatest factor. */
  readonly contrast: readonly [number, number];
  /** Least and greatest factor. */
  readonly saturation: readonly [number, number];
  /** Hue turns by a whole number from -hue to hue - 1, in units of 2 degrees; at most 180. */
  readonly hue: number;
}

/** What is done to one picture; a member that is missing is not done. */
export interface PhotometricChange {
  /** Levels added. */
  readonly brightness?: number;
  /** A factor. */
  readonly contrast?: number;
  /** Before saturation and hue; else after them. */
  readonly contrastFirst: boolean;
  /** A factor. */
  readonly saturation?: number;
  /** Units of 2 degrees, whole. */
  readonly hue?: number;
}

const identity: Uint8Array = Uint8Array.from({ length: 256 }, (_, level) => level);

/** Draws a change: brightness, whether contrast comes first, contrast if so, saturation, hue, contrast if not. */
export function drawPhotometricChange(ranges: PhotometricRanges, rng: Rng): PhotometricChange {
  const drawContrast = () => (rng.chance(0.5) ? { contrast: rng.uniform(...ranges.contrast) } : {});
  const brightness = rng.chance(0.5) ? { brightness: rng.uniform(-ranges.brightness, ranges.brightness) } : {};
  const contrastFirst = rng.chance(0.5);
  const early = contrastFirst ? drawContrast() : {};
  const saturation = rng.chance(0.5) ? { saturation: rng.uniform(...ranges.saturation) } : {};
  const hue = rng.chance(0.5) ? { hue: rng.integer(2 * ranges.hue) - ranges.hue } : {};
  const late = contrastFirst ? {} : drawContrast();
  return { contrastFirst, ...brightness, ...early, ...saturation, ...hue, ...late };
}

/** Changes RGB bytes in place. */
export function changePhotometry(pixels: Uint8Array, change: PhotometricChange): void {
  const { brightness, contrast, contrastFirst, saturation, hue } = change;
  let levels: Uint8Array = identity;
  if (brightness !== undefined) levels = linearLevels(levels, 1, brightness);
  if (contrast !== undefined && contrastFirst) levels = linearLevels(levels, contrast, 0);
  mapLevels(pixels, levels);
  if (saturation !== undefined) mapHsv(pixels, identity, linearLevels(identity, saturation, 0));
  if (hue !== undefined) mapHsv(pixels, Uint8Array.from({ length: 180 }, (_, stored) => (stored + hue + 180) % 180), identity);
  if (contrast !== undefined && !contrastFirst) mapLevels(pixels, linearLevels(identity, contrast, 0));
}

/** The levels scaled and shifted, in float32, and cut off to bytes. */
function linearLevels(levels: Uint8Array, factor: number, shift: number): Uint8Array {
  return Uint8Array.from(levels, (level) => {
    const changed = Math.fround(Math.fround(level * Math.fround(factor)) + Math.fround(shift));
    return Math.min(Math.max(changed, 0), 255);
  });
}

function mapLevels(pixels: Uint8Array, levels: Uint8Array): void {
  if (levels === identity) return;
  for (let i = 0; i < pixels.length; i++) pixels[i] = levels[pixels[i]!]!;
}
