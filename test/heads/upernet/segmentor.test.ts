import { dispose, engine, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ViTAdapter } from '../../../src/adapter/vitAdapter.ts';
import { selectBackend } from '../../../src/backends/select.ts';
import { joinPresets } from '../../../src/backbones/position/join.ts';
import { UpernetSegmentor, type SegmentorOptions } from '../../../src/heads/upernet/segmentor.ts';
import { CompiledStep } from '../../../src/ops/compileStep.ts';
import { setComputeType } from '../../../src/ops/computeType.ts';
import { seedGenerator } from '../../../src/ops/hostValues.ts';
import { resizeBilinear } from '../../../src/ops/resize.ts';
import { Rng } from '../../../src/random/rng.ts';
import { publishedAdapter, tinyAdapter } from '../../adapter/tinyAdapter.ts';
import { randomTensor } from '../../ops/gradientCheck.ts';
import { referencePath, relativeError, withPrefix } from '../../reference.ts';
import { readSafetensors } from '../../../src/checkpoint/safetensors.ts';

beforeAll(() => selectBackend());

const auxiliary = { level: 2, channels: 8, convolutions: 1, dropout: 0.1, lossWeight: 0.4 };

const small: Omit<SegmentorOptions, 'backbone'> = {
  classes: 5,
  head: { channels: 16, poolScales: [1, 2, 3, 6], dropout: 0.1, lossWeight: 1 },
  auxiliary,
};

/** mmsegmentation's UperNet of 512 channels for 150 classes. */
function published(size: 'tiny' | 'small' | 'base'): UpernetSegmentor {
  return new UpernetSegmentor({
    ...small,
    classes: 150,
    backbone: new ViTAdapter({ ...publishedAdapter(size), join: joinPresets.default }),
    head: { ...small.head, channels: 512 },
    auxiliary: { level: 2, channels: 256, convolutions: 1, dropout: 0.1, lossWeight: 0.4 },
  });
}

function make(options: Partial<SegmentorOptions> = {}): UpernetSegmentor {
  const model = new UpernetSegmentor({ ...small, backbone: new ViTAdapter(tinyAdapter), ...options });
  model.initialise(2);
  return model;
}

const images = () => randomTensor(new Rng(1), [2, 64, 96, 3]);
const labels = (classes = 5) => {
  const rng = new Rng(2);
  const values = Int32Array.from({ length: 2 * 64 * 96 }, () => (rng.chance(0.1) ? 255 : rng.integer(classes)));
  return tensor(values, [2, 64, 96], 'int32');
};

describe('UpernetSegmentor', () => {
  const counted = (model: UpernetSegmentor, prefix = '') =>
    [...model.namedParameters()].reduce((sum, [name, { size }]) => sum + (name.startsWith(prefix) ? size : 0), 0);

  it('has 36,062,428 parameters as ViT-Adapter-Ti for 150 classes: backbone, head, auxiliary head', () => {
    const model = published('tiny');
    expect(['backbone.', 'decode_head.', 'auxiliary_head.'].map((part) => counted(model, part))).toEqual([7_966_640, 27_614_358, 481_430]);
    expect(counted(model)).toBe(36_062_428);
  });

  // ViT-Adapter repository, table of ADE20K: 58M and 134M.
  it.each([['small', 58], ['base', 134]] as const)('has about as many as the repository says in size %s: %i million', (size, millions) => {
    expect(Math.round(counted(published(size)) / 1e6)).toBe(millions);
  });

  it("names and shapes its heads' parameters as mmsegmentation does", async () => {
    const model = new UpernetSegmentor({
      ...small, classes: 12, backbone: new ViTAdapter({ ...tinyAdapter, channels: 48 }), head: { ...small.head, channels: 32 },
      auxiliary: { level: 2, channels: 16, convolutions: 1, dropout: 0, lossWeight: 0.4 },
    });
    const shapes = (named: ReadonlyMap<string, { shape: readonly number[] }>) =>
      [...named].map(([name, { shape }]) => `${name} ${shape.join('x')}`).filter((line) => !/^backbone|batches_tracked/.test(line)).sort();
    expect(shapes(model.namedTensors())).toEqual(shapes(withPrefix(await readSafetensors(referencePath('upernet')), 'weight.')));
  });

  it("starts its heads from mmsegmentation's distributions", async () => {
    const model = make({ head: { ...small.head, channels: 64 } });
    for (const [name, parameter] of model.namedParameters()) {
      if (name.startsWith('backbone.')) continue;
      const data = await parameter.read();
      const [outputs = 0, , kernel = 1] = parameter.shape;
      if (/bn\.weight$/.test(name)) expect(new Set(data), name).toEqual(new Set([1]));
      else if (name.endsWith('bias')) expect(new Set(data), name).toEqual(new Set([0]));
      else {
        // He normal over the fan-out; the classifiers normal with 0.01.
        const deviation = name.includes('conv_seg') ? 0.01 : Math.sqrt(2 / (outputs * kernel ** 2));
        const found = Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
        const kurtosis = data.reduce((sum, value) => sum + (value / found) ** 4, 0) / data.length;
        expect(Math.abs(found / deviation - 1), name).toBeLessThan(5 / Math.sqrt(2 * data.length));
        expect(Math.abs(kurtosis - 3), `${name} is normal`).toBeLessThan(5 * Math.sqrt(24 / data.length));
      }
    }
    model.dispose();
  });

  it('gives every pixel of an image its logits: those of a quarter, resized', () => {
    const model = make();
    const [whole, quarter] = tidy(() => {
      const given = images();
      return [model.forward(given), model.logits(model.backbone.forward(given)).decode].map((logits) => logits.clone());
    }) as [Tensor, Tensor];
    expect(whole.shape).toEqual([2, 64, 96, 5]);
    expect(quarter.shape).toEqual([2, 16, 24, 5]);
    expect(relativeError(whole.dataSync(), resizeBilinear(quarter, [64, 96]).dataSync())).toBeLessThan(1e-6);
    model.dispose();
  });

  /** The loss' total and parts. */
  function losses(options: Partial<SegmentorOptions>): number[] {
    const model = make(options);
    seedGenerator(1);
    const values = tidy(() => {
      const { total, parts } = model.loss(images(), labels());
      return [total, ...Object.values(parts)].map((value) => (value).dataSync()[0]!);
    });
    model.dispose();
    return values;
  }

  it("weighs the heads' losses, and ignores 255", () => {
    const head = { ...small.head, dropout: 0 };
    const auxiliary = { level: 2, channels: 8, convolutions: 1, dropout: 0, lossWeight: 1 };
    const [total, decode, second] = losses({ head, auxiliary });
    expect(total! / (decode! + second!)).toBeCloseTo(1, 6);
    // Nearly equal logits at first: ln 5 for nine tenths of the pixels.
    expect(decode!).toBeGreaterThan(0.85 * Math.log(5));
    expect(decode!).toBeLessThan(0.95 * Math.log(5));
    const weighed = losses({ head: { ...head, lossWeight: 2 }, auxiliary: { ...auxiliary, lossWeight: 0.4 } });
    expect(weighed[1]! / decode!).toBeCloseTo(2, 5);
    expect(weighed[2]! / second!).toBeCloseTo(0.4, 5);
    expect(losses({ head, auxiliary: 'none' })).toEqual([decode, decode]);
    const [sum, first, none] = losses({ head, auxiliary: { ...auxiliary, lossWeight: 0 } });
    expect([sum, none]).toEqual([first, 0]);
  });

  it('takes the statistics of the batch for its loss unless told otherwise', () => {
    const moved = (run: (model: UpernetSegmentor) => void) => {
      const model = make();
      tidy(() => { run(model); });
      const statistics = [...model.namedBuffers()].filter(([name]) => name.endsWith('running_mean'));
      const changed = statistics.filter(([, { value }]) => value.dataSync().some((mean) => mean !== 0)).length;
      const share = changed / statistics.length;
      model.dispose();
      return share;
    };
    expect(moved((model) => void model.loss(images(), labels()))).toBe(1);
    expect(moved((model) => void model.loss(images(), labels(), { training: false }))).toBe(0);
  });

  it('counts the hard pixels alone if it is told to', () => {
    const head = { ...small.head, dropout: 0 };
    const [all] = losses({ head, auxiliary: 'none' });
    // At first no class has a probability near 0.01: only as many pixels count as must.
    const [few] = losses({ head, auxiliary: 'none', hardPixels: { threshold: 0.01, minKept: 64 } });
    expect(few! / all!).toBeLessThan(0.05);
    expect(few!).toBeGreaterThan(0);
    const [hard] = losses({ head, auxiliary: 'none', hardPixels: { threshold: 0.99, minKept: 64 } });
    expect(hard! / all!).toBeCloseTo(1, 3);
  });

  it('drops channels in training alone', () => {
    const run = (training: boolean, seed: number) => {
      const model = make({ head: { ...small.head, dropout: 0.5 } });
      seedGenerator(seed);
      const values = tidy(() => [...model.logits(model.backbone.forward(images()), training).decode.dataSync()]);
      model.dispose();
      return values;
    };
    expect(run(true, 1)).not.toEqual(run(true, 2));
    expect(run(false, 1)).toEqual(run(false, 2));
  });

  it('trains to the same bits compiled and eager, with recomputation too: loss, gradients, running statistics', () => {
    const run = (compiled: boolean, recompute: boolean) => {
      const model = make({ backbone: new ViTAdapter({ ...tinyAdapter, dropPath: 0.2, recompute }) });
      const parameters = [...model.namedParameters().values()].map(({ value }) => value);
      const pass = (given: Tensor, maps: Tensor): Tensor[] => {
        const { value, grads } = engine().gradients(() => model.loss(given, maps).total, parameters, undefined, true);
        return [value, ...grads.filter((gradient: Tensor | undefined) => gradient !== undefined)];
      };
      const step = new CompiledStep((given, maps) => pass(given, maps));
      const inputs = [images(), labels()];
      seedGenerator(3);
      const outputs = compiled ? step.runSync(inputs) : tidy(() => pass(inputs[0]!, inputs[1]!));
      const values = outputs.map((one) => Array.from(one.dataSync()));
      const statistics = [...model.namedBuffers().values()].map(({ value }) => Array.from(value.dataSync()));
      dispose([...inputs, ...outputs]);
      step.dispose();
      model.dispose();
      return { values, statistics };
    };
    const plain = run(false, false);
    expect(plain.values.length).toBeGreaterThan(250);
    expect(run(true, false)).toEqual(plain);
    expect(run(true, true)).toEqual(plain);
  });

  it('learns in bfloat16 nearly what it does in float32, compiled as eager', () => {
    const run = (type: 'float32' | 'bfloat16', compiled: boolean) => {
      setComputeType(type);
      const model = make({ head: { ...small.head, dropout: 0 }, auxiliary: { ...auxiliary, dropout: 0 } });
      const parameters = [...model.namedParameters().values()].map(({ value }) => value);
      const pass = (...[given, maps]: Tensor[]): Tensor[] => {
        const { value, grads } = engine().gradients(() => model.loss(given!, maps!).total, parameters, undefined, true);
        return [value, ...grads.filter((gradient: Tensor | undefined) => gradient !== undefined)];
      };
      const step = new CompiledStep(pass);
      const inputs = [images(), labels()];
      const outputs = compiled ? step.runSync(inputs) : tidy(() => pass(...inputs));
      const values = outputs.map((one) => one.dataSync<'float32'>().slice());
      dispose([...inputs, ...outputs]);
      step.dispose();
      model.dispose();
      return values;
    };
    try {
      const exact = run('float32', false);
      const reduced = run('bfloat16', false);
      expect(run('bfloat16', true)).toEqual(reduced);
      expect(relativeError(reduced[0]!, exact[0]!)).toBeLessThan(5e-3);
      const size = (values: Float32Array[]) => Math.hypot(...values.slice(1).map((gradient) => Math.hypot(...gradient)));
      const apart = exact.map((gradient, i) => gradient.map((value, j) => value - reduced[i]![j]!));
      expect(size(apart) / size(exact)).toBeLessThan(0.1);
      expect(size(apart) / size(exact)).toBeGreaterThan(1e-3); // not float32 after all
    } finally {
      setComputeType('float32');
    }
  });

  it("counts multiply-adds of the heads' parts", () => {
    const macs = published('tiny').macs(512, 512);
    expect(macs.get('decode_head.fpn_bottleneck')).toBe(128 ** 2 * 2048 * 512 * 9);
    expect(macs.get('decode_head.psp_modules')).toBe((1 + 4 + 9 + 36) * 192 * 512);
    expect(macs.get('decode_head.bottleneck')).toBe(16 ** 2 * (192 + 4 * 512) * 512 * 9);
    expect(macs.get('auxiliary_head.convs')).toBe(32 ** 2 * 192 * 256 * 9);
    expect(macs.get('backbone.blocks.0.attn')).toBe(1024 * 192 * 4 * 192 + 2 * 1024 ** 2 * 192);
  });
});
