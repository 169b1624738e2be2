import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ViTAdapter } from '../../src/adapter/vitAdapter.ts';
import { DeiT, type DeiTOptions } from '../../src/backbones/deit.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { loadInitialWeights } from '../../src/engine/initialWeights.ts';
import { UpernetSegmentor } from '../../src/heads/upernet/segmentor.ts';
import { tinyAdapter } from '../adapter/tinyAdapter.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-init-'));
  await selectBackend();
});
afterAll(() => rmSync(folder, { recursive: true }));

const size = { channels: 24, depth: 2, heads: 3, mlpRatio: 2, imagePx: 32, patchPx: 16 };
const options = { ...size, classes: 5, join: joinPresets.default };

function classifier(own: Partial<DeiTOptions>, seed: number): DeiT {
  const model = new DeiT({ ...options, ...own });
  model.initialise(seed);
  return model;
}

describe('loadInitialWeights', () => {
  it('takes all but the classifiers of other classes, which keep their initial values, and says so', async () => {
    const path = join(folder, 'model.safetensors');
    const stored = await classifier({ distilled: true }, 1).state();
    await writeSafetensors(path, stored);
    const model = classifier({ distilled: true, classes: 3 }, 2);
    const before = await model.state();
    const lines = await loadInitialWeights(path, model);
    const heads = ['head.weight', 'head.bias', 'head_dist.weight', 'head_dist.bias'];
    expect(lines).toEqual([
      `from ${path}: ${stored.size - 4} tensors taken`,
      'left at their initial values, since the number of classes is another: head.weight ([5, 24] is not [3, 24]), head.bias ([5] is not [3]), ' +
      'head_dist.weight ([5, 24] is not [3, 24]), head_dist.bias ([5] is not [3])',
    ]);
    for (const [name, { data }] of await model.state()) {
      expect(data, name).toEqual((heads.includes(name) ? before : stored).get(name)!.data);
    }
    model.dispose();
  });

  it('leaves a classifier of as many classes with other names, and says both lists', async () => {
    const path = join(folder, 'checkpoint');
    const stored = await classifier({}, 1).state();
    await saveCheckpoint(path, { model: stored, optimizer: new Map(), state: { task: { classNames: ['a', 'b', 'c', 'd', 'e'] } } });
    const model = classifier({}, 2);
    const before = await model.state();
    expect(await loadInitialWeights(path, model, ['a', 'b', 'c', 'e', 'd'])).toEqual([
      `from ${path}: ${stored.size - 2} tensors taken`,
      'left at their initial values, since its classes are others, 5 (a, b, c, d, e) where these are 5 (a, b, c, e, d): head.weight, head.bias',
    ]);
    expect((await model.state()).get('head.weight')!.data).toEqual(before.get('head.weight')!.data);
    expect(await loadInitialWeights(path, model, ['a', 'b', 'c', 'd', 'e'])).toEqual([`from ${path}: all ${stored.size} tensors taken`]);
  });

  it('takes names without what a wrapper put before them, and says so', async () => {
    const path = join(folder, 'compiled.safetensors');
    const stored = await classifier({}, 1).state();
    await writeSafetensors(path, [...stored].map(([name, tensor]) => [`_orig_mod.${name}`, tensor] as const));
    const model = classifier({}, 2);
    expect(await loadInitialWeights(path, model)).toEqual([
      `from ${path}: names are taken without the "_orig_mod." before all of them`, `from ${path}: all ${stored.size} tensors taken`,
    ]);
    expect((await model.state()).get('pos_embed')!.data).toEqual(stored.get('pos_embed')!.data);
  });

  it('says that weights of a backbone alone belong to --pretrained', async () => {
    const path = join(folder, 'backbone.safetensors');
    await writeSafetensors(path, await classifier({}, 1).state());
    const model = new UpernetSegmentor({
      classes: 3, backbone: new ViTAdapter(tinyAdapter), head: { channels: 8, poolScales: [1], dropout: 0, lossWeight: 1 }, auxiliary: 'none',
    });
    await expect(loadInitialWeights(path, model)).rejects.toThrow(`${path} holds weights of a backbone, not of the whole model; give it with --pretrained`);
  });

  it('refuses weights that are not finite', async () => {
    const path = join(folder, 'nan.safetensors');
    const stored = await classifier({}, 1).state();
    await writeSafetensors(path, new Map([...stored, ['norm.bias', { dtype: 'F32', shape: [24], data: new Float32Array(24).fill(NaN) }]]));
    await expect(loadInitialWeights(path, classifier({}, 2))).rejects.toThrow(`expected finite values for norm.bias in ${path}, got NaN at 0`);
  });

  it('takes a classifier of as many classes, and refuses another model', async () => {
    const path = join(folder, 'same.safetensors');
    const stored = await classifier({}, 1).state();
    await writeSafetensors(path, stored);
    const model = classifier({}, 2);
    expect(await loadInitialWeights(path, model)).toEqual([`from ${path}: all ${stored.size} tensors taken`]);
    expect((await model.state()).get('head.weight')!.data).toEqual(stored.get('head.weight')!.data);
    await expect(loadInitialWeights(path, classifier({ channels: 48 }, 2))).rejects.toThrow(/is a checkpoint of another model: \d+ keys of another shape/);
    await expect(loadInitialWeights(path, classifier({ distilled: true, classes: 3 }, 2))).rejects.toThrow(/3 keys missing \(dist_token, head_dist\.weight, head_dist\.bias\)/);
  });
});
