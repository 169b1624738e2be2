// Pictures that a tiny model can tell apart: noise, brighter in the colour of their class.

import type { ClassificationDataset } from '../../src/data/dataset.ts';
import type { RawImage } from '../../src/data/decode.ts';
import { Rng } from '../../src/random/rng.ts';

const names = ['red', 'green', 'blue'];

/** `size` pictures of `sidePx`², classes in turn. */
export function coloursDataset(size: number, { sidePx = 8, seed = 1, classNames = names }: {
  sidePx?: number;
  seed?: number;
  classNames?: readonly string[];
} = {}): ClassificationDataset {
  const label = (index: number) => index % names.length;
  return {
    size,
    classNames,
    label,
    describe: (index) => `picture ${index}`,
    load: async (index): Promise<RawImage> => {
      const rng = new Rng(seed, index);
      const bright = label(index);
      const data = Uint8Array.from({ length: sidePx * sidePx * 3 }, (_, i) => rng.integer(156) + (i % 3 === bright ? 80 : 0));
      return { data, width: sidePx, height: sidePx };
    },
  };
}
