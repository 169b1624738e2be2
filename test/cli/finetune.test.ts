import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabelImage } from '../../src/data/labelImage.ts';
import { runMpvg, startMpvg } from './mpvgProcess.ts';
import { writeTinySegmentation } from './tinySegmentation.ts';

let folder = '';
let config = '';
/** A finished run. */
let done = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-finetune-'));
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  config = await writeTinySegmentation(folder);
  done = join(folder, 'done');
  const { code, stdout, stderr } = await finetune('--out', done);
  expect([code, stderr]).toEqual([0, expect.stringContaining(`writing to ${done}\n`)]);
  expect(stdout).toMatch(/^trained 24 steps in 0:\d\d\nbest mIoU {3}\d+\.\d\d %, mAcc \d+\.\d\d %, aAcc \d+\.\d\d %, after step \d+\n/);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const finetune = (...args: string[]) => runMpvg('finetune', config, '--threads', '1', ...args);
const weights = (run: string) => readFileSync(join(run, 'checkpoints/last/model.safetensors'));

describe('mpvg finetune', () => {
  it('leaves a run that can be looked at, with pictures of what it sees', () => {
    for (const file of ['config.json', 'env.json', 'log.jsonl', 'curve.svg']) expect(existsSync(join(done, file))).toBe(true);
    expect(readdirSync(join(done, 'pictures'))).toEqual(['photo0.png', 'photo1.png', 'photo2.png']);
    const metrics = JSON.parse(readFileSync(join(done, 'metrics.json'), 'utf8')) as { best: { metrics: Record<string, number> } };
    expect(Object.keys(metrics.best.metrics)).toEqual(expect.arrayContaining(['mIoU', 'mAcc', 'aAcc', 'IoU.red', 'IoU.green', 'IoU.blue']));
    const steps = readFileSync(join(done, 'log.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { event: string; step: number });
    expect(steps.filter(({ event }) => event === 'evaluate').map(({ step }) => step)).toEqual([10, 20, 24]);
  });

  it('stopped and resumed, ends at the same weights, bit for bit', async () => {
    const stopped = join(folder, 'stopped');
    const { child, ended } = startMpvg(['finetune', config, '--threads', '1', '--out', stopped]);
    child.stderr?.on('data', (chunk: Buffer) => { if (chunk.toString().includes('step 1/24 ')) child.kill('SIGINT'); });
    expect((await ended).code).toBe(130);
    expect((await finetune('--out', stopped, '--resume')).code).toBe(0);
    expect(weights(stopped).equals(weights(done))).toBe(true);
  }, 120_000);

  it('names a faulty label image before it trains', async () => {
    const faulty = join(folder, 'faulty');
    cpSync(join(folder, 'data'), faulty, { recursive: true });
    const map = join(faulty, 'annotations/training/photo1.png');
    await sharp(new Uint8Array(96 * 96).fill(3), { raw: { width: 96, height: 96, channels: 1 } }).toColourspace('b-w').png().toFile(map);
    const { code, stderr } = await finetune('--data', faulty, '--out', join(folder, 'refused'));
    expect(code).toBe(2);
    expect(stderr).toContain(map);
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  it('says what of a pretraining checkpoint it takes', async () => {
    const { code, stderr } = await finetune('--out', join(folder, 'second'), '--pretrained', done, '--set', 'schedule.iterations=2');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/\d+ tensors taken, 0 left at their initial values/)]);
  }, 60_000);
});

describe('pictures of a run', () => {
  it('keep photos of one name in several folders apart', async () => {
    const nested = join(folder, 'nested');
    for (const kind of ['images', 'annotations']) {
      cpSync(join(folder, 'data', kind, 'training'), join(nested, kind, 'training'), { recursive: true });
      for (const [i, part] of ['day', 'night'].entries()) {
        cpSync(join(folder, 'data', kind, 'validation', `photo${i}.png`), join(nested, kind, 'validation', part, '1.png'));
      }
    }
    const out = join(folder, 'nested-run');
    const { code, stderr } = await finetune('--data', nested, '--out', out, '--init', done, '--set', 'schedule.iterations=2');
    expect([code, stderr]).toEqual([0, expect.stringContaining(`from ${join(done, 'checkpoints/best')}: all `)]);
    expect(readdirSync(join(out, 'pictures'), { recursive: true }).sort()).toEqual(['day', 'day/1.png', 'night', 'night/1.png']);
  }, 60_000);
});

describe('mpvg predict', () => {
  it('writes a picture and a label image for each photo', async () => {
    const out = join(folder, 'predictions');
    const photos = join(folder, 'data/images/validation');
    const { code, stdout } = await runMpvg('predict', config, photos, '--checkpoint', done, '--out', out);
    expect([code, stdout]).toEqual([0, `pictures    ${out}\n`]);
    const { data, width, height } = await readLabelImage(join(out, 'photo1.labels.png'));
    expect([width, height, Math.max(...data) < 3]).toEqual([96, 96, true]);
    const summary = JSON.parse(readFileSync(join(out, 'predictions.json'), 'utf8')) as { classes: Record<string, number> }[];
    const sums = summary.map(({ classes }) => Object.values(classes).reduce((sum, share) => sum + share, 0));
    expect(sums.map((sum) => sum.toFixed(9))).toEqual(['1.000000000', '1.000000000', '1.000000000']);
  }, 60_000);

  it('keeps photos of one name apart, and never writes over a photo', async () => {
    const out = join(folder, 'same-names');
    const [one, other] = ['training', 'validation'].map((split) => join(folder, 'data/images', split, 'photo0.png')) as [string, string];
    expect((await runMpvg('predict', config, one, other, one, '--checkpoint', done, '--out', out)).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['photo0-2.labels.png', 'photo0-2.png', 'photo0.labels.png', 'photo0.png', 'predictions.json']);
    const { code, stderr } = await runMpvg('predict', config, one, '--checkpoint', done, '--out', join(one, '..'));
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${one} would be overwritten`)]);
  }, 60_000);

  it('refuses a config whose classes have other names than those of the run', async () => {
    const photo = join(folder, 'data/images/validation/photo0.png');
    const others = 'data.classes.names=["red","blue","green"]';
    const { code, stderr } = await runMpvg('predict', config, photo, '--checkpoint', done, '--set', others, '--out', join(folder, 'other'));
    expect(stderr).toMatch(/^mpvg: loadWeights: expected the classes of .*, 3 \(red, green, blue\), got 3 \(red, blue, green\); give the config of that run\n$/);
    expect(code).toBe(2);
  });

  it('names a photo that is not there', async () => {
    const { code, stderr } = await runMpvg('predict', config, join(folder, 'none.jpg'), '--checkpoint', done);
    expect([code, stderr]).toEqual([2, `mpvg: predict: expected a photo or a folder of photos, got ${join(folder, 'none.jpg')}: there is no such file\n`]);
    const device = await runMpvg('predict', config, '/dev/null', '--checkpoint', done);
    expect([device.code, device.stderr]).toEqual([2, 'mpvg: predict: expected a photo or a folder of photos, got /dev/null: a pipe or device\n']);
  });
});
