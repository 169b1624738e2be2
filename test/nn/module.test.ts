import { memory, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ConfigError, DataError } from '../../src/errors.ts';
import { LayerNorm } from '../../src/nn/layerNorm.ts';
import { Linear } from '../../src/nn/linear.ts';
import { Module } from '../../src/nn/module.ts';
import { zeros } from '../../src/nn/initialisers.ts';

beforeAll(() => selectBackend());

class Leaf extends Module {
  readonly fc = this.child('fc', new Linear({ inputs: 3, outputs: 2 }));
}

class Tree extends Module {
  readonly token;
  readonly leaves;

  constructor(leaves: number, withNorm = false) {
    super();
    this.token = this.parameter('token', { shape: [2], initialiser: zeros, embedding: true });
    if (withNorm) this.child('norm', new LayerNorm({ channels: 2 }));
    this.leaves = Array.from({ length: leaves }, (_, i) => this.child(`leaves.${i}`, new Leaf()));
  }
}

const names = ['token', 'leaves.0.fc.weight', 'leaves.0.fc.bias', 'leaves.1.fc.weight', 'leaves.1.fc.bias'];

async function valuesOf(module: Module): Promise<Record<string, number[]>> {
  const numbers = (data: Iterable<number | bigint>) => Array.from(data, Number);
  return Object.fromEntries([...await module.state()].map(([name, { data }]) => [name, numbers(data)]));
}

describe('Module', () => {
  it('names parameters by their path', () => {
    const tree = new Tree(2);
    expect([...tree.namedParameters().keys()]).toEqual(names);
    expect(tree.namedParameters().get('leaves.1.fc.weight')).toBe(tree.leaves[1]!.fc.weight);
  });

  it('draws values that depend on seed and path alone', async () => {
    const [one, again, larger, other] = [new Tree(2), new Tree(2), new Tree(3, true), new Tree(2)];
    for (const tree of [one, again, larger]) tree.initialise(5);
    other.initialise(6);
    const values = await valuesOf(one);
    expect(await valuesOf(again)).toEqual(values);
    expect(await valuesOf(larger)).toMatchObject(values);
    expect((await valuesOf(other))['leaves.0.fc.weight']).not.toEqual(values['leaves.0.fc.weight']);
    expect(values['leaves.0.fc.weight']).not.toEqual(values['leaves.1.fc.weight']);
  });

  it('draws the same values in every release', async () => {
    const tree = new Tree(1);
    tree.initialise(0);
    // Of the generator written a second time, in Python.
    const expected = [0.00825706, -0.01592283, 0.00584558, 0.00927001, -0.01679301, -0.02787953];
    (await valuesOf(tree))['leaves.0.fc.weight']!.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 7));
  });

  it('keeps loaded values when it is initialised after', async () => {
    const tree = new Tree(1);
    tree.loadState(new Map([['token', { shape: [2], data: Float32Array.of(3, 4) }]]), { strict: false });
    tree.initialise(0);
    expect((await valuesOf(tree))['token']).toEqual([3, 4]);
  });

  it('reads back what it was given', async () => {
    const [from, to] = [new Tree(2), new Tree(2)];
    from.initialise(1);
    expect(to.loadState(await from.state())).toEqual({ missing: [], unexpected: [] });
    expect(await valuesOf(to)).toEqual(await valuesOf(from));
  });

  it('says which keys differ and changes nothing', async () => {
    const tree = new Tree(2);
    tree.initialise(1);
    const before = await valuesOf(tree);
    const state = new Map<string, { shape: number[]; data: Float32Array }>([
      ['token', { shape: [2], data: Float32Array.of(9, 9) }],
      ['stem.weight', { shape: [1], data: Float32Array.of(9) }],
    ]);
    expect(() => tree.loadState(state)).toThrow(new DataError(
      'loadState: expected the parameters of this model for state, got 4 missing: leaves.0.fc.weight, leaves.0.fc.bias, leaves.1.fc.weight, leaves.1.fc.bias; 1 unexpected: stem.weight',
    ));
    expect(await valuesOf(tree)).toEqual(before);
    expect(tree.loadState(state, { strict: false })).toEqual({ missing: names.slice(1), unexpected: ['stem.weight'] });
    expect(await valuesOf(tree)).toEqual({ ...before, token: [9, 9] });
  });

  it('names five keys and says that there are more', () => {
    const extra = (count: number) => new Map(Array.from({ length: count }, (_, i) => [`k${i}`, { shape: [1], data: new Float32Array(1) }]));
    const tree = new Tree(0);
    const all = (count: number) => new Map([...extra(count), ['token', { shape: [2], data: new Float32Array(2) }]]);
    expect(() => tree.loadState(all(5))).toThrow(/got 5 unexpected: k0, k1, k2, k3, k4$/);
    expect(() => tree.loadState(all(6))).toThrow(/got 6 unexpected: k0, k1, k2, k3, k4, …$/);
  });

  it('keeps constants through a tidy, and frees everything when it is disposed', () => {
    class Table extends Module {
      readonly offsets = this.constant(() => Int32Array.of(3, 1), [2]);
      readonly leaf = this.child('leaf', new Leaf());
    }
    const before = memory().numTensors;
    const table = new Table();
    tidy(() => { table.initialise(0); });
    expect([...table.offsets.value.dataSync()]).toEqual([3, 1]);
    expect(table.offsets.value.dtype).toBe('int32');
    table.dispose();
    expect(memory().numTensors).toBe(before);
    expect(() => table.offsets.value).toThrow('call initialise or loadState first');
  });

  it('refuses to make or load what no memory holds, and counts what is there already out', () => {
    class Huge extends Module {
      readonly weight = this.parameter('weight', { shape: [2 ** 20, 2 ** 22], initialiser: zeros });
      readonly token = this.parameter('token', { shape: [7], initialiser: zeros });
      readonly table = this.constant(() => new Float32Array(6), [2, 3]);
      readonly offsets = this.constant(() => new Float32Array(5), [5]);
    }
    const before = memory().numTensors;
    const model = new Huge();
    const message = (values: string) => new RegExp(`^Huge: expected a model \\(here of ${values} values\\) that fits into memory, ` +
      'got 16384\\.0 GiB where \\S+ GiB are available; make it smaller$');
    for (const make of [() => model.initialise(0), () => model.loadState(new Map(), { strict: false })]) {
      expect(make).toThrow(ConfigError);
      expect(make).toThrow(message('4,398,046,511,122')); // 2^42 and 18
    }
    expect(memory().numTensors).toBe(before);
    model.token.set(new Float32Array(7));
    model.offsets.make();
    expect(() => model.initialise(0)).toThrow(message('4,398,046,511,110'));
    model.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('refuses another shape and values that are not floats, strict or not', () => {
    const tree = new Tree(1);
    const state = (shape: number[], data: Float32Array | Int32Array) => new Map([['token', { shape, data }]]);
    expect(() => tree.loadState(state([1, 2], new Float32Array(2)), { strict: false })).toThrow(new DataError(
      'loadState: expected the parameters of this model for state, got 1 of another shape: token (expected [2], got [1, 2])',
    ));
    expect(() => tree.loadState(state([2], new Int32Array(2)), { strict: false })).toThrow(new DataError(
      'loadState: expected float32 values for token, got Int32Array',
    ));
  });
});
