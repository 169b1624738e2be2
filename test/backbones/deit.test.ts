import { ones, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { meanOfHeads } from '../../src/backbones/classifier.ts';
import { DeiT, deitSizes, type DeiTOptions } from '../../src/backbones/deit.ts';
import { joinPresets, type JoinName } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { ConfigError } from '../../src/errors.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { readReference, withPrefix } from '../reference.ts';

beforeAll(() => selectBackend());

const { default: vit, lape, mpvg } = joinPresets;

const tiny: DeiTOptions = { channels: 12, depth: 3, heads: 3, mlpRatio: 2, imagePx: 16, patchPx: 4, classes: 5, join: mpvg };

const rampImages = (count: number, side: number): Tensor =>
  tensor(Float32Array.from({ length: count * side * side * 3 }, (_, i) => (i % 101) / 50 - 1), [count, side, side, 3]);
const count = (model: DeiT) => [...model.namedParameters().values()].reduce((total, { size }) => total + size, 0);

describe('DeiT', () => {
  it.each<[keyof typeof deitSizes, JoinName, number]>([
    ['tiny', 'default', 5_717_416], ['tiny', 'lape', 5_722_024], ['tiny', 'share', 5_717_416], ['tiny', 'unshare', 6_133_480],
    ['tiny', 'pvg', 5_721_256], ['tiny', 'mpvg', 5_721_640],
    ['small', 'default', 22_050_664], ['small', 'lape', 22_059_880], ['small', 'unshare', 22_882_792],
    ['small', 'pvg', 22_058_344], ['small', 'mpvg', 22_059_112],
    ['base', 'default', 86_567_656], ['base', 'lape', 86_586_088], ['base', 'unshare', 88_231_912], ['base', 'pvg', 86_583_016],
    ['base', 'mpvg', 86_584_552],
  ])('%s, %s: as many parameters as the papers count', (size, join, expected) => {
    const model = new DeiT({ ...deitSizes[size], imagePx: 224, patchPx: 16, classes: 1000, join: joinPresets[join] });
    expect(count(model)).toBe(expected);
  });

  it('counts the multiply-adds of DeiT-Ti: 1.25 G', () => {
    const macs = new DeiT({ ...deitSizes.tiny, imagePx: 224, patchPx: 16, classes: 1000, join: vit }).macs();
    expect(macs.get('blocks.11.attn')).toBe(197 * 192 * 4 * 192 + 2 * 197 * 197 * 192);
    expect(macs.get('blocks.0.mlp')).toBe(197 * 192 * 8 * 192);
    const total = [...macs.values()].reduce((sum, value) => sum + value, 0);
    expect(total).toBe(196 * 768 * 192 + 12 * (197 * 192 * 12 * 192 + 2 * 197 * 197 * 192) + 192 * 1000);
  });

  it("counts the distillation head's multiply-adds, and one token more", () => {
    const macs = new DeiT({ ...tiny, join: vit, distilled: true }).macs();
    expect(macs.get('head_dist')).toBe(12 * 5);
    expect(macs.get('blocks.0.mlp')).toBe(18 * 12 * 24 * 2);
    expect(new DeiT(tiny).macs().has('head_dist')).toBe(false);
  });

  it('has the published sizes', () => {
    // Touvron et al., table 1: width, heads, layers; the MLP is four times as wide.
    const table = { tiny: [192, 3, 12, 4], small: [384, 6, 12, 4], base: [768, 12, 12, 4] };
    for (const [name, { channels, heads, depth, mlpRatio }] of Object.entries(deitSizes)) {
      expect([channels, heads, depth, mlpRatio]).toEqual(table[name as keyof typeof deitSizes]);
    }
  });

  it.each([
    ['deit_join_default', { join: vit }],
    ['deit_distilled_lape', { join: lape, distilled: true }],
    ['pvg', { join: joinPresets.pvg }],
  ] as const)("names and shapes its parameters as the original's checkpoint does: %s", async (file, options) => {
    const model = new DeiT({ channels: 48, depth: 3, heads: 3, mlpRatio: 4, imagePx: 32, patchPx: 8, classes: 10, ...options });
    const shapes = (named: ReadonlyMap<string, { shape: readonly number[] }>) =>
      [...named].map(([name, { shape }]) => `${name} ${shape.join('x')}`).sort();
    expect(shapes(model.namedParameters())).toEqual(shapes(withPrefix(await readReference(file), 'weight.')));
  });

  it("has DeiT's initial values", async () => {
    const model = new DeiT({ ...tiny, channels: 96, imagePx: 32, join: vit });
    model.initialise(0);
    for (const [name, parameter] of model.namedParameters()) {
      const data = await parameter.read();
      const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
      const most = Math.max(...data.map(Math.abs));
      if (/norm\d?\.weight$/.test(name)) expect(new Set(data), name).toEqual(new Set([1]));
      else if (name.startsWith('patch_embed')) {
        // Fan-in 3 · 4 · 4.
        expect(most, name).toBeLessThanOrEqual(1 / Math.sqrt(48));
        expect(deviation, name).toBeGreaterThan(0.8 / Math.sqrt(3 * 48));
      } else if (name.endsWith('bias')) expect(most, name).toBe(0);
      else expect(Math.abs(deviation - 0.02) / 0.02, name).toBeLessThan(5 / Math.sqrt(2 * data.length));
    }
  });

  it('marks the embeddings and tokens that recipes spare weight decay', () => {
    const model = new DeiT({ ...tiny, join: vit, distilled: true });
    const marked = [...model.namedParameters()].flatMap(([name, { embedding }]) => (embedding ? [name] : []));
    expect(marked.sort()).toEqual(['cls_token', 'dist_token', 'pos_embed']);
  });

  it('drops paths in training alone, more with depth and never in the first layer', () => {
    const model = new DeiT({ ...tiny, dropPath: 0.6 });
    model.initialise(0);
    const images = ones([64, 16, 16, 3]); // equal samples: what differs was dropped
    const run = (training: boolean) => {
      const kinds = new Map<string, number>();
      const tap = (stage: string, value: Tensor) => {
        const [batch = 0, tokens = 0, channels = 0] = value.shape;
        const values = value.dataSync<'float32'>();
        const sample = (b: number) => values.slice(b * tokens * channels, (b + 1) * tokens * channels).join();
        kinds.set(stage, new Set(Array.from({ length: batch }, (_, b) => sample(b))).size);
      };
      model.forward(images, { training, tap });
      return ['block0', 'block1', 'block2'].map((stage) => kinds.get(stage)!);
    };
    expect(run(false)).toEqual([1, 1, 1]);
    const [first, second, third] = run(true) as [number, number, number];
    expect(first).toBe(1);
    expect(second).toBe(4); // each of two branches dropped or not
    expect(third).toBeGreaterThan(4);
  });

  it.each(['learnable', 'sine1d', 'sine2d', 'relative1d', 'relative2d'] as const)(
    'computes the same as a step program, initialised or loaded: position %s', async (position) => {
      // 65 tokens: more numbers than a step program takes from JavaScript.
      const options: DeiTOptions = { ...tiny, imagePx: 32, join: lape, position };
      const images = rampImages(2, 32);
      const [drawn, loaded] = [new DeiT(options), new DeiT(options)];
      drawn.initialise(0);
      loaded.loadState(await drawn.state());
      const expected = drawn.forward(images).dataSync();
      for (const model of [drawn, loaded]) {
        const step = new CompiledStep((given) => [model.forward(given)]);
        for (let i = 0; i < 2; i++) expect((await step.run([images]))[0]!.dataSync()).toEqual(expected);
        step.dispose();
        model.dispose();
      }
    });

  it('answers with the mean of its heads when distilled, and has no second head else', () => {
    const model = new DeiT({ ...tiny, join: vit, distilled: true });
    model.initialise(0);
    const images = ones([1, 16, 16, 3]);
    const heads = model.forwardHeads(images);
    expect([...model.forward(images).dataSync()]).toEqual([...meanOfHeads(heads).dataSync()]);
    expect([...heads.logits.dataSync()]).not.toEqual([...heads.distillation.dataSync()]);
    expect(() => new DeiT(tiny).forwardHeads(images)).toThrow(ConfigError);
  });

  it.each<[string, Partial<DeiTOptions>]>([
    ['expected a divisor of imagePx 16 for patchPx, got 5', { patchPx: 5 }],
    ['expected a divisor of channels 12 for heads, got 5', { heads: 5 }],
    ["expected a join with pool 'cls'", { distilled: true }],
    ['expected a layer in 0 … 2 for join.lastNorm.from, got 3', { join: { ...mpvg, lastNorm: { from: 3 } } }],
    ['expected the join default or lape with position relative2d', { position: 'relative2d' }],
    ["expected 'learnable' with stream 'ownEveryLayer' for position, got sine1d", { position: 'sine1d', join: joinPresets.unshare }],
  ])('refuses options that do not fit together: %s', (message, options) => {
    expect(() => new DeiT({ ...tiny, ...options })).toThrow(message);
  });
});
