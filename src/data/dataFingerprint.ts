// Which data a score is of: a short hash of its samples, the same wherever the data lies.

import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { SampleSource } from './sampleSource.ts';

/** A sample's origin, and its label where a file does not hold it. */
export interface FingerprintedSample {
  readonly source: SampleSource | undefined;
  readonly label?: number;
}

/**
 * Eight hexadecimal digits over the samples in their order: of files the names, folders and sizes; of pixels in memory all.
 */
export function dataFingerprint(samples: Iterable<FingerprintedSample>): string {
  const hash = createHash('sha256');
  for (const { source, label } of samples) {
    hash.update(`\n${label ?? ''}`);
    if (source?.kind === 'pixels') hash.update(source.image.data);
    else if (source?.kind === 'file') hash.update(fileKey(source.path));
    else if (source !== undefined) hash.update(fileKey(source.photo) + fileKey(source.map));
  }
  return hash.digest('hex').slice(0, 8);
}

function fileKey(path: string): string {
  return `\n${basename(dirname(path))}/${basename(path)} ${statSync(path, { throwIfNoEntry: false })?.size ?? 'absent'}`;
}
