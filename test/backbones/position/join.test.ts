import { describe, expect, it } from 'vitest';
import { checkJoin, joinPresets, layerHasPosition, type PositionJoin } from '../../../src/backbones/position/join.ts';
import { ConfigError } from '../../../src/errors.ts';

const { mpvg, unshare } = joinPresets;

describe('layerHasPosition', () => {
  it.each<[PositionJoin['layers'], boolean[]]>([
    ['none', [false, false, false]],
    ['all', [true, true, true]],
    ['allSide', [true, true, true]],
    ['skipFirst', [false, true, true]],
  ])('%s', (layers, expected) => {
    expect([0, 1, 2].map((layer) => layerHasPosition({ ...mpvg, layers }, layer))).toEqual(expected);
  });
});

describe('joinPresets', () => {
  it('hands positions on from layer to layer where layers have any', () => {
    const handedOn = Object.entries(joinPresets).filter(([, { layers }]) => layers !== 'none');
    expect(handedOn.map(([name, { hierarchical }]) => [name, hierarchical])).toEqual([['lape', true], ['pvg', true], ['mpvg', true]]);
    expect(joinPresets.mpvg.lastNorm).toEqual({ from: 0 });
  });
});

describe('checkJoin', () => {
  it.each(Object.entries(joinPresets))('takes the preset %s', (_name, join) => {
    expect(() => checkJoin(join, 1)).not.toThrow();
  });

  it('refuses a last norm that takes the position of no layer', () => {
    expect(() => checkJoin({ ...mpvg, lastNorm: { from: 12 } }, 12)).toThrow(new ConfigError('checkJoin: expected a layer in 0 … 11 for join.lastNorm.from, got 12'));
    expect(() => checkJoin({ ...mpvg, lastNorm: { from: 11 } }, 12)).not.toThrow();
    for (const from of [-1, 1.5, NaN]) expect(() => checkJoin({ ...mpvg, lastNorm: { from } }, 12)).toThrow(ConfigError);
    expect(() => checkJoin({ ...mpvg, layers: 'none', lastNorm: { from: 1 } }, 12)).toThrow(ConfigError);
  });

  it('refuses to hand on a position where every layer has its own', () => {
    expect(() => checkJoin({ ...unshare, layers: 'all' }, 12)).toThrow("expected layers 'none' and lastNorm 'none'");
    expect(() => checkJoin({ ...unshare, lastNorm: { from: 0 } }, 12)).toThrow(ConfigError);
  });
});
