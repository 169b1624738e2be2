// A kind of sample as detection needs it, for batchLoader.test.ts: a number of boxes that varies, padded to the most.
// JavaScript, as worker threads load it by its address.

const MOST = 3;

/**
 * Boxes [samples, 3, 4], labels [samples, 3], and how many of them there are, [samples].
 * @typedef {{ boxes: Float32Array<ArrayBuffer>, labels: Int32Array<ArrayBuffer>, counts: Int32Array<ArrayBuffer> }} BoxArrays
 */

/** @type {import('../../src/data/sampleKind.ts').SampleKind<{ readonly scale: number }, readonly number[][], BoxArrays>} */
export const sampleKind = {
  module: import.meta.url,
  createMaker: ({ scale }) => ({
    allocate: (count) => ({
      boxes: new Float32Array(count * MOST * 4),
      labels: new Int32Array(count * MOST).fill(-1),
      counts: new Int32Array(count),
    }),
    async make(boxes, rng, batch, position) {
      const shift = rng.uniform(0, 1);
      for (const [i, box] of boxes.entries()) {
        batch.boxes.set(box.map((side) => side * scale + shift), (position * MOST + i) * 4);
        batch.labels[position * MOST + i] = i;
      }
      batch.counts[position] = boxes.length;
    },
  }),
};
