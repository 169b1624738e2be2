// A whole photo at each test scale, with its map at its own size. One to a batch, as sizes differ.

import type { SampleKind } from '../sampleKind.ts';
import { loadLabelledPhoto, type LabelledPhotoSource } from './labelledPhoto.ts';
import { LabelReader, type LabelRules } from './labelRules.ts';
import { testPhotos, type TestScales } from './testPhotos.ts';

export interface WholePhotoOptions {
  readonly scales: TestScales;
  readonly labels: LabelRules;
}

export interface WholePhotoArrays {
  /** RGB bytes of the photo at each of the scales. */
  [photo: `photo${number}`]: Uint8Array<ArrayBuffer>;
  /** Class numbers, 255 where ignored. */
  map: Uint8Array<ArrayBuffer>;
  /** Width and height of each of the scales, then of the map, [scales + 1, 2]. */
  sizes: Int32Array<ArrayBuffer>;
}

export const sampleKind: SampleKind<WholePhotoOptions, LabelledPhotoSource, WholePhotoArrays> = {
  module: import.meta.url,
  createMaker({ scales, labels }) {
    const reader = new LabelReader(labels);
    return {
      allocate: () => ({ map: new Uint8Array(), sizes: new Int32Array() }),
      async make(source, _rng, batch) {
        const { photo, map } = await loadLabelledPhoto(source, reader);
        const scaled = testPhotos(photo, scales);
        // Copied: the decoder's memory cannot be handed to another thread.
        for (const [i, { data }] of scaled.entries()) batch[`photo${i}`] = Uint8Array.from(data);
        batch.map = Uint8Array.from(map.data);
        batch.sizes = Int32Array.from([...scaled, map].flatMap(({ width, height }) => [width, height]));
      },
    };
  },
};
