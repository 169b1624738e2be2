import { memory, mul, square, sum, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { Capture } from '../../src/parity/capture.ts';

beforeAll(() => selectBackend({ threads: 1 }));

describe('Capture', () => {
  it('hands out the last of a name once, and leaves what was noted to its owner', async () => {
    const before = memory().numTensors;
    const [a, b] = [tensor1d([1, 2]), tensor1d([3])];
    const capture = new Capture();
    capture.note('x', a);
    capture.note('x', b);
    expect(await capture.read()).toEqual(new Map([['x', { dtype: 'F32', shape: [1], data: Float32Array.of(3) }]]));
    expect(await capture.read()).toEqual(new Map());
    expect([...await a.data(), ...await b.data()]).toEqual([1, 2, 3]);
    a.dispose();
    b.dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('notes gradients of what the result depends on', async () => {
    const [a, b] = [tensor1d([1, 2]), tensor1d([3])];
    const before = memory().numTensors;
    const capture = new Capture();
    const pass = () => {
      const squared = square(a);
      capture.note('squared', squared);
      return sum(mul(squared, 2));
    };
    capture.run(pass, new Map([['a', a], ['b', b]]));
    const read = await capture.read();
    expect([...read].map(([name, { data }]) => [name, [...data]])).toEqual([['squared', [1, 4]], ['grad.a', [4, 8]]]);
    capture.run(pass, undefined);
    expect([...(await capture.read()).keys()]).toEqual(['squared']);
    capture.run(() => tensor1d([1]), new Map([['b', b]]));
    expect((await capture.read()).size).toBe(0);
    expect(memory().numTensors).toBe(before);
  });
});
