import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softmax, tensor } from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClassifier } from '../../src/backbones/createClassifier.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { loadConfig } from '../../src/config/loadConfig.ts';
import { loadPredictor } from '../../src/config/loadPredictor.ts';
import { CIFAR10_MEAN, CIFAR10_STD } from '../../src/data/normalization.ts';
import { loadWeights } from '../../src/engine/trainingState.ts';
import { classification } from '../../src/recipes/classification/recipe.ts';
import { runMpvg } from './mpvgProcess.ts';
import { writeTinyCifar } from './tinyCifar.ts';
import { writeTinySegmentation } from './tinySegmentation.ts';

interface RunMetrics {
  readonly last: { readonly metrics: object; readonly ema?: object };
}

let folder = '';
const at = (...names: string[]) => join(folder, ...names);
const metricsOf = (run: string) => (JSON.parse(readFileSync(join(run, 'metrics.json'), 'utf8')) as RunMetrics).last;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-evaluate-'));
  for (const name of ['classes', 'maps']) mkdirSync(at(name));
  const configs = [writeTinyCifar(at('classes')), await writeTinySegmentation(at('maps'))] as const;
  const short = [['schedule.epochs=2'], ['schedule.iterations=4']] as const;
  for (const [i, config] of configs.entries()) {
    const { code, stderr } = await runMpvg('train', config, '--threads', '1', '--set', ...short[i]!, '--set', 'model.classes=data');
    expect([code, stderr]).toEqual([0, expect.stringContaining('writing to')]);
  }
  rmSync(at('classes/data/data_batch_1.bin'));
  rmSync(at('maps/data/images/training'), { recursive: true });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

async function evaluate(...args: string[]): Promise<{ metrics: Record<string, number>; split: string }> {
  const { code, stdout, stderr } = await runMpvg('evaluate', ...args, '--threads', '1', '--json');
  expect([code, stderr]).toEqual([0, expect.stringContaining('checkpoints/')]);
  return JSON.parse(stdout) as { metrics: Record<string, number>; split: string };
}

describe('mpvg evaluate of a run', () => {
  it("gives what training found, without its training data: a classifier's average", async () => {
    const run = at('classes/run');
    const expected = metricsOf(run).ema!;
    expect(await evaluate(join(run, 'checkpoints/last'))).toMatchObject({ split: 'val', metrics: expected });
    expect((await evaluate(at('classes/config.ts'), '--checkpoint', join(run, 'checkpoints/last'))).metrics).toEqual(expected);
    const { code, stderr } = await runMpvg('evaluate', run, '--split', 'train');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^mpvg: .*data_batch/)]);
  }, 60_000);

  it('gives what training found, without its training data: a segmentation model', async () => {
    const run = at('maps/run');
    expect((await evaluate(join(run, 'checkpoints/last'))).metrics).toEqual(metricsOf(run).metrics);
    const { stdout } = await runMpvg('evaluate', join(run, 'checkpoints/last'), '--threads', '1');
    expect(stdout).toMatch(/^mIoU +\d+\.\d\d %\nmAcc +\d+\.\d\d %\naAcc +\d+\.\d\d %\nIoU\.(red|green|blue) /);
  }, 60_000);

  it('measures other data, and wants weights beside a config', async () => {
    cpSync(at('classes/data'), at('classes/other'), { recursive: true });
    rmSync(at('classes/other/test_batch.bin'));
    const other = await runMpvg('evaluate', at('classes/run'), '--data', at('classes/other'));
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/^mpvg: .*other\/test_batch\.bin/)]);
    const bare = await runMpvg('evaluate', at('classes/config.ts'));
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringMatching(/^mpvg: --checkpoint: expected a run or a checkpoint beside the config/)]);
  });
});

describe('mpvg predict of a classifier', () => {
  it('lists the five likeliest classes with the probabilities of the model', async () => {
    const photo = at('photo.png');
    const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 37) % 256);
    await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } }).png().toFile(photo);
    const { code, stdout, stderr } = await runMpvg('predict', at('classes/run'), photo, '--out', at('predictions'), '--threads', '1');
    expect([code, stdout]).toEqual([0, `results     ${at('predictions/predictions.json')}\n`]);

    await selectBackend({ threads: 1 });
    const model = createClassifier({ ...(await loadConfig(classification, at('classes/run'))).model, classes: 10 });
    const { notes } = await loadWeights(at('classes/run'), model);
    expect(notes).toEqual([expect.stringMatching(/checkpoints\/best: the moving average of the weights$/)]);
    const normalised = Float32Array.from(pixels, (value, i) => (value / 255 - CIFAR10_MEAN[i % 3]!) / CIFAR10_STD[i % 3]!);
    const probabilities = [...await softmax(model.forward(tensor(normalised, [1, 32, 32, 3]))).data<'float32'>()];
    const named = probabilities.map((probability, i) => ({ class: `class${i}`, probability }));
    const ranked = named.sort((a, b) => b.probability - a.probability);

    const [entry] = JSON.parse(readFileSync(at('predictions/predictions.json'), 'utf8')) as { photo: string; top: typeof ranked }[];
    expect(entry!.photo).toBe(photo);
    expect(entry!.top.map((one) => one.class)).toEqual(ranked.slice(0, 5).map((one) => one.class));
    for (const [i, { probability }] of entry!.top.entries()) expect(probability).toBeCloseTo(ranked[i]!.probability, 5);
    expect(stderr).toContain(`1 of 1  ${photo}  ${ranked[0]!.class} ${(100 * ranked[0]!.probability).toFixed(2)} %, `);

    const predictor = await loadPredictor(at('classes/run'), { threads: 1 });
    const { top } = entry!;
    for (const given of [photo, readFileSync(photo)]) expect((await predictor.predict(given)).result).toEqual({ top });
    await expect(predictor.predict(at('nowhere.png'))).rejects.toThrow(/nowhere\.png/);
    predictor.dispose();
  }, 60_000);
});

describe('loadPredictor', () => {
  it('asks a segmentation model, and makes pictures of what it says', async () => {
    const photo = at('maps/data/images/validation/photo0.png');
    const options = { checkpoint: at('maps/run'), threads: 1, overrides: { set: ['compile=false'] } };
    const predictor = await loadPredictor(at('maps/config.ts'), options);
    const { result, headline, pictures } = await predictor.predict(photo);
    const shares = Object.values(result['classes'] as Record<string, number>);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 10);
    expect(headline).toMatch(/^(red|green|blue) \d+ %/);
    expect([...pictures.keys()]).toEqual(['.png', '.labels.png']);
    const labels = await sharp(await pictures.get('.labels.png')!()).metadata();
    expect([labels.width, labels.height]).toEqual([96, 96]);
    predictor.dispose();
    await expect(loadPredictor(at('nowhere'))).rejects.toThrow(/expected a config file or a run, got .*nowhere: there is no such file/);
  }, 60_000);
});
