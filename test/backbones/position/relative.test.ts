import { beforeAll, describe, expect, it } from 'vitest';
import { RelativePosition, relativeIndex } from '../../../src/backbones/position/relative.ts';
import { selectBackend } from '../../../src/backends/select.ts';
import { Rng } from '../../../src/random/rng.ts';
import { readReference } from '../../reference.ts';

beforeAll(() => selectBackend());

describe('relativeIndex', () => {
  it('counts offsets along the sequence from the most negative one', () => {
    expect([...relativeIndex(1, 2)]).toEqual([3, 2, 1, 0, 4, 3, 2, 1, 5, 4, 3, 2, 6, 5, 4, 3]);
  });

  it('counts offsets of rows and columns, rows first', () => {
    // Patches (0,0), (0,1), (1,0), (1,1); index 3 (rows + 1) + (columns + 1).
    expect([...relativeIndex(2, 2)]).toEqual([4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4]);
  });

  it("is that of LaPE's repository", async () => {
    const tensors = await readReference('deit_pos_types');
    expect([...relativeIndex(2, 4)]).toEqual([...tensors.get('output.2D_RPE_default.index')!.data]);
  });
});

describe('RelativePosition', () => {
  it('starts near zero, and is spared weight decay as an embedding', async () => {
    const { table } = new RelativePosition({ axes: 2, side: 16, extraTokens: 0, heads: 4, norm: false });
    table.initialise(new Rng(3));
    const values = await table.read();
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(5 / Math.sqrt(2 * values.length));
    expect(table.embedding).toBe(true);
  });

  it('looks the offsets up, head by head, and leaves the extra tokens without', () => {
    const position = new RelativePosition({ axes: 1, side: 1, extraTokens: 1, heads: 2, norm: false });
    position.initialise(1);
    position.table.set(Float32Array.of(5, 7)); // one offset, two heads
    expect(position.bias().shape).toEqual([2, 2, 2]);
    expect([...position.bias().dataSync()]).toEqual([0, 0, 0, 5, 0, 0, 0, 7]);
  });

  it('normalises over the keys where it has a norm', () => {
    const position = new RelativePosition({ axes: 2, side: 2, extraTokens: 0, heads: 1, norm: true });
    position.initialise(1);
    position.table.set(Float32Array.of(0, 1, 2, 10, 11, 12, 20, 21, 22));
    const rows = position.bias().dataSync<'float32'>();
    // Query 0 sees offsets 4, 3, 1, 0: 11, 10, 1, 0; mean 5.5, deviation √25.25.
    [11, 10, 1, 0].forEach((value, i) => expect(rows[i]).toBeCloseTo((value - 5.5) / Math.sqrt(25.25), 5));
  });
});
