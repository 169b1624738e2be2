// One run of the fuzz test: a random file, damaged; what we make of it against what JSON.parse makes of it.

import { DataError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random/rng.ts';
import { difference, isCocoTruth } from './cocoOracle.ts';
import { datasetOfText } from './parseText.ts';
import { damagedText, randomCocoText, retypedText } from './randomCoco.ts';

/** How a run went. */
export type Outcome = 'same values' | 'both refuse' | 'not COCO';

/**
 * Runs case number `seed`.
 * @throws Error telling the fault, when the two disagree
 */
export function fuzzParser(seed: number): Outcome {
  const rng = new Rng(seed, 0xc0c0);
  const good = randomCocoText(rng);
  const whole = new TextEncoder().encode(rng.chance(0.4) ? retypedText(rng, good) : good);
  const text = rng.chance(0.3) ? whole : damagedText(rng, whole);
  const chunkBytes = rng.chance(0.5) ? undefined : 16 + rng.integer(200);
  const value = parsed(text);
  let refusal: DataError;
  try {
    const dataset = datasetOfText(text, chunkBytes);
    if (value === undefined) throw new Error(`case ${seed}: accepted what JSON.parse refuses`);
    const fault = isCocoTruth(value.json) ? difference(dataset, value.json) : 'accepted what is not COCO';
    if (fault !== undefined) throw new Error(`case ${seed}: ${fault}`);
    return 'same values';
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    refusal = error;
  }
  if (!/ at byte \d+ \(line \d+, column \d+\) of test\.json| for categories\[\d+\] of /.test(refusal.message)) {
    throw new Error(`case ${seed}: names no place: ${refusal.message}`);
  }
  if (value === undefined) return 'both refuse';
  // Of a key that comes twice JSON.parse shows the last value; we check each.
  if (isCocoTruth(value.json) && !hasRepeatedKeys(text, value.json)) throw new Error(`case ${seed}: refused good COCO: ${refusal.message}`);
  return 'not COCO';
}

function parsed(text: Uint8Array): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)) as unknown };
  } catch {
    return undefined;
  }
}

/** Whether the text has more colons between keys and values than what was made of it. */
function hasRepeatedKeys(text: Uint8Array, json: unknown): boolean {
  const colons = (of: string): number => of.replaceAll(/"(\\.|[^"\\])*"/g, '').split(':').length;
  return colons(new TextDecoder().decode(text)) > colons(JSON.stringify(json));
}
