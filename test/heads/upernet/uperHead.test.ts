import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/backends/select.ts';
import { FcnHead } from '../../../src/heads/upernet/fcnHead.ts';
import { UperHead } from '../../../src/heads/upernet/uperHead.ts';
import { setComputeType } from '../../../src/ops/computeType.ts';
import { Rng } from '../../../src/random/rng.ts';
import { randomTensor } from '../../ops/gradientCheck.ts';
import { relativeError } from '../../reference.ts';

beforeAll(() => selectBackend());

const make = (channels: number) => {
  const head = new UperHead({ inputs: [4, 4, 4, 4], channels, classes: 3, poolScales: [1, 2], dropout: 0 });
  head.initialise(1);
  return head;
};
const features = (height: number, width: number) => [1, 2, 4, 8].map((stride, i) =>
  randomTensor(new Rng(i), [1, height / stride, width / stride, 4]));

describe('UperHead', () => {
  it('spreads pooled regions over a deepest map of one row, as wide as there are channels', () => {
    const head = make(4);
    expect(tidy(() => head.forward(features(8, 32), false).shape)).toEqual([1, 8, 32, 3]);
    head.dispose();
  });

  it('computes its convolutions in bfloat16 where that is asked for', () => {
    const head = make(16);
    const run = (type: 'float32' | 'bfloat16') => {
      setComputeType(type);
      try {
        return tidy(() => head.forward(features(16, 24), false).dataSync<'float32'>());
      } finally {
        setComputeType('float32');
      }
    };
    const error = relativeError(run('bfloat16'), run('float32'));
    expect(error).toBeGreaterThan(1e-4); // eight bits of significand
    expect(error).toBeLessThan(0.05);
    head.dispose();
  });

  it('counts the multiply-adds of every part', () => {
    // Maps of 16 x 24 = 384, 96, 24 and 6 pixels.
    expect([...make(16).macs(384)]).toEqual([
      ['conv_seg', 384 * 16 * 3],
      ['psp_modules', (1 + 4) * 4 * 16],
      ['bottleneck', 6 * (4 + 2 * 16) * 16 * 9],
      ['lateral_convs', (384 + 96 + 24) * 4 * 16],
      ['fpn_convs', (384 + 96 + 24) * 16 * 16 * 9],
      ['fpn_bottleneck', 384 * 4 * 16 * 16 * 9],
    ]);
  });
});

describe('FcnHead', () => {
  it('counts the multiply-adds of every part', () => {
    const head = new FcnHead({ inputs: 4, channels: 8, classes: 3, convolutions: 2, dropout: 0 });
    expect([...head.macs(24)]).toEqual([['conv_seg', 24 * 8 * 3], ['convs', 24 * 9 * (4 * 8 + 8 * 8)]]);
  });
});
