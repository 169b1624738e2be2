import { add, memory, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { describePretrained, loadPretrained } from '../../src/adapter/loadPretrained.ts';
import { ViTAdapter, type ViTAdapterOptions } from '../../src/adapter/vitAdapter.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { floatTensors } from '../../src/checkpoint/floatTensors.ts';
import { DeiT, type DeiTOptions } from '../../src/backbones/deit.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { DataError } from '../../src/errors.ts';
import { Module, type LoadableTensor } from '../../src/nn/module.ts';
import { patchEmbed } from '../../src/ops/patchEmbed.ts';
import { resizeBicubic } from '../../src/ops/resize.ts';
import { relativeError } from '../reference.ts';
import { tinyAdapter } from './tinyAdapter.ts';

beforeAll(() => selectBackend());

const { channels, depth, heads, mlpRatio } = tinyAdapter;

/** A checkpoint of a classifier. */
async function checkpoint(options: Partial<DeiTOptions> = {}) {
  const defaults = { channels, depth, heads, mlpRatio, imagePx: 64, patchPx: 16, classes: 5, join: joinPresets.mpvg };
  const model = new DeiT({ ...defaults, ...options });
  model.initialise(7);
  const state = await model.state();
  model.dispose();
  return state;
}

/** An adapter that has other values at first. */
function adapter(options: Partial<ViTAdapterOptions> = {}): ViTAdapter {
  const model = new ViTAdapter({ ...tinyAdapter, ...options });
  model.initialise(8);
  return model;
}

describe('describePretrained', () => {
  it('has a line for what was not taken and one for what has no weights, where there is any', () => {
    const report = { taken: ['a.b'], resized: [], skipped: [], missing: [] };
    expect(describePretrained(report)).toEqual(['1 tensors taken, 0 left at their initial values']);
    expect(describePretrained({ ...report, skipped: [{ name: 'c', reason: 'why' }], missing: ['backbone.up.bias', 'backbone.up.weight'] })).toEqual([
      '1 tensors taken, 2 left at their initial values', 'not taken: c (why)', 'at initial values: backbone.up (2)',
    ]);
    const skipped = ['head.weight', 'blocks.0.norm', 'blocks.1.norm'].map((name) => ({ name, reason: 'why' }));
    expect(describePretrained({ ...report, skipped, layers: { theirs: 2, ours: 1 } })).toEqual([
      '1 tensors taken, 0 left at their initial values',
      'the checkpoint has 2 layers, this model 1: layer 1 not taken; a depth of 2 in model.size fits',
      'not taken: head.weight (why), blocks.0.norm (why)',
    ]);
  });
});

describe('loadPretrained', () => {
  it('takes every parameter of the transformer by name, and says what is left on either side', async () => {
    const state = await checkpoint();
    const model = adapter();
    const report = await loadPretrained(model, state);
    const values = await model.state();
    for (const name of report.taken) expect(values.get(name)!.data, name).toEqual(state.get(name)!.data);
    expect(report.taken.length).toBe(state.size - 2);
    expect(report.resized).toEqual([]);
    expect(report.skipped).toEqual([{ name: 'head.weight', reason: 'not in this model' }, { name: 'head.bias', reason: 'not in this model' }]);
    expect(report.missing).toContain('level_embed');
    expect(report.missing).toContain('blocks.0.gamma1');
    expect(report.missing).toContain('spm.stem.1.running_mean');
    expect(report.missing.filter((name) => /^(blocks\.\d\.(attn|mlp|norm|pe_norm)|norm\.|pe_norm|pos_embed|patch_embed)/.test(name))).toEqual([]);
    expect(describePretrained(report)).toEqual([
      `${report.taken.length} tensors taken, ${report.missing.length} left at their initial values`,
      'not taken: head.weight (not in this model), head.bias (not in this model)',
      expect.stringMatching(/^at initial values: level_embed \(1\), blocks \(8\), spm \(\d+\), interactions \(\d+\), up \(2\), norm1 \(5\), /),
    ]);
    model.dispose();
  });

  it('resizes positions of another grid as torch resizes images, and patches of another size', async () => {
    const state = await checkpoint({ imagePx: 48, patchPx: 8 }); // 6 x 6 patches for 4 x 4 of 16 px
    const model = adapter();
    const report = await loadPretrained(model, state);
    expect(report.resized).toEqual([
      { name: 'pos_embed', from: [1, 36, channels], to: [1, 16, channels] },
      { name: 'patch_embed.proj.weight', from: [channels, 3, 8, 8], to: [channels, 3, 16, 16] },
    ]);
    expect(describePretrained(report)[1]).toBe(`resized pos_embed from [1, 36, ${channels}] to [1, 16, ${channels}]`);
    const values = await model.state();
    const expected = tidy(() => resizeBicubic(tensor(state.get('pos_embed')!.data as Float32Array, [1, 6, 6, channels]), [4, 4]).dataSync());
    expect(relativeError(values.get('pos_embed')!.data as Float32Array, expected)).toBeLessThan(1e-6);
    model.dispose();
  });

  it('gives an enlarged even patch what the original patch gave', async () => {
    const state = await checkpoint({ imagePx: 32, patchPx: 8 });
    const model = adapter();
    await loadPretrained(model, state);
    const weight = state.get('patch_embed.proj.weight')!;
    const answers = (data: Float32Array, side: number) => tidy(() => {
      const images = add(zeros([1, side, side, 3]), 0.7);
      return patchEmbed(images, tensor(data, [channels, 3, side, side]), zeros([channels])).dataSync();
    });
    const small = answers(weight.data as Float32Array, 8);
    const large = answers((await model.state()).get('patch_embed.proj.weight')!.data as Float32Array, 16);
    expect(relativeError(large, small)).toBeLessThan(0.05); // the kernel's rim counts a little differently
    model.dispose();
  });

  it.each([
    ['a class token for none', {}, joinPresets.default, joinPresets.pvg, 17, 16],
    ['none for a class token', {}, joinPresets.pvg, joinPresets.default, 16, 17],
    ['class and distillation tokens for a class token', { distilled: true }, joinPresets.default, joinPresets.lape, 18, 17],
  ])('fits the positions of %s', async (_case, options, from, to, before, after) => {
    const state = await checkpoint({ ...options, join: from });
    const model = adapter({ join: to });
    const { resized } = await loadPretrained(model, state);
    expect(resized).toEqual([{ name: 'pos_embed', from: [1, before, channels], to: [1, after, channels] }]);
    const given = state.get('pos_embed')!.data as Float32Array;
    const taken = (await model.state()).get('pos_embed')!.data as Float32Array;
    expect(taken.slice(-16 * channels)).toEqual(given.slice(-16 * channels));
    const first = before === 18 ? given.slice(0, channels) : new Float32Array(channels);
    if (after === 17) expect(taken.slice(0, channels)).toEqual(first);
    model.dispose();
  });

  it('resizes each plane of the patches as torch resizes an image, and scales it by the area', async () => {
    const state = await checkpoint({ imagePx: 32, patchPx: 8 });
    const model = adapter();
    const before = memory().numTensors;
    await loadPretrained(model, state);
    expect(memory().numTensors).toBe(before);
    const given = state.get('patch_embed.proj.weight')!.data as Float32Array;
    const taken = (await model.state()).get('patch_embed.proj.weight')!.data as Float32Array;
    for (const plane of [0, 1, 5, 3 * channels - 1]) {
      const values = given.slice(64 * plane, 64 * plane + 64);
      const expected = tidy(() => resizeBicubic(tensor(values, [1, 8, 8, 1]), [16, 16]).dataSync<'float32'>().map((value) => value / 4));
      expect(relativeError(taken.slice(256 * plane, 256 * plane + 256), expected), `plane ${plane}`).toBeLessThan(1e-5);
    }
    model.dispose();
  });

  it.each([
    ['pos_embed', [2, 16, channels]],
    ['pos_embed', [1, 16, channels + 1]],
    ['pos_embed', [1, 7, channels]], // no square and at most two tokens more
    ['pos_embed', [1, 0, channels]],
    ['patch_embed.proj.weight', [channels, 3, 8]],
    ['patch_embed.proj.weight', [channels, 3, 8, 4]],
    ['patch_embed.proj.weight', [channels + 1, 3, 8, 8]],
    ['patch_embed.proj.weight', [channels, 4, 8, 8]],
  ])('does not fit %s of %j', async (name, shape) => {
    const state = await checkpoint();
    const own = state.get(name)!.shape;
    state.set(name, { dtype: 'F32', shape, data: new Float32Array(shape.reduce((size, side) => size * side, 1)) });
    const model = adapter();
    const { skipped, resized } = await loadPretrained(model, state);
    expect(skipped).toContainEqual({ name, reason: `[${shape.join(', ')}] is not [${own.join(', ')}]` });
    expect(resized).toEqual([]);
    model.dispose();
  });

  it('does not read what is larger than any model\'s positions, 2^27 values', async () => {
    const model = adapter({ channels: 32, heads: 4, deformHeads: 4 });
    const load = (side: number) => loadPretrained(model, new Map([
      ['norm.weight', { shape: [32], data: new Float32Array(32) }],
      ['pos_embed', { shape: [1, side ** 2, 32], get data(): Float32Array { throw new Error('read'); } }],
    ]));
    await expect(load(2048)).rejects.toThrow('read');
    const { taken, skipped } = await load(2049);
    expect([taken, skipped]).toEqual([['norm.weight'], [{ name: 'pos_embed', reason: '[1, 4198401, 32] is not [1, 16, 32]' }]]);
    model.dispose();
  });

  it('cuts more tokens before the patches off than the model has positions', async () => {
    const state = await checkpoint({ imagePx: 32, distilled: true, join: joinPresets.default }); // 2 + 4 tokens
    const model = adapter({ pretrainPx: 16 }); // one patch
    await loadPretrained(model, state);
    const given = state.get('pos_embed')!.data as Float32Array;
    const expected = tidy(() => resizeBicubic(tensor(given.slice(2 * channels), [1, 2, 2, channels]), [1, 1]).dataSync());
    expect(relativeError((await model.state()).get('pos_embed')!.data as Float32Array, expected)).toBeLessThan(1e-6);
    model.dispose();
  });

  it('finds the names of a backbone in a checkpoint that has no such prefix', async () => {
    class Wrapped extends Module {
      readonly backbone = this.child('backbone', new ViTAdapter(tinyAdapter));
    }
    const state = await checkpoint();
    const model = new Wrapped();
    model.initialise(8);
    const { taken } = await loadPretrained(model, state);
    expect(taken.length).toBe(state.size - 2);
    expect((await model.state()).get('backbone.pos_embed')!.data).toEqual(state.get('pos_embed')!.data);
    model.dispose();
  });

  it.each([
    ['F16', 'half precision', [0x3c00, 0xc000, 0x3555], [1, -2, 0.333251953125]],
    ['BF16', 'bfloat16', [0x3f80, 0xc000, 0x4049], [1, -2, 3.140625]],
  ] as const)('widens %s', async (dtype, _name, bits, values) => {
    const data = Uint16Array.from({ length: channels }, (_, i) => bits[i % 3]!);
    const model = adapter();
    await loadPretrained(model, floatTensors(new Map([['blocks.0.norm1.weight', { dtype, shape: [channels], data }]]), 'half.safetensors'));
    const taken = (await model.state()).get('blocks.0.norm1.weight')!.data;
    expect(taken).toEqual(Float32Array.from({ length: channels }, (_, i) => values[i % 3]!));
    model.dispose();
  });

  it('refuses integers by name, and takes a count of batches as one', async () => {
    const model = adapter();
    const int8 = { dtype: 'I8', shape: [channels], data: new Int8Array(channels) } as const;
    await expect(loadPretrained(model, floatTensors(new Map([['blocks.0.norm1.weight', int8]]), 'int8.safetensors')))
      .rejects.toThrow('for "blocks.0.norm1.weight" in int8.safetensors, got I8');
    await expect(loadPretrained(model, new Map([['blocks.0.norm1.weight', int8]])))
      .rejects.toThrow('loadPretrained: expected float32 values for blocks.0.norm1.weight, got Int8Array');
    const count = { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) } as const;
    await loadPretrained(model, floatTensors(new Map([['norm1.num_batches_tracked', count]]), 'a'));
    expect((await model.state()).get('norm1.num_batches_tracked')!.data).toEqual(BigInt64Array.of(7n));
    model.dispose();
  });

  it('leaves what has another shape', async () => {
    const state = await checkpoint();
    const model = adapter();
    state.set('norm1.weight', { dtype: 'F32', shape: [3], data: new Float32Array(3) });

    const { skipped } = await loadPretrained(model, state);
    expect(skipped).toContainEqual({ name: 'norm1.weight', reason: `[3] is not [${channels}]` });
    model.dispose();
  });

  it('does not read what it cannot take, nor positions of a grid beyond any model', async () => {
    const unread = (shape: readonly number[]) => ({ shape, get data(): Float32Array { throw new Error('was read'); } });
    const state = new Map<string, LoadableTensor>([
      ...await checkpoint(),
      ['pos_embed', unread([1, 26_000_000, channels])],
      ['norm.weight', unread([5_000_000_000])],
      ['other.weight', unread([5_000_000_000])],
    ]);
    const report = await loadPretrained(adapter(), state);
    const skipped = report.skipped.map(({ name }) => name);
    expect(skipped).toEqual(expect.arrayContaining(['pos_embed', 'norm.weight', 'other.weight']));
  });

  it('refuses another width with both sizes and what helps', async () => {
    const model = adapter();
    const before = await model.state();
    const ours = `${channels} channels and ${depth} layers`;
    const remedy = `or take a checkpoint of this model's, channels ${channels} and depth ${depth}`;
    await expect(loadPretrained(model, await checkpoint({ channels: 2 * channels }))).rejects.toThrow(
      `loadPretrained: expected a vision transformer of ${ours}, as this model has, in the checkpoint, got ${2 * channels} channels and ${depth} layers; ` +
      `set model.size to the checkpoint's, channels ${2 * channels} and depth ${depth}, ${remedy}`);
    const small = { shape: [384, 384], data: new Float32Array(0) };
    await expect(loadPretrained(model, new Map([['backbone.blocks.0.attn.proj.weight', small], ['backbone.blocks.11.attn.proj.weight', small]]))).rejects.toThrow(
      `got 384 channels and 12 layers; set model.size to the checkpoint's, small, ${remedy}`);
    expect(await model.state()).toEqual(before);
    model.dispose();
  });

  it.each([[-1, 'left at initial values', [depth - 1, depth]], [1, 'not taken', [depth, depth + 1]]] as const)(
    'takes the layers that both have, %i more in the checkpoint, and says so in one line', async (more, fate, [layer, largest]) => {
      const model = adapter();
      const state = await checkpoint({ depth: depth + more });
      const report = await loadPretrained(model, state);
      expect(describePretrained(report)).toContain(
        `the checkpoint has ${depth + more} layers, this model ${depth}: layer ${layer} ${fate}; a depth of ${depth + more} in model.size fits`);
      expect(describePretrained(report).join('\n')).not.toContain(`blocks.${largest - 1}.attn.qkv.weight`);
      const values = await model.state();
      for (let i = 0; i < largest - 1; i++) {
        const name = `blocks.${i}.attn.qkv.weight`;
        expect(values.get(name)!.data).toEqual(state.get(name)!.data);
      }
      model.dispose();
    });

  it('refuses a file that has nothing for the model, and changes nothing', async () => {
    const model = adapter();
    const before = await model.state();
    await expect(loadPretrained(model, new Map([['fc.weight', { shape: [1], data: new Float32Array(1) }]]))).rejects.toThrow(DataError);
    await expect(loadPretrained(model, new Map([['fc.weight', { shape: [1], data: new Float32Array(1) }]]))).rejects.toThrow(
      'loadPretrained: expected parameters of this model, such as level_embed, in the checkpoint, got fc.weight');
    expect(await model.state()).toEqual(before);
    model.dispose();
  });
});
