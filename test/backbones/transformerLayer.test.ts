import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { TransformerLayer, type TransformerLayerOptions } from '../../src/backbones/transformerLayer.ts';

beforeAll(() => selectBackend());

const options: TransformerLayerOptions = {
  channels: 12, heads: 3, mlpRatio: 2, qkvBias: true, eps: 1e-6, dropPath: 0, positionNorm: false, relative: undefined,
};

const shapes = (given: Partial<TransformerLayerOptions>) =>
  Object.fromEntries([...new TransformerLayer({ ...options, ...given }).namedParameters()].map(([name, { shape }]) => [name, shape.join('x')]));

describe('TransformerLayer', () => {
  // timm's names; hidden 24.
  const plain = {
    'norm1.weight': '12', 'norm1.bias': '12', 'attn.qkv.weight': '36x12', 'attn.qkv.bias': '36', 'attn.proj.weight': '12x12',
    'attn.proj.bias': '12', 'norm2.weight': '12', 'norm2.bias': '12', 'mlp.fc1.weight': '24x12', 'mlp.fc1.bias': '24',
    'mlp.fc2.weight': '12x24', 'mlp.fc2.bias': '12',
  };

  it('has parameters for what is asked for alone', () => {
    const without = Object.fromEntries(Object.entries(plain).filter(([name]) => name !== 'attn.qkv.bias'));
    expect(shapes({})).toEqual(plain);
    expect(shapes({ qkvBias: false })).toEqual(without);
    expect(shapes({ layerScale: true })).toEqual({ ...plain, gamma1: '12', gamma2: '12' });
    expect(shapes({ positionNorm: true })).toEqual({ ...plain, 'pe_norm.weight': '12', 'pe_norm.bias': '12' });
  });

  it("rounds the MLP's width down where it is no whole number", () => {
    expect(shapes({ mlpRatio: 2.3 })['mlp.fc1.weight']).toBe('27x12');
  });
});
