import { describe, expect, it } from 'vitest';
import { joinPresets, type JoinName } from '../../src/backbones/position/join.ts';
import { vitLite } from '../../src/backbones/vitLite.ts';

const model = (join: JoinName) => vitLite({
  channels: 256, depth: 7, heads: 4, mlpRatio: 2, imagePx: 32, patchPx: 4, classes: 100, join: joinPresets[join],
});

describe('vitLite', () => {
  it.each<[JoinName, number]>([['default', 3_740_004], ['lape', 3_743_588], ['pvg', 3_742_564], ['mpvg', 3_743_076]])(
    '%s: as many parameters as the paper counts',
    (join, expected) => {
      const sizes = [...model(join).namedParameters().values()].map(({ size }) => size);
      expect(sizes.reduce((total, size) => total + size, 0)).toBe(expected);
    },
  );

  it('has no bias in its qkv projection and one in its patch convolution', () => {
    const names = [...model('mpvg').namedParameters().keys()];
    expect(names.filter((name) => name.includes('qkv') && name.endsWith('bias'))).toEqual([]);
    expect(names).toContain('patch_embed.proj.bias');
  });
});
