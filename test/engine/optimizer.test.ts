import { memory, scalar, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createClassifier } from '../../src/backbones/createClassifier.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { binding } from '../../src/backends/torch/binding.ts';
import { Optimizer, weightDecayOf, type OptimizerOptions } from '../../src/engine/optimizer.ts';
import { DataError } from '../../src/errors.ts';
import { ones } from '../../src/nn/initialisers.ts';
import { Parameter } from '../../src/nn/parameter.ts';
import { tinyDeiT } from '../tasks/tinyClassification.ts';

beforeAll(() => selectBackend({ threads: 1 }));

const adamW: OptimizerOptions = { kind: 'adamw', lr: 0.1, weightDecay: 0.5, betas: [0.9, 0.99], eps: 1e-8, noDecay: 'vectors' };
const sgd: OptimizerOptions = { kind: 'sgd', lr: 0.1, weightDecay: 0.5, momentum: 0.9, nesterov: false, noDecay: 'vectors' };

/** A matrix, a vector and an embedding, all ones. */
function parameters(): Map<string, Parameter> {
  const make = (shape: number[], embedding = false) => {
    const parameter = new Parameter({ shape, initialiser: ones, embedding });
    parameter.set(new Float32Array(parameter.size).fill(1));
    return parameter;
  };
  return new Map([['fc.weight', make([2, 2])], ['fc.bias', make([2])], ['pos_embed', make([1, 2, 2], true)]]);
}

async function values(named: ReadonlyMap<string, Parameter>): Promise<Record<string, number[]>> {
  const read: Record<string, number[]> = {};
  for (const [name, parameter] of named) read[name] = [...await parameter.read()];
  return read;
}

describe('weightDecayOf', () => {
  it('spares what a recipe spares', () => {
    const decaying = (noDecay: 'none' | 'vectors' | 'vectorsAndEmbeddings') =>
      [...createClassifier(tinyDeiT).namedParameters()]
        .filter(([, parameter]) => weightDecayOf(parameter, { lr: 1, weightDecay: 0.1, noDecay }) === 0)
        .map(([name]) => name.replace(/^blocks\.\d/, 'blocks.*'));
    expect(decaying('none')).toEqual([]);
    const vectors = new Set(decaying('vectors'));
    expect(vectors).toEqual(new Set([
      'patch_embed.proj.bias', 'blocks.*.norm1.weight', 'blocks.*.norm1.bias', 'blocks.*.attn.qkv.bias', 'blocks.*.attn.proj.bias',
      'blocks.*.norm2.weight', 'blocks.*.norm2.bias', 'blocks.*.mlp.fc1.bias', 'blocks.*.mlp.fc2.bias', 'blocks.*.pe_norm.weight',
      'blocks.*.pe_norm.bias', 'norm.weight', 'norm.bias', 'head.bias',
    ]));
    expect(new Set(decaying('vectorsAndEmbeddings'))).toEqual(new Set([...vectors, 'cls_token', 'pos_embed']));
  });
});

describe('weight decay of a relative position', () => {
  it('leaves the table out as an embedding, and only then', () => {
    const model = createClassifier({ ...tinyDeiT, position: 'relative2d' });
    const tables = [...model.namedParameters()].filter(([name]) => name.endsWith('relative_position_bias_table'));
    expect(tables.length).toBeGreaterThan(0);
    for (const [, table] of tables) {
      const decay = (noDecay: 'none' | 'vectors' | 'vectorsAndEmbeddings') => weightDecayOf(table, { lr: 1, weightDecay: 0.1, noDecay });
      expect([decay('none'), decay('vectors'), decay('vectorsAndEmbeddings')]).toEqual([0.1, 0.1, 0]);
    }
  });
});

describe('Optimizer', () => {
  it('decays only what is to decay', async () => {
    for (const options of [adamW, { ...adamW, noDecay: 'vectorsAndEmbeddings' } as const]) {
      const named = parameters();
      const optimizer = new Optimizer(named, options);
      const none = [...named.values()].map(({ shape }) => zeros([...shape]));
      optimizer.update(none, { learningRate: scalar(0.1), step: scalar(1) });
      const { 'fc.weight': weight, 'fc.bias': bias, pos_embed: position } = await values(named);
      expect(weight![0]).toBeCloseTo(0.95, 6);
      expect(bias![0]).toBe(1);
      expect(position![0]).toBeCloseTo(options.noDecay === 'vectors' ? 0.95 : 1, 6);
    }
  });

  it('scales the learning rate by parameter', async () => {
    const named = parameters();
    const optimizer = new Optimizer(named, { ...adamW, weightDecay: 0 }, (name) => (name === 'fc.weight' ? 0.5 : 1));
    const gradients = [...named.values()].map(({ shape, size }) => tensor(new Float32Array(size).fill(3), [...shape]));
    optimizer.update(gradients, { learningRate: scalar(0.1), step: scalar(1) });
    const after = await values(named); // the first step of Adam is the learning rate
    expect(after['fc.weight']![0]).toBeCloseTo(0.95, 6);
    expect(after['fc.bias']![0]).toBeCloseTo(0.9, 6);
  });

  it('goes on from a saved state as if nothing had happened', async () => {
    for (const options of [adamW, sgd]) {
      const step = (optimizer: Optimizer, number: number, named: ReadonlyMap<string, Parameter>) => {
        const gradients = [...named.values()].map(({ shape, size }) =>
          tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(number + i)), [...shape]));
        optimizer.update(gradients, { learningRate: scalar(0.01), step: scalar(number) });
      };
      const named = parameters();
      const optimizer = new Optimizer(named, options);
      [1, 2].forEach((number) => step(optimizer, number, named));
      const state = await optimizer.state();
      expect([...state.keys()]).toEqual((options.kind === 'adamw' ? ['exp_avg', 'exp_avg_sq'] : ['momentum_buffer'])
        .flatMap((name) => [...named.keys()].map((key) => `${name}.${key}`)));

      const resumed = parameters();
      for (const [name, parameter] of resumed) parameter.set(await named.get(name)!.read());
      const other = new Optimizer(resumed, options);
      other.loadState(state, 'run');
      [3, 4].forEach((number) => {
        step(optimizer, number, named);
        step(other, number, resumed);
      });
      expect(await values(resumed)).toEqual(await values(named));
    }
  });

  it('is refused where there is no memory for its state', () => {
    const stored = binding();
    vi.spyOn(stored, 'memory').mockReturnValue({ ...stored.memory(), bytes: 100, reservedBytes: 150 });
    const available = vi.spyOn(stored, 'availableBytes');
    try {
      available.mockReturnValue(30);
      expect(new Optimizer(parameters(), adamW).stateBytes).toBe(80); // two states of 4 + 2 + 4 values
      available.mockReturnValue(29);
      expect(() => new Optimizer(parameters(), adamW)).toThrow(
        'Optimizer: expected a state of adamw (here 2 times 10 values) that fits into memory, got 0.0 GiB where 0.0 GiB are available; make the model smaller');
      available.mockReturnValue(-10);
      expect(new Optimizer(parameters(), sgd).stateBytes).toBe(40);
      available.mockReturnValue(-11);
      expect(() => new Optimizer(parameters(), sgd)).toThrow('a state of sgd (here 1 times 10 values)');
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('refuses a state of other parameters, and one that is no float32', async () => {
    const optimizer = new Optimizer(parameters(), sgd);
    expect(() => optimizer.loadState(new Map(), 'runs/a')).toThrow(/runs\/a\/optimizer\.safetensors is a checkpoint of another model: 3 keys missing/);
    const state = await optimizer.state();
    expect(() => optimizer.loadState(new Map([...state].slice(1)), 'runs/a')).toThrow(/1 keys? missing/);
    expect(() => optimizer.loadState(new Map([...state, ['momentum_buffer.fc.bias', { dtype: 'I32', shape: [2], data: new Int32Array(2) }]]), 'runs/a'))
      .toThrow('Optimizer.loadState: expected float32 values for momentum_buffer.fc.bias in runs/a, got I32');
  });

  it('refuses the state of another optimizer, and frees its own', async () => {
    const before = memory().numTensors;
    const optimizer = new Optimizer(parameters(), adamW);
    const state = await new Optimizer(parameters(), sgd).state();
    expect(() => optimizer.loadState(state, 'runs/a')).toThrow(DataError);
    expect(() => optimizer.loadState(state, 'runs/a')).toThrow(
      "Optimizer.loadState: expected the state of adamw (exp_avg, exp_avg_sq) in runs/a, got another optimizer's (momentum_buffer); set optimizer.kind");
    const held = memory().numTensors;
    optimizer.dispose();
    expect(held - memory().numTensors).toBe(6);
    expect(before).toBeLessThan(held);
  });
});
