// How many threads are hired, without starting any.

import { beforeEach, expect, it, vi } from 'vitest';
import { hireMaskHelp, type MaskWork } from '../../../src/evaluation/coco/maskHelp.ts';
import '../../../src/evaluation/coco/maskThreads.ts';

const { workers, processors, StandIn } = vi.hoisted(() => {
  const workers: { url: URL; log: string[] }[] = [];
  class StandIn {
    readonly log: string[] = [];
    constructor(url: URL) {
      workers.push({ url, log: this.log });
    }

    on(event: string): void { this.log.push(`on ${event}`); }
    unref(): void { this.log.push('unref'); }
    postMessage(message: unknown): void { this.log.push(`work ${JSON.stringify(message)}`); }
    async terminate(): Promise<void> { this.log.push('end'); }
  }
  return { workers, processors: { count: 1 }, StandIn };
});
vi.mock('node:worker_threads', () => ({ Worker: StandIn }));
vi.mock('node:os', () => ({ availableParallelism: () => processors.count }));
beforeEach(() => { workers.length = 0; });

it.each([
  [3999, 4, 0], [4000, 4, 1], [11_999, 4, 2], [12_000, 4, 3], [1e6, 4, 3], [1e6, 1, 0], [1e6, 2, 1], [1e6, 9, 8], [1e6, 64, 8],
])('hires for %i masks on %i processors %i threads', (masks, count, expected) => {
  processors.count = count;
  const help = hireMaskHelp(masks);
  expect(help === undefined).toBe(expected === 0);
  expect(workers).toHaveLength(expected);
});

it('hands out work to all, and ends them; none keeps the process alive or breaks it', () => {
  processors.count = 3;
  const help = hireMaskHelp(1e6)!;
  help.start({} as MaskWork);
  help.end();
  expect(workers.map(({ log }) => log)).toEqual([0, 1].map(() => ['on error', 'unref', 'work {}', 'end']));
  expect(workers[0]!.url.pathname).toMatch(/\/dist\/evaluation\/coco\/maskWorker\.js$/);
});
