// Threads that help to compare masks: what they are told, and how cells are shared out. Whoever is free takes the next few cells,
// so that results do not depend on who does what. A page has no such threads; Node's are in maskThreads.ts.

import type { SegmentationText } from '../../data/coco/annotationTable.ts';
import type { MaskCells, MaskComparer } from './maskCells.ts';

/** What a thread needs. */
export interface MaskWork {
  /** `values` and `areas` in shared memory. */
  readonly cells: MaskCells;
  readonly truth: SegmentationText;
  readonly detections: SegmentationText;
  /** [4] shared: see the constants. */
  readonly state: Int32Array;
}

/** Places in a work's state: the next cell that nobody has taken; threads at work; whether one failed; blocks done by them. */
const NEXT = 0;
export const ACTIVE = 1;
export const FAILED = 2;
export const DONE = 3;

/** Threads that have been started and wait for work. */
export interface MaskHelp {
  /** Hands out the work, once. */
  start(work: MaskWork): void;
  /** Ends the threads, at work or not. */
  end(): void;
}

/** Cells taken at a time: a fraction of a millisecond's work. */
const BLOCK = 32;
/** A thread that finishes no block for so long is not waited for. */
const PATIENCE_MS = 20_000;

let hire: ((masks: number) => MaskHelp | undefined) | undefined;

/** Says where threads come from. @param source gives threads for so many masks, undefined where they would not pay */
export function setMaskHelp(source: typeof hire): void {
  hire = source;
}

/** Starts threads that will be given work soon, so that they are ready by then. @param masks to be drawn, about */
export function hireMaskHelp(masks: number): MaskHelp | undefined {
  return hire?.(masks);
}

/**
 * Does the work and lets the threads do their part.
 * @returns false when somebody met a fault, or was not heard of any more
 */
export function compareTogether(comparer: MaskComparer, help: MaskHelp, work: Omit<MaskWork, 'state'>): boolean {
  const state = new Int32Array(new SharedArrayBuffer(16));
  help.start({ ...work, state });
  try {
    takeCells(comparer, work.cells.count, state);
  } catch {
    Atomics.store(state, FAILED, 1);
  }
  return waitForHelp(state);
}

/** Takes cells until there are none left, or somebody has failed. @param onBlock told after each block */
export function takeCells(comparer: MaskComparer, count: number, state: Int32Array, onBlock?: () => void): void {
  while (Atomics.load(state, FAILED) === 0) {
    const first = Atomics.add(state, NEXT, BLOCK);
    if (first >= count) return;
    comparer.compare(first, Math.min(count, first + BLOCK));
    onBlock?.();
  }
}

/** Waits for the threads at work. @returns whether all that was taken is done */
function waitForHelp(state: Int32Array): boolean {
  let done = -1;
  for (;;) {
    const active = Atomics.load(state, ACTIVE);
    if (active === 0) return Atomics.load(state, FAILED) === 0;
    if (Atomics.wait(state, ACTIVE, active, PATIENCE_MS) !== 'timed-out') continue;
    if (Atomics.load(state, DONE) === done) return false;
    done = Atomics.load(state, DONE);
  }
}
