import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { TensorMap } from '../../src/checkpoint/storedTensor.ts';
import { referencePath, relativeError } from '../reference.ts';
import { captureCli } from './captureCli.ts';
import { forwardOutputs, numbersOf } from './forwardOutputs.ts';

const root = path.resolve(import.meta.dirname, '../..');

let temporary = '';
beforeAll(() => { temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'mpvg-forward-segmentation-')); });
afterAll(() => fs.rmSync(temporary, { recursive: true }));
const cli = captureCli('forward');

type Variant = 'detection' | 'segmentation';

/** The reference files' small model; the files of the adapter and of the heads agree in its width. */
function config(variant: Variant): string {
  const file = path.join(temporary, `${variant}.ts`);
  fs.writeFileSync(file, `
    import tiny from ${JSON.stringify(path.join(root, 'configs/ade20k/upernet_vit_adapter_tiny.ts'))};
    const { model } = tiny;
    const adapter = {
      ...model.adapter, variant: '${variant}', interactions: [[0, 0], [1, 1], [2, 2], [3, 3]], priorWidth: 16,
      windows: ${variant === 'detection' ? "[4, 3, 'global', 4]" : "'global'"},
    };
    export default { ...tiny, model: {
      ...model, classes: 12, size: { channels: 48, depth: 4, heads: 3, mlpRatio: 4 }, pretrainPx: 64, join: 'default', dropPath: 0, adapter,
      head: { ...model.head, channels: 32, dropout: 0 }, auxiliary: { ...model.auxiliary, channels: 16, dropout: 0 },
    } };
  `);
  return file;
}

/** Runs `mpvg forward` with weights of the named reference files, the last of which has the inputs too. */
async function run(variant: Variant, files: readonly string[], ...args: string[]): Promise<TensorMap> {
  const paths = files.map(referencePath);
  return runOn(variant, paths, paths.at(-1)!, ...args);
}

async function runOn(variant: Variant, weights: readonly string[], inputs: string, ...args: string[]): Promise<TensorMap> {
  const tensors = await forwardOutputs(cli, { config: config(variant), weights, inputs }, ...args);
  expect(cli.stderr).toBe('');
  return tensors;
}

describe('mpvg forward against the reference files', () => {
  // Tolerances: the reference's own README, outputs and gradients.
  it.each([
    ['detection', 'vit_adapter_det_eval', [], 20, 2e-5, NaN],
    ['segmentation', 'vit_adapter_seg_eval', [], 20, 1e-5, NaN],
    ['detection', 'vit_adapter_det_train', ['--train', '--grad'], 250, 2e-5, 5e-5],
    ['segmentation', 'vit_adapter_seg_train', ['--train', '--grad'], 150, 2e-5, 5e-5],
    ['segmentation', 'upernet', ['--grad'], 50, 1e-5, 5e-5],
  ] as const)('%s variant, %s: every stage, loss, gradient and statistic', async (variant, file, args, least, output, gradient) => {
    const ours = await run(variant, file === 'upernet' ? [file] : ['vit_adapter_weights', file], ...args);
    const theirs = await readSafetensors(referencePath(file));
    const compared = [...theirs.keys()].filter((name) => name.startsWith('output.') || name.startsWith('grad.'));
    expect(compared.length).toBeGreaterThanOrEqual(least);
    for (const name of compared) {
      const tolerance = name.startsWith('grad.') ? gradient : output;
      expect(ours.get(name)?.shape, name).toEqual(theirs.get(name)?.shape);
      const [actual, expected] = [numbersOf(ours, name), numbersOf(theirs, name)];
      if (Math.max(...Array.from(expected, Math.abs)) < 1e-6) {
        // The gradient of a bias before a batch norm is zero; what both have is rounding.
        expect(Math.max(...Array.from(actual, Math.abs)), name).toBeLessThan(1e-6);
      } else {
        expect(relativeError(actual, expected), name).toBeLessThan(tolerance);
      }
    }
  });

  it('runs backbone and heads together where there are weights of both', async () => {
    const { data, shape } = (await readSafetensors(referencePath('vit_adapter_seg_train'))).get('input.x')!;
    const [batch = 0, , height = 0, width = 0] = shape;
    const inputs = path.join(temporary, 'inputs.safetensors');
    const label = Int32Array.from({ length: batch * height * width }, (_, i) => (i % 14 === 13 ? 255 : i % 12));
    await writeSafetensors(inputs, [
      ['input.x', { dtype: 'F32', shape, data }], ['input.label', { dtype: 'I32', shape: [batch, height, width], data: label }],
    ]);
    const weights = ['vit_adapter_weights', 'upernet'].map(referencePath);
    const whole = await runOn('segmentation', weights, inputs, '--train', '--grad');
    const backbone = await readSafetensors(referencePath('vit_adapter_seg_train'));
    expect(relativeError(numbersOf(whole, 'output.f3'), numbersOf(backbone, 'output.f3'))).toBeLessThan(2e-5);
    expect(whole.get('output.logits')?.shape).toEqual([batch, 12, height / 4, width / 4]);
    const loss = numbersOf(whole, 'output.loss_ce')[0]! + numbersOf(whole, 'output.aux_loss_ce')[0]!;
    expect(numbersOf(whole, 'output.total')[0]! / loss).toBeCloseTo(1, 6);
    for (const name of ['grad.backbone.pos_embed', 'grad.decode_head.conv_seg.bias', 'output.after.backbone.norm1.running_mean', 'grad.input.x']) {
      expect(Math.max(...Array.from(numbersOf(whole, name), Math.abs)), name).toBeGreaterThan(0);
    }
    // Without --train the running statistics normalise, and stay.
    const evaluated = await runOn('segmentation', weights, inputs);
    expect(evaluated.has('output.after.backbone.norm1.running_mean')).toBe(false);
    expect(relativeError(numbersOf(evaluated, 'output.logits'), numbersOf(whole, 'output.logits'))).toBeGreaterThan(1e-2);
  });

  it('names what the files lack', async () => {
    const none = path.join(cli.dir, 'none');
    const refusal = async (weights: string, inputs: string, ...args: string[]) => {
      cli.stderr = '';
      const files = ['--weights', referencePath(weights), '--inputs', referencePath(inputs), '--out', none];
      expect(await cli.run(config('segmentation'), ...files, ...args)).toBe(2);
      return cli.stderr;
    };
    expect(await refusal('ms_deform_attn_injector', 'vit_adapter_seg_eval')).toMatch(
      /^mpvg: forward: expected all parameters of the model in --weights, got none for backbone\.level_embed, .* and \d+ more\n$/);
    expect(await refusal('vit_adapter_weights', 'vit_adapter_seg_eval', '--grad')).toBe(
      'mpvg: forwardSegmentor: expected factors of the maps input.r1 … input.r4 for the gradients, got none\n');
    expect(await refusal('vit_adapter_weights', 'vit_adapter_weights')).toMatch(
      /^mpvg: forward: expected a floating-point tensor input\.x in .*vit_adapter_weights\.safetensors, got none\n$/);
    expect(fs.existsSync(none)).toBe(false);
  });

  it('refuses shapes without a value, and those that do not belong together', async () => {
    const zeros = (shape: readonly number[]) => ({ dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }) as const;
    const refusal = async (weights: string, inputs: Readonly<Record<string, readonly number[]>>) => {
      const file = path.join(cli.dir, 'inputs.safetensors');
      await writeSafetensors(file, Object.entries(inputs).map(([name, shape]) => [`input.${name}`, zeros(shape)] as const));
      cli.stderr = '';
      const files = ['--weights', referencePath(weights), '--inputs', file, '--out', path.join(cli.dir, 'none')];
      expect(await cli.run(config('segmentation'), ...files)).toBe(2);
      return cli.stderr.replace('mpvg: forwardSegmentor: expected shape ', '');
    };
    const maps = { f0: [2, 48, 16, 16], f1: [2, 48, 8, 8], f2: [2, 48, 4, 4], f3: [2, 48, 2, 2] };
    expect(await refusal('vit_adapter_weights', { x: [0, 3, 64, 64] })).toBe('[B, 3, H, W], none of them 0, for input.x, got [0, 3, 64, 64]\n');
    expect(await refusal('vit_adapter_weights', { x: [1, 3, 64, 0] })).toBe('[B, 3, H, W], none of them 0, for input.x, got [1, 3, 64, 0]\n');
    expect(await refusal('vit_adapter_weights', { x: [1, 3, 64, 64], r1: [1, 48, 16, 16], r2: [1, 48, 8, 8], r3: [1, 48, 4, 4], r4: [1, 48, 1, 2] })).toBe(
      '[1, 48, 2, 2], that of the map, for input.r4, got [1, 48, 1, 2]\n');
    expect(await refusal('upernet', { ...maps, f2: [1, 48, 4, 4] })).toBe('[2, 48, h, w], none of them 0, for input.f2, got [1, 48, 4, 4]\n');
    expect(await refusal('upernet', { ...maps, label: [1, 64, 64] })).toBe('[2, H, W], none of them 0, for input.label, got [1, 64, 64]\n');
  });
});
