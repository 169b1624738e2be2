import { reshape, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PyramidBackbone } from '../../../src/backbones/pyramid.ts';
import { selectBackend } from '../../../src/backends/select.ts';
import { ConfigError } from '../../../src/errors.ts';
import { UpernetSegmentor } from '../../../src/heads/upernet/segmentor.ts';
import { Module } from '../../../src/nn/module.ts';
import { PatchEmbed } from '../../../src/nn/patchEmbed.ts';
import { Rng } from '../../../src/random/rng.ts';
import { randomTensor } from '../../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

/** Three maps, each wider than the one before, straight from the pixels. */
class ThreeMaps extends Module implements PyramidBackbone {
  readonly channels = [4, 6, 10];
  readonly strides = [4, 8, 16];
  readonly layers = 1;
  readonly #patches = this.strides.map((patchPx, i) =>
    this.child(`patches${i}`, new PatchEmbed({ patchPx, channels: this.channels[i]! })));

  forward(images: Tensor): Tensor[] {
    const [batch = 0, height = 0, width = 0] = images.shape;
    return this.#patches.map((patch, i) => {
      const stride = this.strides[i]!;
      return reshape(patch.forward(images), [batch, height / stride, width / stride, this.channels[i]!]);
    });
  }

  macs(heightPx: number, widthPx: number): Map<string, number> {
    return new Map(this.#patches.map((patch, i) => [`patches${i}`, patch.macs((heightPx * widthPx) / this.strides[i]! ** 2)]));
  }

  layerOf(name: string): number {
    return name.startsWith('patches') ? 1 : 2;
  }
}

const head = { channels: 8, poolScales: [1, 2], dropout: 0, lossWeight: 1 };
const auxiliary = { level: 1, channels: 5, convolutions: 1, dropout: 0, lossWeight: 0.4 };
const make = (level = 1) =>
  new UpernetSegmentor({ classes: 3, backbone: new ThreeMaps(), head, auxiliary: { ...auxiliary, level } });

describe('UpernetSegmentor on a backbone of three maps of different widths', () => {
  it('has a layer for each map, of its width', () => {
    const shapes = new Map([...make().namedParameters()].map(([name, { shape }]) => [name, shape]));
    const convolutions = [...shapes].filter(([name]) => /_head.*conv(_seg)?\.weight$/.test(name));
    expect(Object.fromEntries(convolutions)).toEqual({
      'decode_head.conv_seg.weight': [3, 8, 1, 1],
      'decode_head.psp_modules.0.1.conv.weight': [8, 10, 1, 1],
      'decode_head.psp_modules.1.1.conv.weight': [8, 10, 1, 1],
      'decode_head.bottleneck.conv.weight': [8, 10 + 2 * 8, 3, 3],
      'decode_head.lateral_convs.0.conv.weight': [8, 4, 1, 1],
      'decode_head.lateral_convs.1.conv.weight': [8, 6, 1, 1],
      'decode_head.fpn_convs.0.conv.weight': [8, 8, 3, 3],
      'decode_head.fpn_convs.1.conv.weight': [8, 8, 3, 3],
      'decode_head.fpn_bottleneck.conv.weight': [8, 3 * 8, 3, 3],
      'auxiliary_head.conv_seg.weight': [3, 5, 1, 1],
      'auxiliary_head.convs.0.conv.weight': [5, 6, 3, 3],
    });
  });

  it('classifies every pixel and has a loss', () => {
    const model = make();
    model.initialise(0);
    const images = randomTensor(new Rng(1), [2, 32, 48, 3]);
    const labels = tensor(new Int32Array(2 * 32 * 48).fill(2), [2, 32, 48], 'int32');
    expect(tidy(() => model.quarterLogits(images).shape)).toEqual([2, 8, 12, 3]);
    expect(tidy(() => model.forward(images).shape)).toEqual([2, 32, 48, 3]);
    const [total, decode, second] = tidy(() => {
      const { total, parts } = model.loss(images, labels);
      return [total, parts.decode, parts.auxiliary!].map((loss) => loss.dataSync<'float32'>()[0]!);
    });
    // Nearly equal logits, as the classifiers' weights start small: log 3 for each head.
    expect(Math.abs(decode! - Math.log(3))).toBeLessThan(0.2);
    expect(Math.abs(second! / 0.4 - Math.log(3))).toBeLessThan(0.2);
    expect(total).toBeCloseTo(decode! + second!, 5);
    model.dispose();
  });

  it('counts by its strides', () => {
    const macs = make().macs(32, 48); // maps of 96, 24 and 6 pixels
    expect(macs.get('decode_head.bottleneck')).toBe(6 * (10 + 16) * 8 * 9);
    expect(macs.get('decode_head.lateral_convs')).toBe((96 * 4 + 24 * 6) * 8);
    expect(macs.get('auxiliary_head.convs')).toBe(24 * 6 * 5 * 9);
    expect(macs.get('backbone.patches2')).toBe(6 * 10 * 16 * 16 * 3);
  });

  it('refuses an auxiliary head on a map that is not there', () => {
    expect(() => make(3)).toThrow(ConfigError);
    expect(() => make(3)).toThrow("UpernetSegmentor: expected one of the backbone's maps, 0 to 2, for auxiliary.level, got 3");
  });
});
