// Changes hue and saturation of RGB bytes by way of HSV in bytes: hue 0 to 179 (2 degrees each), saturation and value 0 to 255.
// Source: OpenCV 4.10, modules/imgproc/src/color_hsv.simd.hpp, RGB2HSV_b and HSV2RGB_b as its vector code computes them on x86:
// to HSV in whole numbers with 12 fractional bits, back in float32, 1 - s * f in one rounding, cut off to bytes. The last pixels
// of a row, which do not fill a vector there, are rounded instead; here all are alike.

const HUES = 180;
const fround = Math.fround;

/** 255 / v and 180 / (6 d) with 12 fractional bits; 0 for 0. */
const saturationOver = Int32Array.from({ length: 256 }, (_, v) => (v === 0 ? 0 : Math.round((255 << 12) / v)));
const hueOver = Int32Array.from({ length: 256 }, (_, d) => (d === 0 ? 0 : Math.round((HUES << 12) / (6 * d))));

/** A byte as a share of 255. */
const shares = Float32Array.from({ length: 256 }, (_, byte) => byte * fround(1 / 255));
const sectors = Uint8Array.from({ length: HUES }, (_, hue) => Math.floor(fround(hue * fround(6 / HUES))));
/** How much of the saturation the middle channel loses: the hue's place in its sector, from whichever end is brighter. */
const middleShares = Float32Array.from({ length: HUES }, (_, hue) => {
  const place = fround(fround(hue * fround(6 / HUES)) - sectors[hue]!);
  return sectors[hue]! % 2 === 0 ? fround(1 - place) : place;
});
const brightest = Uint8Array.from(shares, (share) => fround(share * 255));
/** The darkest channel, at value * 256 + saturation. */
const darkest = Uint8Array.from({ length: 65536 }, (_, i) => {
  const share = fround(shares[i >> 8]! * fround(1 - shares[i & 255]!));
  return fround(share * 255);
});

/**
 * Takes every pixel to HSV, replaces hue and saturation, and takes it back, in place.
 * @param pixels RGB bytes
 * @param hues the new hue of each, [180], values below 180
 * @param saturations the new saturation of each, [256]
 */
export function mapHsv(pixels: Uint8Array, hues: Uint8Array, saturations: Uint8Array): void {
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const r = pixels[i]!;
    const g = pixels[i + 1]!;
    const b = pixels[i + 2]!;
    const value = r > g ? (r > b ? r : b) : g > b ? g : b;
    const chroma = value - (r < g ? (r < b ? r : b) : g < b ? g : b);
    const turned = value === r ? g - b : value === g ? b - r + 2 * chroma : r - g + 4 * chroma;
    const stored = (turned * hueOver[chroma]! + 2048) >> 12;
    const hue = hues[stored < 0 ? stored + HUES : stored]!;
    const saturation = saturations[(chroma * saturationOver[value]! + 2048) >> 12]!;
    const high = brightest[value]!;
    const low = darkest[(value << 8) | saturation]!;
    const middle = fround(fround(shares[value]! * fround(1 - shares[saturation]! * middleShares[hue]!)) * 255) | 0;
    switch (sectors[hue]) {
      case 0: pixels[i] = high; pixels[i + 1] = middle; pixels[i + 2] = low; break;
      case 1: pixels[i] = middle; pixels[i + 1] = high; pixels[i + 2] = low; break;
      case 2: pixels[i] = low; pixels[i + 1] = high; pixels[i + 2] = middle; break;
      case 3: pixels[i] = low; pixels[i + 1] = middle; pixels[i + 2] = high; break;
      case 4: pixels[i] = middle; pixels[i + 1] = low; pixels[i + 2] = high; break;
      default: pixels[i] = high; pixels[i + 1] = low; pixels[i + 2] = middle;
    }
  }
}
