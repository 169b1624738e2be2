import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClassifier, type ClassifierOptions } from '../../src/backbones/createClassifier.ts';
import { joinPresets, type PositionJoin } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { runForward } from '../../src/parity/classifierStages.ts';
import { readReference, relativeError, withPrefix, type ReferenceTensor } from '../reference.ts';

beforeAll(() => selectBackend());

const { default: vit, mpvg, pvg } = joinPresets;

/** Runs a small model with the weights of a reference file. */
async function run(
  tensors: ReadonlyMap<string, ReferenceTensor>,
  options: Partial<ClassifierOptions> & { join: PositionJoin },
  grad: boolean,
) {
  const model = createClassifier({
    kind: 'deit',
    size: { channels: 48, depth: 3, heads: 3, mlpRatio: 4 },
    imagePx: 32,
    patchPx: 8,
    classes: 10,
    ...options,
  } as ClassifierOptions);
  const { missing } = model.loadState(withPrefix(tensors, 'weight.'), { strict: false });
  expect(missing).toEqual([]);
  const y = tensors.get('input.y');
  const teacher = tensors.get('input.teacher');
  const outputs = await runForward(model, {
    x: tensors.get('input.x')!,
    ...(y && { y: Int32Array.from(y.data) }),
    ...(teacher && { teacher: Int32Array.from(teacher.data) }),
  }, { grad });
  model.dispose();
  return outputs;
}

/** Every tensor of `expected` must be in `actual`, within the tolerance for outputs or gradients. */
function compare(
  actual: ReadonlyMap<string, { data: Float32Array }>,
  expected: ReadonlyMap<string, ReferenceTensor>,
  outputs: number,
  gradients: number,
) {
  const off: string[] = [];
  let compared = 0;
  for (const [name, { data }] of expected) {
    const tolerance = name.startsWith('output.') ? outputs : name.startsWith('grad.') ? gradients : undefined;
    if (tolerance === undefined) continue;
    compared++;
    const error = relativeError(actual.get(name)?.data ?? [], data);
    if (!(error <= tolerance)) off.push(`${name}: ${error}`);
  }
  expect(compared).toBeGreaterThan(0);
  expect(off).toEqual([]);
}

describe('forward against the reference models', () => {
  it.each([
    ['deit_join_default', 'default', 5e-6, 1e-5],
    ['deit_join_lape', 'lape', 5e-6, 2e-5],
    ['deit_join_share', 'share', 5e-6, 1e-5],
    ['deit_join_unshare', 'unshare', 5e-6, 2e-5],
    ['pvg', 'pvg', 1e-5, 1e-5],
    ['mpvg', 'mpvg', 5e-6, 1e-5],
  ] as const)('%s: stages, loss and all gradients', async (file, join, outputs, gradients) => {
    const tensors = await readReference(file);
    compare(await run(tensors, { join: joinPresets[join] }, true), tensors, outputs, gradients);
  });

  it.each<[string, PositionJoin]>([
    ['gap_only', { ...pvg, layers: 'none' }],
    ['gap_last_pe_only', { ...mpvg, layers: 'none' }],
    ['gap_last_pe_only_no_x0_pe', { ...mpvg, layers: 'none', stream: 'never' }],
    ['mpvg_last_pos0', mpvg],
    ['mpvg_last_pos1', { ...mpvg, lastNorm: { from: 1 } }],
    ['mpvg_last_pos2', { ...mpvg, lastNorm: { from: 2 } }],
    ['mpvg_layer0_chain', { ...mpvg, layers: 'all' }],
    ['mpvg_layer0_side', { ...mpvg, layers: 'allSide' }],
    ['mpvg_no_x0_pe', { ...mpvg, stream: 'never' }],
    ['mpvg_no_x0_pe_layer0_chain', { ...mpvg, stream: 'never', layers: 'all' }],
    ['mpvg_non_hierarchical', { ...mpvg, hierarchical: false }],
    ['mpvg_non_hierarchical_last_pos2', { ...mpvg, hierarchical: false, lastNorm: { from: 2 } }],
    ['pvg_layer0_chain', { ...pvg, layers: 'all' }],
    ['pvg_non_hierarchical', { ...pvg, hierarchical: false }],
  ])('ablation %s: logits, loss, gradients', async (name, join) => {
    const tensors = await readReference('mpvg_ablations');
    const expected = new Map([
      ...[...withPrefix(tensors, `output.${name}.`)].map(([key, value]) => [`output.${key}`, value] as const),
      ...[...withPrefix(tensors, `grad.${name}.`)].map(([key, value]) => [`grad.${key}`, value] as const),
    ]);
    compare(await run(tensors, { join }, true), expected, 5e-6, 2e-5);
  });

  it.each([
    ['learnable', 'learnable'],
    ['1D_sin', 'sine1d'],
    ['2D_sin', 'sine2d'],
    ['1D_RPE', 'relative1d'],
    ['2D_RPE', 'relative2d'],
  ] as const)('position kind %s: logits with the joins default and lape', async (name, position) => {
    const tensors = await readReference('deit_pos_types');
    for (const join of ['default', 'lape'] as const) {
      const variant = `${name}_${join}`;
      const own = [...withPrefix(tensors, `weight.${variant}/`)].map(([key, value]) => [`weight.${key}`, value] as const);
      const outputs = await run(new Map([...tensors, ...own]), { join: joinPresets[join], position }, false);
      compare(outputs, new Map([['output.logits', tensors.get(`output.${variant}.logits`)!]]), 1e-5, 0);
    }
  });

  it.each([
    ['deit_distilled', vit, 2e-5],
    ['deit_distilled_lape', joinPresets.lape, 1e-5],
  ] as const)('%s: both heads, their mean, the distillation loss', async (file, join, tolerance) => {
    const tensors = await readReference(file);
    const expected = new Map(tensors);
    const rename = (from: string, to: string) => {
      const value = expected.get(from);
      expected.delete(from);
      if (value) expected.set(to, value);
    };
    rename('output.eval_logits', 'output.logits');
    rename('output.hard_loss', 'output.loss');
    compare(await run(tensors, { join, distilled: true }, false), expected, tolerance, 0);
  });

  it.each([['mpvg', mpvg, false], ['deit_distilled', vit, true]] as const)('%s: frees everything', async (file, join, distilled) => {
    const tensors = await readReference(file);
    const before = memory().numTensors;
    await run(tensors, { join, distilled }, !distilled);
    expect(memory().numTensors).toBe(before);
  });
});

describe('runForward', () => {
  const model = createClassifier({
    kind: 'vitLite', channels: 8, depth: 2, heads: 2, mlpRatio: 2, imagePx: 8, patchPx: 4, classes: 3, join: mpvg,
  });
  const x = { shape: [2, 3, 8, 8], data: new Float32Array(2 * 3 * 8 * 8).fill(0.5) };

  it('writes no loss without labels', async () => {
    model.initialise(0);
    const outputs = await runForward(model, { x });
    expect([...outputs.keys()].sort()).toEqual(['output.block0', 'output.block1', 'output.logits', 'output.pe1', 'output.tokens']);
  });

  it('takes one image, and each of the labels there are', async () => {
    model.initialise(0);
    const one = { shape: [1, 3, 8, 8], data: new Float32Array(3 * 8 * 8).fill(0.5) };
    const losses = await Promise.all([0, 1, 2].map(async (label) => (await runForward(model, { x: one, y: Int32Array.of(label) })).get('output.loss')!.data[0]!));
    expect(losses.reduce((sum, loss) => sum + Math.exp(-loss), 0)).toBeCloseTo(1, 6); // probabilities of the three classes
    // A teacher says nothing to a model that is not distilled.
    const taught = await runForward(model, { x: one, y: Int32Array.of(1), teacher: Int32Array.of(2) });
    expect(taught.get('output.loss')!.data[0]).toBe(losses[1]);
  });

  it('refuses inputs that do not fit the model', async () => {
    await expect(runForward(model, { x: { ...x, shape: [6, 8, 8] } })).rejects.toThrow('for input.x, got [6, 8, 8]');
    await expect(runForward(model, { x: { ...x, shape: [2, 3, 8, 4] } })).rejects.toThrow('for input.x, got [2, 3, 8, 4]');
    await expect(runForward(model, { x: { shape: [0, 3, 8, 8], data: new Float32Array() } })).rejects.toThrow('expected at least one image for input.x, got shape [0, 3, 8, 8]');
    await expect(runForward(model, { x, y: Int32Array.of(0, -1) })).rejects.toThrow('expected labels in 0 … 2 for input.y, got -1');
    await expect(runForward(model, { x, y: Int32Array.of(0, 1), teacher: Int32Array.of(0, 4) })).rejects.toThrow('for input.teacher, got 4');
    await expect(runForward(model, { x: { ...x, shape: [2, 8, 8, 3] } })).rejects.toThrow('expected shape [B, 3, 8, 8] for input.x, got [2, 8, 8, 3]');
    await expect(runForward(model, { x, y: Int32Array.of(0, 3) })).rejects.toThrow('expected labels in 0 … 2 for input.y, got 3');
    await expect(runForward(model, { x, y: Int32Array.of(0) })).rejects.toThrow('expected 2 labels for input.y, got 1');
    await expect(runForward(model, { x }, { grad: true })).rejects.toThrow('expected labels as input.y for the gradients');
  });
});
