import { argMax, memory, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ViTAdapter } from '../../src/adapter/vitAdapter.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { UpernetSegmentor } from '../../src/heads/upernet/segmentor.ts';
import { resizeBilinear } from '../../src/ops/resize.ts';
import { forwardSegmentor, type ForwardSegmentorOptions, type SegmentorInputs } from '../../src/parity/segmentorStages.ts';
import { Rng } from '../../src/random/rng.ts';
import { tinyAdapter } from '../adapter/tinyAdapter.ts';
import { readReference, relativeError, withPrefix } from '../reference.ts';

beforeAll(() => selectBackend());

describe('forwardSegmentor', () => {
  it("gives mmsegmentation's logits, losses and gradients of both heads", async () => {
    const stored = await readReference('upernet');
    const model = new UpernetSegmentor({
      classes: 12,
      backbone: new ViTAdapter({ ...tinyAdapter, channels: 48 }),
      head: { channels: 32, poolScales: [1, 2, 3, 6], dropout: 0, lossWeight: 1 },
      auxiliary: { level: 2, channels: 16, convolutions: 1, dropout: 0, lossWeight: 0.4 },
    });
    model.loadState(withPrefix(stored, 'weight.'), { strict: false });
    model.initialise(0);
    const label = stored.get('input.label')!;
    const inputs = {
      features: [0, 1, 2, 3].map((level) => stored.get(`input.f${level}`)!),
      label: { shape: label.shape, data: Int32Array.from(label.data) },
    };
    const found = await forwardSegmentor(model, inputs, { part: 'heads', grad: true });
    const expected = [...stored].filter(([name]) => /^(output|grad)\./.test(name));
    expect(expected.length).toBeGreaterThan(50);
    for (const [name, { shape, data }] of expected) {
      expect(found.get(name)?.shape, name).toEqual(shape);
      expect(relativeError(found.get(name)!.data, data), name).toBeLessThan(name.startsWith('grad.') ? 5e-5 : 1e-5);
    }
    model.dispose();
  });

  /** A small model, whose statistics differ from a batch's, and random images of 32 x 64. */
  function small() {
    const model = new UpernetSegmentor({
      classes: 5,
      backbone: new ViTAdapter(tinyAdapter),
      head: { channels: 8, poolScales: [1, 2], dropout: 0, lossWeight: 1 },
      auxiliary: { level: 2, channels: 8, convolutions: 1, dropout: 0, lossWeight: 0.4 },
    });
    model.initialise(0);
    const rng = new Rng(1);
    const values = (shape: readonly number[]) => ({ shape, data: new Float32Array(sizeOf(shape)).map(() => rng.normal()) });
    return { model, values, x: values([2, 3, 32, 64]) };
  }
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

  it('gives the whole what backbone and heads give in turn, and the accuracy of what is not ignored', async () => {
    const { model, x } = small();
    const before = memory().numTensors;
    const backbone = await forwardSegmentor(model, { x }, { part: 'backbone' });
    expect([...backbone.keys()].some((name) => name.startsWith('output.after.') || name.startsWith('grad.'))).toBe(false);
    const features = [1, 2, 3, 4].map((level) => backbone.get(`output.f${level}`)!);
    expect(features.map(({ shape }) => shape)).toEqual([[2, 24, 8, 16], [2, 24, 4, 8], [2, 24, 2, 4], [2, 24, 1, 2]]);
    const heads = await forwardSegmentor(model, { features }, { part: 'heads' });
    expect([...heads.keys()]).toEqual(['output.eval_logits', 'output.eval_aux_logits']);
    const whole = await forwardSegmentor(model, { x }, { part: 'whole' });
    for (const name of ['logits', 'aux_logits']) { // the heads say what they make of the first image
      const { shape, data } = heads.get(`output.eval_${name}`)!;
      expect(shape).toEqual([1, 5, ...whole.get(`output.${name}`)!.shape.slice(2)]);
      expect(relativeError(data, whole.get(`output.${name}`)!.data.subarray(0, data.length))).toBeLessThan(1e-6);
    }

    const classesOf = (name: string) => tidy(() => {
      const { shape, data } = whole.get(name)!;
      const logits = transpose(tensor(data, [...shape]), [0, 2, 3, 1]);
      return Int32Array.from(argMax(resizeBilinear(logits, [32, 64]), 3).dataSync());
    });
    // A quarter ignored, a quarter wrong: of what counts two thirds are right.
    const found = classesOf('output.logits');
    const data = found.map((value, i) => (i % 4 === 0 ? 255 : i % 4 === 1 ? (value + 1) % 5 : value));
    const label = { shape: [2, 32, 64], data };
    const labelled = await forwardSegmentor(model, { x, label }, { part: 'whole' });
    expect(labelled.get('output.acc_seg')!.shape).toEqual([1]);
    expect(labelled.get('output.acc_seg')!.data[0]).toBeCloseTo(200 / 3, 4);
    const auxiliary = classesOf('output.aux_logits').filter((value, i) => i % 4 > 0 && value === data[i]).length;
    expect(labelled.get('output.aux_acc_seg')!.data[0]).toBeCloseTo(100 * auxiliary / (found.length * 3 / 4), 4);
    expect(labelled.get('output.total')!.data[0]).toBeCloseTo(labelled.get('output.loss_ce')!.data[0]! + labelled.get('output.aux_loss_ce')!.data[0]!, 5);
    expect([...labelled.keys()].some((name) => name.startsWith('output.after.') || name.startsWith('grad.'))).toBe(false);
    const ignored = { ...label, data: new Int32Array(data.length).fill(255) };
    const whichCount = await forwardSegmentor(model, { x, label: ignored }, { part: 'whole', grad: true });
    expect([whichCount.get('output.acc_seg')!.data[0], whichCount.get('output.aux_acc_seg')!.data[0]]).toEqual([0, 0]);
    for (const name of ['grad.input.x', 'grad.backbone.pos_embed', 'grad.decode_head.conv_seg.bias']) expect(whichCount.has(name), name).toBe(true);
    expect(memory().numTensors).toBe(before);
    model.dispose();
  });

  it('gives gradients of the sum of the maps times factors', async () => {
    const { model, values, x } = small();
    const before = memory().numTensors;
    const weights = [[8, 16], [4, 8], [2, 4], [1, 2]].map((size) => values([2, 24, ...size]));
    const found = await forwardSegmentor(model, { x, weights }, { part: 'backbone', training: true, grad: true });
    const loss = weights.reduce((sum, { data }, i) => data.reduce((part, value, j) => part + value * found.get(`output.f${i + 1}`)!.data[j]!, sum), 0);
    expect(found.get('output.loss')!.data[0]! / loss).toBeCloseTo(1, 4);
    const gradients = [...found.keys()].filter((name) => name.startsWith('grad.'));
    expect(gradients.filter((name) => name.startsWith('grad.input.'))).toEqual(['grad.input.x']);
    expect(found.get('grad.input.x')!.shape).toEqual(x.shape);
    expect(gradients).toContain('grad.pos_embed');
    expect([...found.keys()].filter((name) => name.startsWith('output.after.'))).toContain('output.after.norm1.running_mean');
    expect(memory().numTensors).toBe(before);
    const wrong = weights.with(1, values([2, 24, 8, 4]));
    await expect(forwardSegmentor(model, { x, weights: wrong }, { part: 'backbone' })).rejects.toThrow(
      'forwardSegmentor: expected shape [2, 24, 4, 8], that of the map, for input.r2, got [2, 24, 8, 4]');
    model.dispose();
  });

  it('refuses inputs that do not fit the model', async () => {
    const { model, values, x } = small();
    const refusal = async (inputs: SegmentorInputs, options: ForwardSegmentorOptions) =>
      forwardSegmentor(model, inputs, options).then(() => 'none', (error: unknown) => (error as Error).message);
    const images = 'forwardSegmentor: expected shape [B, 3, H, W], none of them 0, for input.x, got ';
    expect(await refusal({}, { part: 'whole' })).toBe(`${images}none`);
    expect(await refusal({}, { part: 'backbone' })).toBe(`${images}none`);
    for (const shape of [[3, 32, 32], [2, 4, 32, 32], [3, 2, 32, 32], [0, 3, 32, 32], [2, 3, 32, 0]]) {
      expect(await refusal({ x: values(shape) }, { part: 'whole' })).toBe(`${images}[${shape.join(', ')}]`);
    }
    const maps = [[8, 16], [4, 8], [2, 4], [1, 2]].map((size) => values([2, 24, ...size]));
    expect(await refusal({ features: maps.with(0, values([2, 8, 4, 4])) }, { part: 'heads' })).toBe(
      'forwardSegmentor: expected shape [B, 24, h, w], none of them 0, for input.f0, got [2, 8, 4, 4]');
    expect(await refusal({ features: maps.with(2, values([1, 24, 4, 4])) }, { part: 'heads' })).toBe(
      'forwardSegmentor: expected shape [2, 24, h, w], none of them 0, for input.f2, got [1, 24, 4, 4]');
    expect(await refusal({ features: maps.with(1, values([1, 24, 4, 8])) }, { part: 'heads' })).toBe(
      'forwardSegmentor: expected shape [2, 24, h, w], none of them 0, for input.f1, got [1, 24, 4, 8]');
    expect(await refusal({ x }, { part: 'backbone', grad: true })).toBe(
      'forwardSegmentor: expected factors of the maps input.r1 … input.r4 for the gradients, got none');
    expect(await refusal({ x }, { part: 'whole', grad: true })).toBe('forwardSegmentor: expected labels as input.label for the gradients, got none');
    expect(await refusal({ features: maps }, { part: 'heads', grad: true })).toBe(
      'forwardSegmentor: expected labels as input.label for the gradients, got none');
    const label = (shape: readonly number[], value = 0) => ({ shape, data: new Int32Array(sizeOf(shape)).fill(value) });
    for (const shape of [[2, 1, 32, 64], [1, 32, 64], [2, 0, 64]]) {
      const told = `forwardSegmentor: expected shape [2, H, W], none of them 0, for input.label, got [${shape.join(', ')}]`;
      expect(await refusal({ x, label: label(shape) }, { part: 'whole' })).toBe(told);
      expect(await refusal({ features: maps, label: label(shape) }, { part: 'heads' })).toBe(told);
    }
    for (const value of [-1, 5, 254, 256]) {
      expect(await refusal({ x, label: label([2, 32, 64], value) }, { part: 'whole' })).toBe(
        `forwardSegmentor: expected labels in 0 … 4 or 255 for input.label, got ${value}`);
    }
    for (const value of [0, 4, 255]) expect(await refusal({ x, label: label([2, 32, 64], value) }, { part: 'whole' })).toBe('none');
    model.dispose();
  });
});
