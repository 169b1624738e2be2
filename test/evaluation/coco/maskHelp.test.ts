import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SegmentationText } from '../../../src/data/coco/annotationTable.ts';
import { MaskComparer, type MaskCells, type MaskSource } from '../../../src/evaluation/coco/maskCells.ts';
import { ACTIVE, compareTogether, DONE, FAILED, takeCells, type MaskWork } from '../../../src/evaluation/coco/maskHelp.ts';

afterEach(() => vi.restoreAllMocks());

/** Notes what it is to compare. */
function noting(compare: (first: number, end: number) => void = () => undefined) {
  const blocks: number[][] = [];
  const comparer = new MaskComparer({} as MaskCells, {} as MaskSource, {} as MaskSource);
  vi.spyOn(comparer, 'compare').mockImplementation((first, end) => {
    blocks.push([first, end]);
    compare(first, end);
  });
  return { blocks, comparer };
}

describe('takeCells', () => {
  it('takes 32 cells at a time until there are none left', () => {
    for (const [count, expected] of [[0, []], [64, [[0, 32], [32, 64]]], [70, [[0, 32], [32, 64], [64, 70]]]] as const) {
      const { blocks, comparer } = noting();
      let told = 0;
      takeCells(comparer, count, new Int32Array(4), () => { told++; });
      expect(blocks).toEqual(expected);
      expect(told).toBe(expected.length);
    }
  });

  it('stops when somebody has failed', () => {
    const state = new Int32Array(4);
    const { blocks, comparer } = noting((first) => { if (first === 32) state[FAILED] = 1; });
    takeCells(comparer, 1000, state);
    expect(blocks).toEqual([[0, 32], [32, 64]]);
  });
});

describe('compareTogether', () => {
  const text = {} as SegmentationText;
  const cells = { count: 40 } as MaskCells;
  const together = (begin: (state: Int32Array) => void, compare?: () => void) => {
    const { blocks, comparer } = noting(compare);
    let given: MaskWork | undefined;
    const start = (work: MaskWork) => { given = work; begin(work.state); };
    const isDone = compareTogether(comparer, { start, end: () => undefined }, { cells, truth: text, detections: text });
    expect(given).toMatchObject({ cells, truth: text, detections: text });
    expect(given!.state).toHaveLength(4);
    return { isDone, blocks };
  };

  it('does what nobody else does', () => {
    expect(together(() => undefined)).toEqual({ isDone: true, blocks: [[0, 32], [32, 40]] });
    expect(together((state) => { state[0] = 32; })).toEqual({ isDone: true, blocks: [[32, 40]] });
  });

  it('says that somebody met a fault', () => {
    expect(together((state) => { state[FAILED] = 1; })).toEqual({ isDone: false, blocks: [] });
    expect(together(() => undefined, () => { throw new Error('a fault'); })).toEqual({ isDone: false, blocks: [[0, 32]] });
  });

  it('waits for threads as long as they finish blocks', () => {
    const wait = vi.spyOn(Atomics, 'wait');
    let waited = 0;
    wait.mockImplementation(((state: Int32Array, place: number, value: number, timeout: number) => {
      expect([place, value, timeout]).toEqual([ACTIVE, 2, 20_000]);
      waited++;
      if (waited < 4) state[DONE]! += 1;
      else [state[DONE], state[ACTIVE]] = [11, 0];
      return 'timed-out';
    }) as typeof Atomics.wait);
    expect(together((state) => { state[ACTIVE] = 2; state[DONE] = 7; }).isDone).toBe(true);
    expect(waited).toBe(4);
  });

  it('gives a thread up that finishes none, and does not mind being woken', () => {
    const answers = ['ok', 'not-equal', 'ok', 'timed-out', 'timed-out'] as const;
    const wait = vi.spyOn(Atomics, 'wait');
    for (const answer of answers) wait.mockReturnValueOnce(answer);
    expect(together((state) => { state[ACTIVE] = 1; }).isDone).toBe(false);
    expect(wait).toHaveBeenCalledTimes(answers.length);
    for (const answer of answers) wait.mockReturnValueOnce(answer);
    expect(together((state) => { state[ACTIVE] = 1; state[DONE] = 1; }).isDone).toBe(false);
    expect(wait).toHaveBeenCalledTimes(2 * answers.length);
  });
});
