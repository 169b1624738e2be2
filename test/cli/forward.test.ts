import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { TensorMap } from '../../src/checkpoint/storedTensor.ts';
import { referencePath, relativeError } from '../reference.ts';
import { captureCli } from './captureCli.ts';
import { forwardOutputs, numbersOf } from './forwardOutputs.ts';

const root = path.resolve(import.meta.dirname, '../..');

let temporary = '';
/** The reference files' small DeiT. */
let config = '';
beforeAll(() => {
  temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'mpvg-forward-'));
  config = path.join(temporary, 'reference.ts');
  fs.writeFileSync(config, `
    import tiny from ${JSON.stringify(path.join(root, 'configs/imagenet/deit_tiny.ts'))};
    const size = { channels: 48, depth: 3, heads: 3, mlpRatio: 4 };
    export default { ...tiny, model: { ...tiny.model, size, imagePx: 32, patchPx: 8, classes: 10, dropPath: 0 } };
  `);
});
afterAll(() => fs.rmSync(temporary, { recursive: true }));
const cli = captureCli('forward');

/** Runs `mpvg forward` with weights of the named files, the last of which has the inputs too, and reads what it wrote. */
async function forward(files: readonly string[], ...args: string[]): Promise<TensorMap> {
  const weights = files.map(referencePath);
  return forwardOutputs(cli, { config, weights, inputs: weights.at(-1)! }, ...args);
}

describe('mpvg forward against the reference files', () => {
  // Tolerances: the reference's own README, outputs and gradients.
  it.each([
    ['default', ['deit_join_default'], 5e-6, 1e-5],
    ['lape', ['deit_join_default', 'deit_join_lape'], 5e-6, 2e-5],
    ['share', ['deit_join_default', 'deit_join_share'], 5e-6, 1e-5],
    ['unshare', ['deit_join_default', 'deit_join_unshare'], 5e-6, 2e-5],
    ['pvg', ['pvg'], 1e-5, 1e-5],
    ['mpvg', ['pvg', 'mpvg'], 5e-6, 1e-5],
  ])('%s: outputs, stages, loss and all gradients', async (join, files, outputTolerance, gradientTolerance) => {
    const ours = await forward(files, '--join', join, '--grad');
    const theirs = await readSafetensors(referencePath(files.at(-1)!));
    const compared = [...theirs.keys()].filter((name) => name.startsWith('output.') || name.startsWith('grad.'));
    expect(compared.length).toBeGreaterThan(40);
    for (const name of compared) {
      const tolerance = name.startsWith('grad.') ? gradientTolerance : outputTolerance;
      expect(relativeError(numbersOf(ours, name), numbersOf(theirs, name)), name).toBeLessThan(tolerance);
    }
  });

  interface Ablation {
    readonly last_pe?: number;
    readonly hierarchical?: boolean;
    readonly layerwise?: boolean;
    readonly layer0?: 'chain' | 'side';
    readonly x0_pe?: boolean;
  }

  it("each of the paper's ablations, as overrides of pvg", async () => {
    const file = await openSafetensors(referencePath('mpvg_ablations'));
    await file.close();
    const { cases } = JSON.parse(file.metadata['config'] ?? '') as { cases: Record<string, Ablation> };
    const theirs = await readSafetensors(referencePath('mpvg_ablations'));
    expect(Object.keys(cases).length).toBe(14);
    for (const [name, { last_pe, hierarchical, layerwise, layer0, x0_pe }] of Object.entries(cases)) {
      const overrides = [
        ...(last_pe === undefined ? [] : [`model.join.lastNorm.from=${last_pe}`]),
        ...(hierarchical === undefined ? [] : [`model.join.hierarchical=${hierarchical}`]),
        ...(layerwise === false ? ['model.join.layers=none'] : []),
        ...(layer0 === undefined ? [] : [`model.join.layers=${layer0 === 'chain' ? 'all' : 'allSide'}`]),
        ...(x0_pe === false ? ['model.join.stream=never'] : []),
      ];
      const ours = await forward(['pvg', 'mpvg_ablations'], '--join', 'pvg', ...overrides.flatMap((override) => ['--set', override]));
      for (const output of ['logits', 'loss']) {
        expect(relativeError(numbersOf(ours, `output.${output}`), numbersOf(theirs, `output.${name}.${output}`)), `${name} ${output}`).toBeLessThan(5e-6);
      }
    }
  });

  it('names the parameters that the weights lack', async () => {
    const file = referencePath('mpvg');
    const none = path.join(cli.dir, 'none');
    const code = await cli.run(config, '--join', 'mpvg', '--weights', file, '--inputs', file, '--out', none);
    expect(code).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: forward: expected all parameters of the model in --weights, got none for pos_embed, .* and \d+ more\n$/);
    expect(fs.existsSync(none)).toBe(false);
  });

  /** The reference file's weights cut to bfloat16, once stored so and once as float32: the same numbers. */
  async function cutWeights(): Promise<{ halves: string; floats: string; inputs: string; names: string[] }> {
    const theirs = await readSafetensors(referencePath('deit_join_default'));
    const weights = [...theirs].filter(([name]) => name.startsWith('weight.'));
    const cut = weights.map(([name, { shape, data }]) => ({
      name: name.slice('weight.'.length), shape, bits: Uint32Array.from(new Uint32Array(Float32Array.from(data as Float32Array).buffer), (word) => word & 0xffff0000),
    }));
    const best = path.join(cli.dir, 'run/checkpoints/best/model.safetensors');
    await writeSafetensors(best, cut.map(({ name, shape, bits }) => [name, { dtype: 'BF16', shape, data: Uint16Array.from(bits, (word) => word >>> 16) }] as const));
    const floats = path.join(cli.dir, 'floats.safetensors');
    await writeSafetensors(floats, cut.map(({ name, shape, bits }) => [name, { dtype: 'F32', shape, data: new Float32Array(bits.buffer) }] as const));
    return { halves: path.join(cli.dir, 'run'), floats, inputs: referencePath('deit_join_default'), names: cut.map(({ name }) => name) };
  }

  it('takes the weights of a run, and widens bfloat16', async () => {
    const { halves, floats, inputs } = await cutWeights();
    const of = async (weights: string) => numbersOf(await forwardOutputs(cli, { config, weights: [weights], inputs }, '--join', 'default'), 'output.logits');
    expect(await of(halves)).toEqual(await of(floats));
    expect(cli.stdout).toMatch(/^compared with \d+ tensors of .*deit_join_default\.safetensors: the worst, /);
  });

  it('refuses integers by name', async () => {
    const { floats, inputs } = await cutWeights();
    const head = path.join(cli.dir, 'int8.safetensors');
    await writeSafetensors(head, [['head.bias', { dtype: 'I8', shape: [10], data: new Int8Array(10) }]]);
    const code = await cli.run(config, '--join', 'default', '--weights', floats, '--weights', head, '--inputs', inputs, '--out', path.join(cli.dir, 'none'));
    expect([code, cli.stderr]).toEqual([2, `mpvg: float32Values: expected floating-point values (F64, F32, F16 or BF16) for "head.bias" in ${head}, got I8\n`]);
  });

  it('refuses values that are not finite by name, in inputs and in the weights that the model takes', async () => {
    const { floats, inputs } = await cutWeights();
    const run = (weights: string, given: string) => cli.run(config, '--join', 'default', '--weights', floats, '--weights', weights, '--inputs', given, '--out', path.join(cli.dir, 'none'));
    const bad = path.join(cli.dir, 'bad.safetensors');
    await writeSafetensors(bad, [
      ['head.bias', { dtype: 'F16', shape: [10], data: Uint16Array.of(0, 0, 0x7e00, 0, 0, 0, 0, 0, 0, 0) }],
      ['not_of_the_model', { dtype: 'F32', shape: [1], data: Float32Array.of(NaN) }],
    ]);
    expect(await run(bad, inputs)).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: expectFinite: expected finite values for head\.bias in .*bad\.safetensors, got NaN at 2; /);
    const photo = path.join(cli.dir, 'photo.safetensors');
    const data = new Float32Array(3 * 32 * 32);
    data[7] = -Infinity;
    await writeSafetensors(photo, [['input.x', { dtype: 'F32', shape: [1, 3, 32, 32], data }]]);
    cli.stderr = '';
    expect(await run(floats, photo)).toBe(2);
    expect(cli.stderr).toBe(`mpvg: expectFinite: expected finite values for input.x in ${photo}, got -Infinity at 7; what follows from it would be NaN too\n`);
  });

  it('refuses a batch without an image', async () => {
    const { floats } = await cutWeights();
    const none = path.join(cli.dir, 'empty.safetensors');
    await writeSafetensors(none, [['input.x', { dtype: 'F32', shape: [0, 3, 32, 32], data: new Float32Array(0) }]]);
    const code = await cli.run(config, '--join', 'default', '--weights', floats, '--inputs', none, '--out', path.join(cli.dir, 'none'));
    expect([code, cli.stderr]).toEqual([2, 'mpvg: runForward: expected at least one image for input.x, got shape [0, 3, 32, 32]\n']);
  });

  it('takes weights whose names a wrapper stands before, and says so', async () => {
    const { floats, inputs } = await cutWeights();
    const wrapped = path.join(cli.dir, 'wrapped.safetensors');
    await writeSafetensors(wrapped, [...await readSafetensors(floats)].map(([name, tensor]) => [`weight.module.${name}`, tensor] as const));
    const of = async (weights: string) => numbersOf(await forwardOutputs(cli, { config, weights: [weights], inputs }, '--join', 'default'), 'output.logits');
    expect(await of(wrapped)).toEqual(await of(floats));
    expect(cli.stderr).toBe(`from ${wrapped}: names are taken without the "module." before all of them\n`);
  });

  it('does not write over what it reads', async () => {
    const { floats } = await cutWeights();
    const before = fs.readFileSync(floats);
    const code = await cli.run(config, '--join', 'default', '--weights', floats, '--inputs', referencePath('deit_join_default'), '--out', floats);
    expect([code, cli.stderr]).toEqual([2, `mpvg: forward: expected another file for --out than those that are read, got ${floats}: ${floats} would be overwritten\n`]);
    expect(fs.readFileSync(floats).equals(before)).toBe(true);
  });

  it('compares with the outputs in the inputs, and fails beyond a tolerance', async () => {
    const file = referencePath('deit_join_default');
    const run = (...args: string[]) => cli.run(config, '--join', 'default', '--weights', file, '--inputs', file, '--out', path.join(cli.dir, 'out'), ...args);
    expect(await run('--tolerance', '1e-5')).toBe(0);
    expect(cli.stdout).toMatch(/\ntensor +of the largest +difference\n/);
    expect(await run('--tolerance', '1e-12')).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: forward: expected differences of at most 1e-12 of the largest value, got \d\.\de-\d in (output|grad)\./);
  });
});

describe('mpvg forward on tensors that are too large', () => {
  it('refuses their shape without reading them', async () => {
    const shape = [8000, 3, 224, 896];
    const bytes = 4 * shape.reduce((product, size) => product * size);
    const header = JSON.stringify({ 'input.x': { dtype: 'F32', shape, data_offsets: [0, bytes] } });
    const inputs = path.join(temporary, 'huge.safetensors');
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    fs.writeFileSync(inputs, Buffer.concat([prefix, Buffer.from(header)]));
    fs.truncateSync(inputs, 8 + header.length + bytes); // 19 GB, none of them on the disk
    const weights = referencePath('deit_join_default');
    const code = await cli.run(config, '--join', 'default', '--weights', weights, '--inputs', inputs, '--out', path.join(cli.dir, 'none'));
    expect(code).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: runForward: expected shape \[B, 3, 32, 32\] for input\.x, got \[8000, 3, 224, 896\]\n$/m);
  });
});
