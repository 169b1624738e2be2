import { beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { Conv2d } from '../../src/nn/conv2d.ts';
import { ConvTranspose2d } from '../../src/nn/convTranspose2d.ts';
import { kaimingNormalFanOut } from '../../src/nn/initialisers.ts';
import { Rng } from '../../src/random/rng.ts';
import { conv2d } from '../../src/ops/conv2d.ts';
import { convTranspose2d } from '../../src/ops/convTranspose2d.ts';
import { randomTensor } from '../ops/gradientCheck.ts';

beforeAll(() => selectBackend());

const x = () => randomTensor(new Rng(1), [1, 6, 6, 8]);

async function deviation(layer: Conv2d | ConvTranspose2d): Promise<number> {
  layer.initialise(3);
  const values = await layer.weight.read();
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

describe('Conv2d', () => {
  it('convolves with its own geometry', () => {
    const layer = new Conv2d({ inputs: 8, outputs: 4, kernel: 3, stride: 2, padding: 1, groups: 2 });
    layer.initialise(0);
    expect(layer.weight.shape).toEqual([4, 4, 3, 3]);
    const options = { stride: 2, padding: 1, groups: 2 };
    const expected = conv2d(x(), layer.weight.value, layer.bias!.value, options);
    expect([...layer.forward(x()).dataSync()]).toEqual([...expected.dataSync()]);
    expect(layer.macs(9)).toBe(9 * 4 * 4 * 9);
    expect(new Conv2d({ inputs: 8, outputs: 4, kernel: 1, bias: false }).bias).toBeUndefined();
  });

  it("starts as torch's, within ±1/√fan-in", async () => {
    const layer = new Conv2d({ inputs: 64, outputs: 32, kernel: 3 });
    expect(await deviation(layer)).toBeCloseTo(1 / Math.sqrt(3 * 64 * 9), 3);
    expect((await layer.bias!.read()).every((value) => value === 0)).toBe(true);
  });
});

describe('ConvTranspose2d', () => {
  it('spreads with its own geometry', () => {
    const layer = new ConvTranspose2d({ inputs: 8, outputs: 3, kernel: 2, stride: 2 });
    layer.initialise(0);
    expect(layer.weight.shape).toEqual([8, 3, 2, 2]);
    expect([...layer.forward(x()).dataSync()]).toEqual(
      [...convTranspose2d(x(), layer.weight.value, layer.bias!.value, { stride: 2 }).dataSync()]);
    expect(layer.macs(36)).toBe(36 * 8 * 3 * 4);
  });

  it("starts within ±1/√fan-in where nothing else is said, as torch's linear layers and convolutions", async () => {
    const layer = new ConvTranspose2d({ inputs: 64, outputs: 16, kernel: 2 });
    layer.initialise(0);
    const most = Math.max(...(await layer.weight.read()).map(Math.abs));
    expect(most).toBeLessThanOrEqual(1 / Math.sqrt(64 * 4));
    expect(most).toBeGreaterThan(0.99 / Math.sqrt(64 * 4));
  });

  it('counts fans as a convolution from inputs to outputs does', async () => {
    const layer = new ConvTranspose2d({ inputs: 128, outputs: 16, kernel: 2, initialiser: kaimingNormalFanOut() });
    expect(await deviation(layer)).toBeCloseTo(Math.sqrt(2 / (16 * 4)), 2);
  });
});
