// How data are looked at before training: what is remembered, and what is told meanwhile.

import { checkCacheOf } from '../data/files/checkedFiles.ts';
import type { CheckOptions } from '../data/files/fileCheck.ts';
import { formatDuration } from '../engine/progress.ts';
import { tell } from './tell.ts';

const INTERVAL_MS = 2000;

/**
 * A line every two seconds, with rate and time left; nothing where it is over at once.
 * @param what is counted: 'photos'
 */
export function checkOptions(dataFolder: string, what: string): CheckOptions {
  const cacheFile = checkCacheOf(dataFolder);
  const start = performance.now();
  let said = start;
  const onProgress = (done: number, total: number): void => {
    const now = performance.now();
    const isLast = done === total && said > start;
    if (now - said < INTERVAL_MS && !isLast) return;
    said = now;
    const perSecond = done / ((now - start) / 1000);
    const left = done < total ? `, ETA ${formatDuration((total - done) / perSecond)}` : '';
    tell(`looking at ${what}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}, ${perSecond.toFixed(0)} per second${left}`);
  };
  return { onProgress, ...(cacheFile !== undefined && { cacheFile }) };
}
