import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlainVit } from '../../src/backbones/plainVit.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { layerDecayScale } from '../../src/engine/layerDecay.ts';
import { referenceFolder } from '../reference.ts';

interface Reference {
  schedules: { layer_decay: { num_layers: number; rate: number; scales: number[] } };
}

const path = join(referenceFolder, 'schedules.json');

describe('layerDecayScale', () => {
  it('equals every scale of the reference to 1e-12', () => {
    const { num_layers: depth, rate, scales } = (JSON.parse(readFileSync(path, 'utf8')) as Reference).schedules.layer_decay;
    const keys = ['pos_embed', ...Array.from({ length: depth }, (_, i) => `blocks.${i}.attn.qkv.weight`), 'head.weight'];
    expect(scales).toHaveLength(keys.length);
    const size = { channels: 2, depth, heads: 1, mlpRatio: 1 };
    const backbone = new PlainVit({ ...size, imagePx: 8, patchPx: 8, join: joinPresets.default, extraTokens: 1 });
    keys.forEach((key, i) => {
      expect(Math.abs(layerDecayScale(key, backbone, rate) - scales[i]!)).toBeLessThanOrEqual(1e-12 * scales[i]!);
    });
  });

  it('asks the backbone for the layer, by its own name for the parameter; 1 switches it off', () => {
    const asked: string[] = [];
    const backbone = { layers: 2, layerOf: (name: string) => (asked.push(name), name.startsWith('stage1') ? 1 : 3) };
    expect(layerDecayScale('backbone.stage1.weight', backbone, 0.5)).toBe(0.25);
    expect(layerDecayScale('stage1.weight', backbone, 0.5)).toBe(0.25);
    expect(layerDecayScale('decode_head.backbone.weight', backbone, 0.5)).toBe(1);
    expect(layerDecayScale('stage1.bias', backbone, 1)).toBe(1);
    expect(asked).toEqual(['stage1.weight', 'stage1.weight', 'decode_head.backbone.weight', 'stage1.bias']);
  });
});
