import { describe, expect, it } from 'vitest';
import { sine1d, sine2d } from '../../../src/backbones/position/sine.ts';
import { readReference, relativeError } from '../../reference.ts';

describe('sine1d', () => {
  it('has sines and cosines by turns, the frequency falling from 1', () => {
    const values = sine1d(3, 4); // frequencies 1 and 1/100
    const expected = [0, 1, 2].flatMap((token) => [1, 0.01].flatMap((rate) => [Math.sin(token * rate), Math.cos(token * rate)]));
    expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 6));
  });
});

describe('sine2d', () => {
  it('gives the column to the first half of the channels, the row to the second, zeros to the extra tokens', () => {
    const values = sine2d(2, 1, 4);
    const [s, c] = [Math.sin(1), Math.cos(1)];
    const expected = [0, 0, 0, 0, 0, 1, 0, 1, s, c, 0, 1, 0, 1, s, c, s, c, s, c];
    expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 6));
  });
});

describe("LaPE's repository", () => {
  it('has the same', async () => {
    const tensors = await readReference('deit_pos_types');
    expect(relativeError(sine1d(17, 48), tensors.get('weight.1D_sin_default/pos_embed')!.data)).toBeLessThan(1e-6);
    expect(relativeError(sine2d(4, 1, 48), tensors.get('weight.2D_sin_default/pos_embed')!.data)).toBeLessThan(1e-6);
  });
});
