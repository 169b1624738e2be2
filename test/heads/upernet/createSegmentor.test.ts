import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/backends/select.ts';
import { createSegmentor, type SegmentationModelOptions } from '../../../src/heads/upernet/createSegmentor.ts';
import { seedGenerator } from '../../../src/ops/hostValues.ts';
import { Rng } from '../../../src/random/rng.ts';
import { tinyAdapter } from '../../adapter/tinyAdapter.ts';
import { randomTensor } from '../../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

const { channels, depth, heads, mlpRatio, pretrainPx, join, ...adapter } = tinyAdapter;
const options: SegmentationModelOptions = {
  kind: 'upernetViTAdapter',
  size: { channels, depth, heads, mlpRatio },
  pretrainPx,
  join,
  classes: 3,
  adapter: { ...adapter, windows: 'global' },
  head: { channels: 8, poolScales: [1], dropout: 0, lossWeight: 1 },
  auxiliary: 'none',
};

const names = (given: Partial<SegmentationModelOptions>) =>
  [...createSegmentor({ ...options, ...given }).namedParameters().keys()];

describe('createSegmentor', () => {
  it('hands the options of the backbone on', () => {
    const all = names({});
    expect(names({ position: 'sine2d' })).toEqual(all.filter((name) => name !== 'backbone.pos_embed'));
    expect(names({ qkvBias: false })).toEqual(all.filter((name) => !name.endsWith('qkv.bias')));
    expect(() => createSegmentor({ ...options, adapter: { ...adapter, windows: [2] } })).toThrow('expected 4 entries');
  });

  it('hands the rate of stochastic depth on', () => {
    const differs = (given: Partial<SegmentationModelOptions>) => {
      const [first, second] = [1, 2].map((seed) => {
        const model = createSegmentor({ ...options, ...given });
        model.initialise(0);
        seedGenerator(seed);
        const values = tidy(() => {
          const [, , third] = model.backbone.forward(randomTensor(new Rng(1), [4, 32, 32, 3]), { training: true });
          return third!.dataSync<'float32'>();
        });
        model.dispose();
        return values;
      });
      return first!.some((value, i) => value !== second![i]);
    };
    expect([differs({}), differs({ dropPath: 0 }), differs({ dropPath: 0.5 })]).toEqual([false, false, true]);
  });

  it('knows the published sizes by name', () => {
    const twelve = { ...options.adapter, interactions: [[0, 2], [3, 5], [6, 8], [9, 11]] as const };
    const { backbone } = createSegmentor({ ...options, size: 'tiny', adapter: twelve });
    expect(backbone.channels).toEqual([192, 192, 192, 192]);
    expect(backbone.layers).toBe(12);
  });
});
