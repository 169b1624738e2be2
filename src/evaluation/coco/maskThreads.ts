// Node's worker threads for comparing masks. Importing this file lets evaluations use them.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { setMaskHelp, type MaskHelp } from './maskHelp.ts';

/** A thread takes 50 ms to start, in which it could draw about so many masks. */
const MASKS_PER_THREAD = 4000;
const MOST_THREADS = 8;

/** The compiled worker: beside this file in dist/, or in dist/ beside src/ when this file runs from its sources. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? '../../../dist/evaluation/coco/maskWorker.js' : './maskWorker.js', import.meta.url,
);

/**
 * Starts threads. They do not keep the process alive; one that cannot start is not missed, as
 * whoever asks for help does the work that nobody takes.
 */
export function startMaskThreads(count: number): MaskHelp {
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(entry, { execArgv: [] });
    worker.on('error', () => undefined);
    worker.unref();
    return worker;
  });
  return {
    start: (work) => workers.forEach((worker) => worker.postMessage(work)),
    end: () => workers.forEach((worker) => void worker.terminate()),
  };
}

setMaskHelp((masks) => {
  const threads = Math.min(MOST_THREADS, availableParallelism() - 1, Math.floor(masks / MASKS_PER_THREAD));
  return threads > 0 ? startMaskThreads(threads) : undefined;
});
