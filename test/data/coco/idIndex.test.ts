import { describe, expect, it } from 'vitest';
import { IdIndex } from '../../../src/data/coco/idIndex.ts';
import { RowGroups } from '../../../src/data/coco/rowGroups.ts';
import { Rng } from '../../../src/random/rng.ts';

/** Ids of every kind: small, large, negative, fractions, repeated, none. */
function randomIds(rng: Rng, count: number): Float64Array {
  const kinds = [
    () => rng.integer(count), () => rng.integer(50) * 0x1_0000_0000, () => -rng.integer(100), () => rng.uniform(),
    () => NaN, () => 900_100_000_000 + rng.integer(1000),
    () => Number.MAX_SAFE_INTEGER - rng.integer(10), () => (rng.chance(0.5) ? Infinity : -0),
  ];
  return Float64Array.from({ length: count }, () => kinds[rng.integer(kinds.length)]!());
}

describe('IdIndex and RowGroups', () => {
  it('find what a Map finds', () => {
    for (let seed = 0; seed < 50; seed++) {
      const ids = randomIds(new Rng(seed), 1 + seed * 20);
      const index = new IdIndex(ids);
      const groups = new RowGroups(ids);
      const last = new Map<number, number>();
      const all = new Map<number, number[]>();
      ids.forEach((id, row) => {
        if (Number.isNaN(id)) return;
        last.set(id, row);
        all.set(id, [...all.get(id) ?? [], row]);
      });
      for (const [id, row] of last) expect(index.row(id)).toBe(row);
      for (const [id, rows] of all) expect([...groups.rows(id)]).toEqual(rows);
      expect([...groups.keys].map((key) => key + 0)).toEqual([...all.keys()]);
      for (const other of [NaN, 0.123, -12345, 2 ** 60]) {
        expect(index.row(other)).toBe(-1);
        expect(groups.rows(other).length).toBe(0);
      }
    }
  });

  it('stays quick with ids that differ in high bits only, and with ids in steps', () => {
    for (const step of [1, 1024, 0x1_0000_0000, 0x10_0000_0000]) {
      const ids = Float64Array.from({ length: 100_000 }, (_, row) => row * step);
      const index = new IdIndex(ids);
      ids.forEach((id, row) => { if (index.row(id) !== row) throw new Error(`id ${id}`); });
    }
  });

  it('works on nothing', () => {
    expect(new IdIndex(new Float64Array(0)).row(1)).toBe(-1);
    expect(new RowGroups(new Float64Array(0)).keys.length).toBe(0);
  });
});
