import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMpvg } from './mpvgProcess.ts';
import { writeTinyCifar } from './tinyCifar.ts';

let folder = '';
let config = '';
/** A finished run. */
let done = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-pretrain-'));
  config = writeTinyCifar(folder);
  done = join(folder, 'done');
  const { code, stdout, stderr } = await pretrain('--out', done, '--set', 'schedule.epochs=2');
  expect([code, stderr]).toEqual([0, expect.stringContaining(`writing to ${done}\n`)]);
  expect(stdout).toMatch(/^trained 12 steps in 0:\d\d\nbest top-1 {2}\d+\.\d\d %, top-5 \d+\.\d\d %, after epoch 2 \(moving average of the weights\)\n/);
  expect(stdout).toContain(`checkpoint  ${join(done, 'checkpoints/best')}\n`);
  expect(stdout).toMatch(/next {8}npx mpvg pretrain .*config\.ts .*--join default --out .*done-default\n$/);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const pretrain = (...args: string[]) => runMpvg('pretrain', config, '--threads', '1', ...args);

/** What the command says, in one line, of a mistake; it must not have begun a run. */
async function complaint(...args: string[]): Promise<string> {
  const out = join(folder, 'refused');
  const { code, stdout, stderr } = await pretrain('--out', out, ...args);
  expect([code, stdout, stderr.trim().split('\n').length]).toEqual([2, '', 1]);
  expect(existsSync(out)).toBe(false);
  return stderr;
}

describe('mpvg pretrain', () => {
  it('leaves a run that can be looked at', () => {
    for (const file of ['config.json', 'env.json', 'log.jsonl', 'metrics.json', 'curve.svg']) expect(existsSync(join(done, file))).toBe(true);
    for (const name of ['last', 'best']) expect(existsSync(join(done, 'checkpoints', name, 'ema.safetensors'))).toBe(true);
    expect(existsSync(join(done, 'run.lock'))).toBe(false);
    expect(readFileSync(join(done, 'curve.svg'), 'utf8')).toContain('top-1 of the average (EMA)');
    const state = JSON.parse(readFileSync(join(done, 'checkpoints/best/state.json'), 'utf8')) as object;
    expect(state).toMatchObject({ step: 12, task: { classNames: expect.arrayContaining(['class9']) as string[] } });
  });

  it('does not write over a run', async () => {
    const { code, stderr } = await pretrain('--out', done);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^mpvg: openRun: .* continue that run with --resume or choose another directory with --out\n$/)]);
  });

  it('starts from the weights of another run', async () => {
    const { code } = await pretrain('--out', join(folder, 'second'), '--init', done, '--set', 'schedule.epochs=1', '--set', 'schedule.warmupEpochs=0');
    expect(code).toBe(0);
    const weights = (run: string) => readFileSync(join(folder, run, 'checkpoints/last/model.safetensors'));
    expect(weights('second').equals(weights('done'))).toBe(false);
  });

  it('trains in bfloat16', async () => {
    const { code, stderr } = await pretrain('--out', join(folder, 'bf16'), '--precision', 'bf16', '--set', 'schedule.epochs=2');
    expect([code, stderr]).toEqual([0, expect.stringContaining('step 12/12')]);
    const losses = (run: string) => readFileSync(join(folder, run, 'log.jsonl'), 'utf8').split('\n').slice(0, 12)
      .map((line) => (JSON.parse(line) as { loss?: number }).loss ?? 0);
    const [wide, narrow] = [losses('done'), losses('bf16')];
    expect(narrow).not.toEqual(wide);
    wide.forEach((loss, i) => expect(narrow[i]).toBeCloseTo(loss, 1));
  });

  it('names the keys in which a checkpoint is of another model', async () => {
    expect(await complaint('--init', done, '--join', 'lape')).toMatch(
      /best is a checkpoint of another model: \d+ keys? missing \(.*cls_token.*\); \d+ keys? unexpected \(pe_norm\.bias.*\); 1 key of another shape \(pos_embed: expected \[1, 17, 32\], got \[1, 16, 32\]\)/);
  });

  it.each([
    [['--set', 'optimizer.larningRate=1'], '--set: expected one of the keys'],
    [['--join', 'mpgv'], 'did you mean mpvg?'],
    [['--backend', 'tensorflow'], "backend 'tensorflow'"],
    [['--set', 'batchSize=128'], 'expected at most the 48 training images for batchSize, got 64'],
    [['--data', 'nowhere'], 'nowhere'],
    [['--init', 'nowhere'], 'expected a checkpoint at nowhere'],
    [['--set', 'model.classes=5'], 'expected 10 classes for cifar10 for model.classes, got 5'],
  ])('says in one line what is wrong with %j', async (args, expected) => {
    expect(await complaint(...args)).toContain(expected);
  });

  it('names an empty class folder', async () => {
    const photos = join(folder, 'photos');
    for (const split of ['train', 'val']) mkdirSync(join(photos, split, 'cat'), { recursive: true });
    const args = ['--set', `data=${JSON.stringify({ kind: 'imageFolder', trainDir: join(photos, 'train'), valDir: join(photos, 'val') })}`];
    expect(await complaint(...args)).toContain('expected at least one picture');
  });

  it('stops at a loss that is not finite and names step and samples', async () => {
    const out = join(folder, 'nan');
    const { code, stderr } = await pretrain('--out', out, '--set', 'optimizer.lr=1e30', '--set', 'clipGradNorm=none');
    expect(code).toBe(2);
    // The first update has the warm-up's rate.
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^mpvg: train: expected a finite loss at step 3, got (NaN|-?Infinity) for the samples data_batch_1\.bin record \d+, /);
    expect(existsSync(join(out, 'run.lock'))).toBe(false);
  });

  it('names a picture that is broken', async () => {
    const photos = join(folder, 'broken');
    cpSync('samples', photos, { recursive: true });
    const picture = join(photos, 'train/meal/000000000092.jpg');
    truncateSync(picture, 3000);
    const { code, stderr } = await runMpvg('pretrain', 'configs/quickstart/pretrain.ts', '--data', photos, '--out', join(folder, 'torn'),
      '--threads', '1', '--set', 'model.size.depth=1', '--set', 'workers=0');
    expect([code, stderr]).toEqual([2, expect.stringContaining(picture)]);
  });

  it('answers --help without loading tensors or libtorch', async () => {
    const script = join(folder, 'help.ts');
    writeFileSync(script, `
      import { createRequire } from 'node:module';
      import { createProgram } from ${JSON.stringify(join(process.cwd(), 'src/cli/program.ts'))};
      const program = createProgram();
      const help = program.commands.map((command) => command.helpInformation()).join('');
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /tfjs|sharp|\\.node$/.test(file));
      process.stdout.write(JSON.stringify({ help: help.includes('--resume'), loaded }));`);
    const { stdout } = await promisify(execFile)(process.execPath, ['node_modules/jiti/lib/jiti-cli.mjs', script]);
    expect(JSON.parse(stdout)).toEqual({ help: true, loaded: [] });
  });
});
