// Test pictures that any language can make: no files to store beside the reference output.

import type { RawImage } from '../../src/data/decode.ts';

/** Noise of a linear congruential generator: x' = 1664525 x + 1013904223 mod 2^32 from 12345; a byte is the top 8 bits of x. */
export function noise(width: number, height: number): RawImage {
  let x = 12345;
  const data = new Uint8Array(width * height * 3).map(() => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x >>> 24;
  });
  return { data, width, height };
}
