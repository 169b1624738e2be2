// Which data a score is of: a short hash of its samples, the same wherever the data lies.

import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** What a sample is made of, as far as it is known, and its label where a file does not hold it. */
export interface FingerprintedSample {
  /** Paths. */
  readonly files?: readonly string[];
  readonly pixels?: Uint8Array;
  readonly label?: number;
}

/**
 * Eight hexadecimal digits over the samples in their order: of files the names, folders and sizes; of pixels in memory all.
 */
export function dataFingerprint(samples: Iterable<FingerprintedSample>): string {
  const hash = createHash('sha256');
  for (const { files = [], pixels, label } of samples) {
    hash.update(`\n${label ?? ''}`);
    for (const path of files) hash.update(fileKey(path));
    if (pixels !== undefined) hash.update(pixels);
  }
  return hash.digest('hex').slice(0, 8);
}

function fileKey(path: string): string {
  return `\n${basename(dirname(path))}/${basename(path)} ${statSync(path, { throwIfNoEntry: false })?.size ?? 'absent'}`;
}
