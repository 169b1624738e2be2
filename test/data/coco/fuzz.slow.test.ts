// What may be fed to the parser by anybody: 100,000 damaged files and as many damaged masks. None may hang, crash or give
// something else than a reference does without saying so.

import { describe, expect, it } from 'vitest';
import { rleArea } from '../../../src/data/coco/rle.ts';
import { encodeMask } from '../../../src/data/coco/rleMask.ts';
import { formatRle } from '../../../src/data/coco/rleString.ts';
import { DataError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random/rng.ts';
import { fuzzParser, type Outcome } from './fuzzParser.ts';
import { datasetOfText } from './parseText.ts';
import { damagedText } from './randomCoco.ts';

const runs = 100_000;

describe('fuzzed input', () => {
  it(`agrees with JSON.parse on ${runs} damaged files, or names the place`, () => {
    const outcomes = new Map<Outcome, number>();
    for (let seed = 0; seed < runs; seed++) {
      const outcome = fuzzParser(1e6 + seed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    console.log('fuzzed files', Object.fromEntries(outcomes));
    for (const outcome of ['same values', 'both refuse', 'not COCO'] as const) expect(outcomes.get(outcome)).toBeGreaterThan(1000);
  });

  it(`decodes ${runs} damaged masks as the plain rule does, or names the annotation`, () => {
    let accepted = 0;
    for (let seed = 0; seed < runs; seed++) {
      const rng = new Rng(seed, 0x41e);
      const [height, width] = [1 + rng.integer(12), 1 + rng.integer(12)];
      const mask = Uint8Array.from({ length: height * width }, () => (rng.chance(0.4) ? 1 : 0));
      const good = new TextEncoder().encode(formatRle(encodeMask(mask, height, width)));
      const counts = Buffer.from(rng.chance(0.1) ? good : damagedText(rng, good)).toString('latin1');
      const expected = plainRuns(counts, height * width);
      const segmentation = { size: [height, width], counts };
      const annotations = [{ id: 42, image_id: 1, segmentation }];
      const dataset = datasetOfText(JSON.stringify({ images: [{ id: 1, width, height }], annotations }));
      try {
        const rle = dataset.annotationToRle(0);
        if (expected === undefined) throw new Error(`case ${seed}: decoded ${JSON.stringify(counts)}, which is no mask`);
        if (Array.from(rle.counts).join() !== expected.join()) throw new Error(`case ${seed}: ${JSON.stringify(counts)} decoded otherwise`);
        if (rleArea(rle) > height * width) throw new Error(`case ${seed}: more ones than pixels`);
        accepted++;
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        if (!error.message.includes('annotation id 42')) throw new Error(`case ${seed}: names no annotation: ${error.message}`, { cause: error });
        if (expected !== undefined) throw new Error(`case ${seed}: refused ${JSON.stringify(counts)}: ${error.message}`, { cause: error });
      }
    }
    expect(accepted).toBeGreaterThan(runs / 20);
    expect(accepted).toBeLessThan(runs / 2);
  });
});

/** COCO's compressed runs by the plain rule, in exact integers; undefined for what is no mask of that many pixels. */
function plainRuns(counts: string, pixels: number): readonly bigint[] | undefined {
  const runs: bigint[] = [];
  for (let at = 0; at < counts.length;) {
    let value = 0n;
    let shift = 0n;
    for (let more = true; more; shift += 5n) {
      const digit = BigInt((counts.charCodeAt(at++) || 0) - 48);
      if (digit < 0n || digit > 63n || shift > 30n) return undefined;
      value |= (digit & 31n) << shift;
      more = (digit & 32n) !== 0n;
      if (!more && (digit & 16n) !== 0n) value -= 1n << (shift + 5n);
    }
    const run = value + (runs.length > 2 ? runs[runs.length - 2]! : 0n);
    if (run < 0n || run > BigInt(pixels)) return undefined;
    runs.push(run);
  }
  return runs.reduce((sum, run) => sum + run, 0n) === BigInt(pixels) ? runs : undefined;
}
