import { add, cast, dispose, gather, matMul, memory, mul, ones, relu, reshape, scalar, sum, tensor, tidy, variable, variableGrads, zeros } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { binding } from '../../src/backends/torch/binding.ts';
import { adamW } from '../../src/ops/adamW.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { addDropPath } from '../../src/ops/dropPath.ts';
import { seedGenerator, writeValues } from '../../src/ops/hostValues.ts';

beforeAll(() => selectBackend());

const values = (tensors: readonly Tensor[]): number[][] => tensors.map((one) => Array.from(one.dataSync()));

describe('CompiledStep', () => {
  it('computes what the step computes, for every input', async () => {
    const step = new CompiledStep((a, b) => [matMul(a, b), sum(a)]);
    for (const first of [1, 5]) {
      const inputs = [tensor([first, 2, 3, 4], [2, 2]), tensor([1, 0, 0, 2], [2, 2])];
      expect(values(step.runSync(inputs))).toEqual([[first, 4, 3, 8], [first + 9]]);
      expect(values(await step.run(inputs))).toEqual([[first, 4, 3, 8], [first + 9]]);
    }
  });

  it('compiles anew for inputs of another shape', () => {
    const step = new CompiledStep((a) => [sum(a)]);
    expect(values(step.runSync([tensor([1, 2])]))).toEqual([[3]]);
    expect(values(step.runSync([tensor([1, 2, 4])]))).toEqual([[7]]);
  });

  it('runs the function once for each combination of shapes', () => {
    let runs = 0;
    const step = new CompiledStep((a) => {
      runs += 1;
      return [add(a, 1)];
    });
    for (const length of [2, 2, 3, 2, 3]) expect(values(step.runSync([zeros([length])]))).toEqual([new Array(length).fill(1)]);
    expect(runs).toBe(2);
  });

  it('knows the peak of its memory without inputs: a view takes none, a value is there until its last use', () => {
    const kilo = 256 * 4; // 256 floats
    const [two, three] = [variable(ones([256])), variable(ones([256]))]; // are there anyway
    const peak = (step: (x: Tensor) => Tensor[]): number => new CompiledStep(step).peakBytes([{ shape: [256], dtype: 'float32' }]);
    expect(peak((x) => [mul(x, two)])).toBe(2 * kilo); // the input and the product
    expect(peak((x) => [reshape(mul(x, two), [16, 16])])).toBe(2 * kilo);
    expect(peak((x) => [mul(mul(mul(x, two), three), two)])).toBe(3 * kilo); // one product is made of another
    expect(peak((x) => [add(mul(x, two), mul(x, three))])).toBe(4 * kilo); // both products and their sum
    expect(peak((x) => {
      mul(x, three); // nobody reads it, so it is not made
      return [mul(x, two)];
    })).toBe(2 * kilo);
  });

  it('takes a byte for each value of an image, and traces sizes that no memory holds', () => {
    const step = new CompiledStep((images) => [sum(cast(images, 'float32'))]);
    expect(step.peakBytes([{ shape: [2, 8, 8, 3], dtype: 'bytes' }])).toBe(384 + 4 * 384 + 4);
    expect(step.peakBytes([{ shape: [64, 65536, 65536, 3], dtype: 'bytes' }])).toBe(5 * 64 * 2 ** 32 * 3 + 4);
  });

  it('foretells what tensors take when it runs', () => {
    const weights = variable(zeros([64, 64]));
    const step = new CompiledStep((x) => {
      const loss = (): Scalar => sum<Scalar>(relu(matMul(relu(matMul<Tensor2D>(x as Tensor2D, weights)), weights)));
      const { value, grads } = variableGrads(loss, [weights]);
      return [value, ...Object.values(grads)];
    });
    const foretold = step.peakBytes([{ shape: [1000, 64], dtype: 'float32' }]);
    const held = binding().memory().bytes;
    const inputs = [zeros([1000, 64])];
    binding().resetPeakMemory();
    const outputs = step.runSync(inputs);
    const measured = binding().memory().peakBytes - held;
    expect(measured).toBeGreaterThanOrEqual(foretold);
    expect(measured).toBeLessThan(1.05 * foretold); // matMul has something for itself
    dispose([inputs, outputs]);
  });

  it('reads variables as they are when it runs', () => {
    const rate = variable(scalar(2));
    const step = new CompiledStep((a) => [mul(a, rate)]);
    expect(values(step.runSync([tensor([3])]))).toEqual([[6]]);
    writeValues(rate, Float32Array.of(10));
    expect(values(step.runSync([tensor([3])]))).toEqual([[30]]);
  });

  it('trains to the same bits as the step itself, stochastic depth included', () => {
    const train = (compile: boolean): number[] => {
      const weight = variable(tensor([0.5, -0.25, 0.125, 1], [2, 2]));
      const moments = () => [variable(zeros([2, 2]))];
      const state = { parameters: [weight], firstMoments: moments(), secondMoments: moments() };
      const count = variable(scalar(0));
      const body = (x: Tensor): Tensor[] => {
        const loss = (): Scalar => sum(addDropPath(x, relu(matMul(x, weight)), 0.5, true));
        const { value, grads } = variableGrads(loss, [weight]);
        const rates = { learningRate: scalar(0.01), learningRateScales: [1], weightDecays: [0.1] };
        adamW(state, [grads[weight.name]!], { step: count, ...rates });
        return [value];
      };
      const compiled = new CompiledStep((x) => body(x));
      const losses = [];
      for (let update = 1; update <= 20; update++) {
        const x = tensor(Float32Array.from({ length: 16 }, (_, i) => Math.sin(i * update)), [8, 2]);
        writeValues(count, Float32Array.of(update));
        seedGenerator(update);
        const [loss] = compile ? compiled.runSync([x]) : tidy(() => body(x));
        losses.push(loss!.dataSync()[0]!);
      }
      return [...losses, ...weight.dataSync()];
    };
    const replayed = train(true);
    expect(replayed).toEqual(train(false));
    expect(new Set(replayed).size).toBeGreaterThan(15); // it moved, and drew anew each time
  });

  it('frees what it computes on the way', () => {
    const step = new CompiledStep((a) => [sum(mul(add(a, 1), add(a, 2)))]);
    const input = zeros([64, 1024]);
    dispose(step.runSync([input]));
    const before = { tensors: memory().numTensors, native: binding().memory() };
    for (let i = 0; i < 20; i++) dispose(step.runSync([input]));
    expect(memory().numTensors).toBe(before.tensors);
    expect(binding().memory().tensors).toBe(before.native.tensors);
    expect(binding().memory().bytes).toBe(before.native.bytes);
  });

  it('has its own peak memory from the first run on, not that of the step', () => {
    const input = zeros([256, 1024]); // 1 MiB
    const chain = (x: Tensor): Tensor => Array.from({ length: 20 }).reduce<Tensor>((y) => add(y, 1), x);
    const start = binding().memory().bytes;
    binding().resetPeakMemory();
    dispose(new CompiledStep((x) => [sum(chain(x))]).runSync([input]));
    const replayed = binding().memory().peakBytes - start;
    binding().resetPeakMemory();
    dispose(tidy(() => [sum(chain(input))]));
    const eager = binding().memory().peakBytes - start;
    expect(replayed).toBeLessThan(2.5 * 2 ** 20);
    expect(eager).toBeGreaterThan(15 * 2 ** 20);
  });

  it('leaves out what nobody asks for', () => {
    const step = new CompiledStep((a) => { mul(a, 3); return [add(a, 1)]; });
    const listing = step.listing([tensor([1])]);
    expect(listing).toContain('aten::add');
    expect(listing).not.toContain('aten::mul');
  });

  it('refuses a step that reads values, and says where', () => {
    const step = new CompiledStep((a) => [mul(a, a.dataSync()[0]!)]);
    expect(() => step.runSync([tensor([1])])).toThrow(/compiled step cannot read.*compileStep\.test\.ts/s);
    // It is not left half traced.
    expect(values(new CompiledStep((a) => [add(a, 1)]).runSync([tensor([1])]))).toEqual([[2]]);
  });

  it('refuses a step that makes its data in JavaScript', () => {
    const step = new CompiledStep((a) => [add(a, tensor(Array.from({ length: 64 }, Math.random)))]);
    expect(() => step.runSync([zeros([64])])).toThrow(/cannot make a tensor of 256 bytes from JavaScript/);
  });

  it('takes zeros and ones of any size as operators', () => {
    const step = new CompiledStep((a) => [add(a, zeros([1000]))]);
    expect(step.listing([zeros([1000])])).toContain('aten::full');
  });

  it('says which operator failed in a run, and can run again', () => {
    const table = variable(tensor([1, 2, 3]));
    const step = new CompiledStep((index) => [gather(table, index)]);
    expect(() => step.runSync([tensor([7], [1], 'int32')])).toThrow(/aten::.*out of/s);
    expect(values(step.runSync([tensor([2], [1], 'int32')]))).toEqual([[3]]);
  });

  it('rejects its promise when a run fails', async () => {
    const table = variable(tensor([1, 2, 3]));
    const step = new CompiledStep((index) => [gather(table, index)]);
    await expect(step.run([tensor([9], [1], 'int32')])).rejects.toThrow(/aten::/);
  });

  it('refuses a second run, and being freed, while it runs', async () => {
    // Long enough to be running still, on a busy machine too.
    const step = new CompiledStep((a) => [sum(Array.from({ length: 12 }).reduce<Tensor>((product) => matMul(product, a), a))]);
    const input = zeros([1024, 1024]);
    const running = step.run([input]);
    const second = step.run([input]);
    expect(() => { step.dispose(); }).toThrow('the program is running');
    await expect(second).rejects.toThrow('the program is running');
    dispose(await running);
    step.dispose();
  });

  it('refuses to write values or seed while it is traced', () => {
    const target = variable(scalar(1));
    const writing = new CompiledStep((a) => { writeValues(target, Float32Array.of(2)); return [add(a, target)]; });
    expect(() => writing.runSync([tensor([1])])).toThrow('a compiled step cannot write');
    const seeding = new CompiledStep((a) => { seedGenerator(1); return [add(a, 1)]; });
    expect(() => seeding.runSync([tensor([1])])).toThrow('a compiled step cannot seed');
  });
});
