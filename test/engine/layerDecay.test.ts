import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layerDecayScale, layerOf } from '../../src/engine/layerDecay.ts';
import { referenceFolder } from '../reference.ts';

interface Reference {
  schedules: { layer_decay: { num_layers: number; rate: number; scales: number[] } };
}

const path = join(referenceFolder, 'schedules.json');

describe('layerDecayScale', () => {
  it('equals every scale of the reference to 1e-12', () => {
    const { num_layers: layers, rate, scales } = (JSON.parse(readFileSync(path, 'utf8')) as Reference).schedules.layer_decay;
    const keys = ['pos_embed', ...Array.from({ length: layers }, (_, i) => `blocks.${i}.attn.qkv.weight`), 'head.weight'];
    expect(scales).toHaveLength(keys.length);
    keys.forEach((key, i) => {
      expect(Math.abs(layerDecayScale(key, layers, rate) - scales[i]!)).toBeLessThanOrEqual(1e-12 * scales[i]!);
    });
  });

  it('follows a hand-worked example, and 1 switches it off', () => {
    expect(layerDecayScale('blocks.0.mlp.fc1.weight', 2, 0.5)).toBe(0.25);
    expect(layerDecayScale('cls_token', 2, 1)).toBe(1);
  });
});

describe('layerOf', () => {
  it.each([
    ['cls_token', 0],
    ['pos_embed', 0],
    ['patch_embed.proj.weight', 0],
    ['backbone.patch_embed.proj.bias', 0],
    ['blocks.0.norm1.weight', 1],
    ['backbone.blocks.11.pe_norm.bias', 12],
    ['pos_embed3', 4],
    ['pe_norm.weight', 13],
    ['head.weight', 13],
    ['backbone.interactions.0.blocks.1.weight', 13],
    ['decode_head.blocks.0.weight', 13],
  ])('%s is of layer %i of 12', (key, layer) => {
    expect(layerOf(key, 12)).toBe(layer);
  });
});
