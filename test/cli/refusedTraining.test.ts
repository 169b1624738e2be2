// A training that is refused costs nothing: with --resume, not a byte of its run changes. Commands run in the test's process.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { createProgram } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/runProgram.ts';
import { bytesOf } from '../bytesOf.ts';
import { writeTinyCifar } from './tinyCifar.ts';
import { writeTinySegmentation } from './tinySegmentation.ts';

let folder = '';
let stderr = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-refused-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function mpvg(...args: string[]): Promise<number> {
  stderr = '';
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  process.exitCode = undefined;
  return runProgram(createProgram(), args);
}

/** Resumes a copy of a run that something was done to; it must be refused and stay as it is. @returns what was said last */
async function refusal(
  run: string, command: readonly string[], damage: (copy: string) => Promise<void> | void = () => undefined,
): Promise<string> {
  const copy = join(folder, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(run, copy, { recursive: true });
  await damage(copy);
  const before = bytesOf(copy);
  expect(await mpvg(...command, '--out', copy, '--resume')).toBe(2);
  expect(bytesOf(copy)).toEqual(before);
  return stderr.trim().split('\n').at(-1)!;
}

/** Puts another value into a tensor of a file. */
async function spoil(file: string, name: string, value: number): Promise<void> {
  const tensors = await readSafetensors(file);
  (tensors.get(name)!.data as Float32Array)[1] = value;
  await writeSafetensors(file, tensors);
}

describe('mpvg pretrain that is refused', () => {
  let config = '';
  let done = '';
  const command = (...args: string[]) => ['pretrain', config, '--threads', '1', '--set', 'schedule.epochs=1', ...args];
  beforeAll(async () => {
    mkdirSync(join(folder, 'cifar'));
    config = writeTinyCifar(join(folder, 'cifar'));
    done = join(folder, 'done');
    expect(await mpvg(...command('--out', done))).toBe(0);
  }, 120_000);

  it.each([
    [['--join', 'lape'], 'is a checkpoint of another model'],
    [['--set', 'optimizer={"kind":"sgd","lr":0.1,"weightDecay":0,"momentum":0.9,"nesterov":false,"noDecay":"none"}'], "got another optimizer's"],
    [['--set', 'batchSize=16'], 'expected 6 updates per epoch'],
    [['--set', 'batchSize=128'], 'expected at most the 48 training images'],
    [['--set', 'optimizer.larningRate=1'], 'expected one of the keys'],
    [['--data', 'nowhere'], 'nowhere'],
    [['--device', 'cuda:99'], 'cuda:99'],
  ])('says so and changes nothing, with %j', async (args, expected) => {
    expect(await refusal(done, command(...args))).toContain(expected);
  });

  it('names both lists of classes where they differ', async () => {
    const names = (order: readonly number[]) => order.map((i) => `class${i}\n`).join('');
    const file = join(folder, 'cifar/data/batches.meta.txt');
    const before = readFileSync(file);
    writeFileSync(file, names([0, 1, 2, 3, 4, 5, 6, 7, 9, 8]));
    const said = await refusal(done, command()).finally(() => writeFileSync(file, before));
    expect(said).toContain('class0, class1, class2, class3, class4, class5, class6, class7, class8, class9), got 10 (class0, class1, class2, class3, class4, class5, class6, class7, class9, class8);');
  });

  it('names what is damaged', async () => {
    const inLast = (copy: string, file: string) => join(copy, 'checkpoints/last', file);
    expect(await refusal(done, command(), (copy) => truncateSync(inLast(copy, 'optimizer.safetensors'), 5000))).toContain('last/optimizer.safetensors');
    expect(await refusal(done, command(), (copy) => rmSync(inLast(copy, 'model.safetensors')))).toContain('expected model.safetensors');
    expect(await refusal(done, command(), (copy) => writeFileSync(inLast(copy, 'state.json'), '{"step":'))).toContain('expected JSON in');
    expect(await refusal(done, command(), (copy) => writeFileSync(join(copy, 'config.json'), '{'))).toContain('expected JSON in');
    expect(await refusal(done, command(), (copy) => rmSync(join(copy, 'config.json')))).toContain('without config.json');
  });

  it('names the tensor that is not finite, and its file', async () => {
    for (const [part, name, value] of [['model', 'blocks.1.norm1.bias', NaN], ['ema', 'cls_head.bias', -Infinity], ['optimizer', 'exp_avg_sq.fc.weight', NaN]] as const) {
      const file = (copy: string) => join(copy, 'checkpoints/last', `${part}.safetensors`);
      const known = await readSafetensors(file(done));
      const tensor = known.has(name) ? name : [...known.keys()].at(-1)!;
      expect(await refusal(done, command(), async (copy) => spoil(file(copy), tensor, value))).toContain(
        `expected finite values for ${tensor} in ${file(join(folder, 'copy'))}, got ${value} at 1; `);
    }
  });

  it('tells weights that are not finite from the learning rate with --init too, and leaves no folder', async () => {
    const spoilt = join(folder, 'spoilt.safetensors');
    cpSync(join(done, 'checkpoints/best/model.safetensors'), spoilt);
    await spoil(spoilt, 'blocks.0.attn.qkv.weight', Infinity);
    const out = join(folder, 'never');
    expect(await mpvg(...command('--out', out, '--init', spoilt))).toBe(2);
    expect(stderr).toContain(`expected finite values for blocks.0.attn.qkv.weight in ${spoilt}, got Infinity at 1`);
    expect(existsSync(out)).toBe(false);
  });
});

describe('mpvg finetune that is refused', () => {
  let config = '';
  let done = '';
  const command = (...args: string[]) => ['finetune', config, '--threads', '1', '--set', 'schedule.iterations=2', '--set', 'workers=0', ...args];
  beforeAll(async () => {
    mkdirSync(join(folder, 'segmentation'));
    config = await writeTinySegmentation(join(folder, 'segmentation'));
    done = join(folder, 'segmented');
    expect(await mpvg(...command('--out', done))).toBe(0);
  }, 120_000);

  it('says so and changes nothing: other names of the classes, faulty data', async () => {
    const names = JSON.stringify({ names: ['red', 'blue', 'green'] });
    expect(await refusal(done, command('--set', `data.classes=${names}`))).toContain('3 (red, green, blue), got 3 (red, blue, green); ');
    const faulty = join(folder, 'faulty');
    cpSync(join(folder, 'segmentation/data'), faulty, { recursive: true });
    const map = join(faulty, 'annotations/validation/photo1.png');
    await sharp(new Uint8Array(96 * 96).fill(9), { raw: { width: 96, height: 96, channels: 1 } }).toColourspace('b-w').png().toFile(map);
    await refusal(done, command('--data', faulty));
    expect(stderr).toContain(map);
  });

  it('says what is wrong with the place first, then with the device, then with the data, and leaves no folder', async () => {
    const [out, data] = [join(folder, 'order'), ['--data', join(folder, 'nowhere')]];
    const wrong = ['--device', 'cuda:0', ...data];
    mkdirSync(out);
    writeFileSync(join(out, 'photo.jpg'), '');
    expect(await mpvg(...command('--out', out, ...wrong))).toBe(2);
    expect(stderr).toMatch(/^mpvg: openRun: expected a new or empty directory for the run, .* with photo\.jpg;/);
    rmSync(out, { recursive: true });
    expect(await mpvg(...command('--out', out, ...wrong))).toBe(2);
    expect(stderr).toMatch(/^mpvg: device 'cuda:0': /);
    expect(await mpvg(...command('--out', out, ...data))).toBe(2);
    expect(stderr).toMatch(/^mpvg: .*nowhere/);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses batches of one photo where a batch norm sees one value, before anything else', async () => {
    const out = join(folder, 'single');
    const said = 'train: expected at least 2 photos for batchSize / accumulationSteps, got 2 / 2: model.head.poolScales';
    expect(await mpvg(...command('--out', out, '--data', 'nowhere', '--set', 'accumulationSteps=2'))).toBe(2);
    expect(stderr).toContain(said);
    const whole = command('--out', out, '--set', 'batchSize=1', '--set', 'model.head.poolScales=[2]');
    expect(await mpvg(...whole, '--set', 'augmentation.train.cropPx=32')).toBe(2);
    expect(stderr).toContain('got 1 / 1: the coarsest map of 32 px is 1 x 1');
    expect(await mpvg(...whole)).toBe(0);
  });

  it('refuses to train one class, whose loss is always 0', async () => {
    const classes = JSON.stringify({ names: ['red'], ignoreValues: [1, 2] });
    const out = join(folder, 'never-one');
    expect(await mpvg(...command('--out', out, '--set', 'model.classes=1', '--set', `data.classes=${classes}`))).toBe(2);
    expect(stderr).toContain('SegmentationTask: expected at least 2 classes for model.classes, got 1');
    expect(existsSync(out)).toBe(false);
  });

  it('tells a pretraining checkpoint that is not finite from the learning rate', async () => {
    const spoilt = join(folder, 'pretrained.safetensors');
    cpSync(join(done, 'checkpoints/best/model.safetensors'), spoilt);
    await spoil(spoilt, 'backbone.blocks.0.attn.qkv.weight', NaN);
    const out = join(folder, 'never');
    expect(await mpvg(...command('--out', out, '--pretrained', spoilt))).toBe(2);
    expect(stderr).toContain(`expected finite values for backbone.blocks.0.attn.qkv.weight in ${spoilt}, got NaN at 1`);
    expect(existsSync(out)).toBe(false);
  });
});
