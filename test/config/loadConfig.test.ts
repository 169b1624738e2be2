import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { loadConfig, openExperiment } from '../../src/config/loadConfig.ts';
import { ConfigError } from '../../src/errors.ts';
import { ClassificationExperiment } from '../../src/recipes/classification/experiment.ts';
import { classification } from '../../src/recipes/classification/recipe.ts';
import { segmentation } from '../../src/recipes/segmentation/recipe.ts';

const root = path.resolve(import.meta.dirname, '../..');
let temporary = '';
beforeAll(() => { temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'mpvg-config-')); });
afterAll(() => fs.rmSync(temporary, { recursive: true }));

const deitTiny = path.join(root, 'configs/imagenet/deit_tiny.ts');
const upernetTiny = path.join(root, 'configs/ade20k/upernet_vit_adapter_tiny.ts');

/** A config file outside the package. */
function outside(name: string, code: string): string {
  const file = path.join(temporary, name);
  fs.writeFileSync(file, code);
  return file;
}

/** The message with which a config is refused. */
async function refusal(file: string, overrides = {}): Promise<string> {
  const error: unknown = await openExperiment(file, overrides).then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

describe('the shipped configs', () => {
  const files = fs.readdirSync(path.join(root, 'configs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

  it.each(files)('%s is valid and at most 60 lines', async (name) => {
    const file = path.join(root, 'configs', name);
    const experiment = await openExperiment(file);
    expect(experiment.config.out).toMatch(/^runs\//);
    expect(experiment.count!().model.namedParameters().size).toBeGreaterThan(0);
    if (experiment instanceof ClassificationExperiment) {
      const { model, augmentation } = experiment.config;
      expect(model.imagePx).toBe(augmentation.eval.findLast((step) => 'sizePx' in step)?.sizePx);
    }
    expect(fs.readFileSync(file, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(60);
  });

  it('a config made from another keeps what it does not change', async () => {
    const tiny = await loadConfig(classification, deitTiny);
    const base = await loadConfig(classification, path.join(root, 'configs/imagenet/deit_base.ts'));
    expect(base.model).toEqual({ ...tiny.model, size: 'base' });
    expect(base.schedule).toEqual(tiny.schedule);
  });
});

describe('loadConfig', () => {
  it('gives mpvg to a config that lies outside the package', async () => {
    const file = outside('mine.ts', `
      import { defineConfig, type ClassificationConfigInput } from 'mpvg';
      import tiny from ${JSON.stringify(deitTiny)};
      const seed: number = 7;
      export default defineConfig({ ...(tiny as ClassificationConfigInput), seed });
    `);
    expect((await loadConfig(classification, file)).seed).toBe(7);
  });

  it('spells out the preset of a join, and compiles steps unless told otherwise', async () => {
    const config = await loadConfig(classification, deitTiny, { join: 'pvg' });
    expect(config.model.join).toEqual(joinPresets.pvg);
    expect(config.compile).toBe(true);
  });

  it('points an image folder at DIR/train and DIR/val, a CIFAR set at DIR', async () => {
    expect((await loadConfig(classification, deitTiny, { data: '/photos' })).data).toMatchObject({ trainDir: '/photos/train', valDir: '/photos/val' });
    const cifar = path.join(root, 'configs/cifar100/vit_lite.ts');
    expect((await loadConfig(classification, cifar, { data: '/cifar' })).data).toEqual({ kind: 'cifar100', dir: '/cifar' });
  });

  it('names a file that is missing, fails, or exports nothing', async () => {
    expect(await refusal('nowhere.ts')).toBe('loadConfig: expected a config file or a run, got nowhere.ts: there is no such file');
    expect(await refusal(temporary)).toBe(`loadConfig: expected a config file or a run, got ${temporary}: there is no config.json in it`);
    expect(await refusal(outside('empty.ts', 'export const a = 1;'))).toBe(
      `${temporary}/empty.ts: expected \`export default defineConfig({ … })\`, got no default export, only a`);
    expect(await refusal(outside('function.ts', 'export default () => ({});'))).toBe(
      `${temporary}/function.ts: expected an object as default export, got function`);
  });

  it.each(['ts', 'js', 'mjs', 'cjs'])('says in which line and column a .%s file cannot be read', async (ending) => {
    const code = 'const seed = 1;\n\nmodule.exports = {\n  seed: 1\n  out: 2,\n};\n';
    const file = outside(`syntax.${ending}`, code);
    expect(await refusal(file)).toBe(`${file}:5:3: Unexpected token, expected ","`);
    const importer = outside(`importer.${ending}`, `\nconst base = require('./syntax.${ending}');\nmodule.exports = base;`);
    expect(await refusal(importer)).toBe(`${file}:5:3: Unexpected token, expected ","`);
  });

  it('says in which line a file fails as it runs, types or not, be it one that it imports', async () => {
    const code = "import tiny from 'mpvg';\ninterface Planet {\n  name: string;\n}\nconst none = undefined as Planet | undefined;\nexport default none.name;";
    const file = outside('fails.ts', code);
    expect(await refusal(file)).toBe(`${file}:6: Cannot read properties of undefined (reading 'name')`);
    expect(await refusal(outside('importer.ts', "\nimport base from './fails.ts';\nexport default base;"))).toMatch(/fails\.ts:6: Cannot/);
    const script = outside('fails.mjs', "const f = () => {\n  throw new Error('no such planet');\n};\nexport default f();");
    expect(await refusal(script)).toBe(`${script}:2: no such planet`);
    expect(await refusal(outside('throws.ts', "throw 'a text';"))).toBe(`${temporary}/throws.ts: it throws a text`);
    const lost = outside('lost.ts', "const a = 1;\nimport base from './nowhere.ts';\nexport default base;");
    expect(await refusal(lost)).toBe(`${lost}:2: Cannot find module './nowhere.ts'`);
  });

  it('finds the line in folders with any name, of errors of this package and of any kind', async () => {
    const folder = path.join(temporary, 'my (own) ü%20/node_modules');
    fs.mkdirSync(folder, { recursive: true });
    const at = (name: string, code: string): string => outside(path.relative(temporary, path.join(folder, name)), code);
    const plain = at('plain.ts', 'const a = 1;\n\nthrow new Error();');
    expect(await refusal(plain)).toBe(`${plain}:3: it throws Error without a message`);
    const inFunction = at('function.mjs', 'const f = () => {\n  return none.name;\n};\nexport default f();');
    expect(await refusal(inFunction)).toBe(`${inFunction}:2: none is not defined`);
    const later = at('later.mts', "import { readFile } from 'node:fs/promises';\nexport default await readFile('/nowhere');");
    expect(await refusal(later)).toBe(`${later}:2: ENOENT: no such file or directory, open '/nowhere'`);
    const ours = at('ours.mts', "import { selectBackend } from 'mpvg';\n\nawait selectBackend({ device: 'moon' });");
    expect(await refusal(ours)).toBe(`${ours}:3: selectBackend: expected 'cpu', 'cuda' or 'cuda:<n>' for device, got 'moon'`);
    const object = at('object.ts', 'throw { seed: [1] };');
    expect(await refusal(object)).toBe(`${object}: it throws { seed: [ 1 ] }`);
  });

  it.each([
    ['null', 'expected an object as default export, got null'],
    ['7', 'expected an object as default export, got number'],
    ['undefined', 'expected `export default defineConfig({ … })`, got no default export, only default'],
  ])('says that %s is no config', async (value, message) => {
    const file = outside('no_config.ts', `export default ${value};`);
    expect(await refusal(file)).toBe(`${file}: ${message}`);
  });

  it('says what a file is instead of a config', async () => {
    const file = outside('pointer.ts', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n');
    expect(await refusal(file)).toBe(`loadConfig: expected a config file, got ${file}: a git-lfs pointer, which stands for the file; fetch the file itself with git lfs pull`);
  });

  it('says that a path leads through a file', async () => {
    const file = `${outside('real.ts', '')}/config.ts`;
    expect(await refusal(file)).toBe(`loadConfig: expected a config file or a run, got ${file}: a part of the path is a file, not a directory`);
  });

  it('refuses a path that no system takes', async () => {
    const file = outside('nul.ts', `import tiny from ${JSON.stringify(deitTiny)};\nexport default { ...tiny, out: 'a\\0b' };`);
    expect(await refusal(file)).toBe(`${file}: expected a path without the character NUL for out, got "a\\u0000b"`);
  });

  it('leaves nothing in the folder for temporary files, which others may write to', async () => {
    const before = process.env['TMPDIR'];
    const folder = fs.mkdtempSync(path.join(temporary, 'tmp-'));
    process.env['TMPDIR'] = folder;
    try {
      await loadConfig(classification, deitTiny);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['model.join=mpgv', 'expected one of default, lape, share, unshare, pvg, mpvg or an object for model.join, got "mpgv": did you mean mpvg?'],
    ['optimizer.lr=-1', 'expected a number above 0 for optimizer.lr, got -1'],
    ['optimizer.lr=fast', 'expected a number for optimizer.lr, got "fast"'],
    ['batchSize=1.5', 'expected a whole number for batchSize, got 1.5'],
    ['batchSize=0', 'expected a number of at least 1 for batchSize, got 0'],
    ['precision=fp16', 'expected one of fp32, bf16 for precision, got "fp16"'],
    ['optimizer.kind=adam', 'expected one of adamw, sgd for optimizer.kind, got "adam": did you mean adamw?'],
    ['model.size={"channels":192,"depth":12,"heads":3}', 'expected a number for model.size.mlpRatio, got nothing'],
    ['model.size={"channels":192,"depht":12,"heads":3,"mlpRatio":4}', 'expected one of the keys channels, depth, heads, mlpRatio in model.size, got depht: did you mean depth?'],
    ['augmentation.train.0.scale=[0.1]', 'expected a list of at least 2 for augmentation.train[0].scale, got [0.1]'],
    ['out=', 'expected a text that is not empty for out, got ""'],
    ['model.patchPx=15', 'expected a divisor of imagePx 224 for model.patchPx, got 15'],
    ['accumulationSteps=3', 'expected a divisor of batchSize 1024 for accumulationSteps, got 3'],
    ['workers=100000', 'expected a number of at most 256 for workers, got 100000'],
    ['batchSize=1000000000', 'expected a number of at most 65536 for batchSize, got 1000000000'],
  ])('refuses %s', async (assignment, message) => {
    expect(await refusal(deitTiny, { set: [assignment] })).toBe(`${deitTiny}: ${message}`);
  });

  it.each([
    ['task=detection', 'expected segmentation for task, got "detection"'],
    ['model.adapter.variant=both', 'expected one of segmentation, detection for model.adapter.variant, got "both"'],
    ['model.adapter.windows=14', 'expected global or a list for model.adapter.windows, got 14'],
    ['model.pretrainPx=100', 'expected a multiple of the 16 px of a patch for model.pretrainPx, got 100'],
    ['model.auxiliary.level=4', 'expected a number of at most 3 for model.auxiliary.level, got 4'],
    ['data.classes=ade20', 'expected one of ade20k, camvid, coco133, coco12 or an object for data.classes, got "ade20": did you mean ade20k?'],
    ['augmentation.train.cropPx=500', 'expected a multiple of 32 for augmentation.train.cropPx, got 500'],
    ['optimizer.layerDecay=1.5', 'expected a number of at most 1 for optimizer.layerDecay, got 1.5'],
    ['evaluation.mode=slid', 'expected one of whole, slide for evaluation.mode, got "slid": did you mean slide?'],
    ['evaluation.stridePx=600', 'expected at most cropPx 512 for evaluation.stridePx, got 600'],
  ])('refuses %s of a segmentation config', async (assignment, message) => {
    expect(await refusal(upernetTiny, { set: [assignment] })).toBe(`${upernetTiny}: ${message}`);
  });

  it('points segmentation data at DIR, and spells out the join', async () => {
    const config = await loadConfig(segmentation, upernetTiny, { data: '/maps', join: 'lape', set: ['model.join.lastNorm={"from":2}'] });
    expect(config.data.dir).toBe('/maps');
    expect(config.model.join).toEqual({ ...joinPresets.lape, lastNorm: { from: 2 } });
  });

  it('says which tasks there are', async () => {
    expect(await refusal(outside('detect.ts', "export default { task: 'clasification' };"))).toBe(
      `${temporary}/detect.ts: expected one of classification, segmentation for task, got "clasification": did you mean classification?; a task of your own comes with its config file, as \`export const recipe\``);
    await expect(loadConfig(classification, upernetTiny)).rejects.toThrow(
      `${upernetTiny}: expected a config with task 'classification', got 'segmentation'`);
  });

  it('takes a run for the config that it ran with, from any place in it', async () => {
    const run = path.join(temporary, 'run');
    fs.mkdirSync(path.join(run, 'checkpoints/best'), { recursive: true });
    const { config } = await openExperiment(deitTiny, { join: 'lape', set: ['seed=5'] });
    fs.writeFileSync(path.join(run, 'config.json'), JSON.stringify(config));
    const weights = path.join(run, 'checkpoints/best/model.safetensors');
    fs.writeFileSync(weights, '');
    for (const given of [run, `${run}/`, path.join(run, 'checkpoints'), path.join(run, 'checkpoints/best'), weights]) {
      expect((await openExperiment(given)).config).toEqual(config);
    }
    expect((await openExperiment(run, { set: ['seed=6'] })).config).toEqual({ ...config, seed: 6 });
    expect(await refusal(path.join(run, 'checkpoints/last'))).toMatch(/there is no such file/);
    fs.writeFileSync(path.join(run, 'config.json'), '{');
    expect(await refusal(run)).toMatch(/run\/config\.json: expected JSON, got /);
  });

  it("takes as many classes as the data has where the config says 'data'", async () => {
    for (const name of ['ants', 'bees', 'wasps']) {
      fs.mkdirSync(path.join(temporary, 'insects/train', name), { recursive: true });
      fs.writeFileSync(path.join(temporary, 'insects/train', name, '1.jpg'), '');
    }
    const set = ['model.classes=data'];
    const data = path.join(temporary, 'insects');
    expect((await openExperiment(deitTiny, { data, set })).config).toMatchObject({ model: { classes: 3 } });
    expect((await openExperiment(path.join(root, 'configs/cifar100/vit_lite.ts'), { set })).config).toMatchObject({ model: { classes: 100 } });
    expect((await openExperiment(upernetTiny, { set })).config).toMatchObject({ model: { classes: 150 } });
  });

  it('takes a task that a config brings with it', async () => {
    const file = outside('own.ts', `
      export const recipe = { task: 'own', schema: { safeParse: (data) => ({ success: true, data }) }, open: async (config) => ({ config }) };
      export default { task: 'own', out: 'runs/own' };`);
    expect((await openExperiment(file)).config).toEqual({ task: 'own', out: 'runs/own' });
    expect(await refusal(outside('half.ts', "export const recipe = { task: 'own' };\nexport default { task: 'own' };"))).toBe(
      `${temporary}/half.ts: expected task, schema and open for the export recipe, got { task }`);
  });

  it('names an unknown key in a file, where it stands, and what was meant', async () => {
    const file = outside('typo.ts', `
      import tiny from ${JSON.stringify(deitTiny)};
      const { weightDecay, ...optimizer } = tiny.optimizer;
      export default { ...tiny, optimizer: { ...optimizer, weightDecy: weightDecay } };
    `);
    expect(await refusal(file)).toBe(
      `${file}: expected one of the keys kind, lr, weightDecay, betas, eps, noDecay in optimizer, got weightDecy: did you mean weightDecay?`,
    );
  });
});
