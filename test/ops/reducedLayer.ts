import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { TorchBackend } from '../../src/backends/torch/backend.ts';
import { aten } from '../../src/backends/torch/binding.ts';
import { TransformerLayer } from '../../src/backbones/transformerLayer.ts';
import { setComputeType } from '../../src/ops/computeType.ts';
import { linearAdd } from '../../src/ops/linearAdd.ts';
import { Rng } from '../../src/random/rng.ts';
import { relativeError } from '../reference.ts';
import { outputAndGradients, randomTensor } from './gradientCheck.ts';

type Bfloat16Way = 'instructions' | 'composed' | 'tiled';

/** The processor's bfloat16 instructions, as Linux calls them: amx_bf16, avx512_bf16. */
const bfloat16Instructions = [...new Set(readFileSync('/proc/cpuinfo', 'utf8').match(/\b(amx|avx512)_bf16\b/g))];

/**
 * The suite for one of the three ways in which our operators compute in bfloat16. The addon chooses once per process, by the
 * processor: each way is asked for in a test file of its own, before the addon loads.
 */
export function describeReducedLayer(way: Bfloat16Way): void {
  const processor = `a processor with ${bfloat16Instructions.join(' and ') || 'no bfloat16 instructions'}`;

  describe(`bfloat16, ${way}, on ${processor}`, () => {
    beforeAll(async () => {
      process.env['MPVG_BF16'] = way;
      await selectBackend();
    });
    afterEach(() => setComputeType('float32'));

    if (way === 'instructions' && bfloat16Instructions.length === 0) {
      it('is refused where the processor has no instructions for it', () => {
        expect(() => runLayer([1, 3, 8, 2])).toThrow(
          'expected a processor with bfloat16 matrix instructions for MPVG_BF16=instructions, got one without');
      });
      return;
    }

    // Widths and numbers of tokens on and off the multiples of 16, 32 and 64 that instructions work in, and more than one tile.
    it.each<LayerShape>([[2, 50, 48, 3], [1, 3, 10, 2], [1, 197, 64, 1], [3, 66, 96, 3]])(
      'a transformer layer gives what float32 gives to its precision, gradients too (%s samples, %s tokens, %s channels, %s heads)',
      (...shape) => {
        const { exact, reduced } = runLayer(shape), channels = shape[2];
        const errors = reduced.map((values, i) => relativeError(values, exact[i]!));
        // Eight bits of significand: half a unit is 2^-9 = 0.002. A dozen roundings follow each other, of which few average out
        // in the smallest layer.
        expect(Math.max(...errors)).toBeLessThan(channels < 32 ? 0.03 : 0.02);
        expect(Math.max(...errors)).toBeGreaterThan(1e-4);
      });

    it('gives the same bits every time', () => {
      const shape: LayerShape = [2, 197, 64, 2];
      expect(runLayer(shape).reduced).toEqual(runLayer(shape).reduced);
    });

    // Sums of -1, 0 and 1 up to 256 are numbers of bfloat16: here nothing is rounded, and a value in the wrong place shows.
    it.each([[1, 1, 1], [3, 5, 7], [8, 32, 64], [17, 33, 65], [66, 96, 48], [121, 120, 100], [128, 192, 200]])(
      'products of small whole numbers are exact (2 x %s rows, %s to %s channels)', (rows, inputs, outputs) => {
        const rng = new Rng(rows);
        const whole = (...shape: number[]) =>
          tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => rng.integer(3) - 1), shape);
        const x = whole(2, rows, inputs), rest = [whole(2, rows, outputs), whole(outputs, inputs), whole(outputs)];
        const dy = whole(2, rows, outputs), scale = tf.tensor1d([1, -1]);
        const run = (...[x, residual, weight, bias]: Tensor[]) =>
          linearAdd(x!, { weight: weight!, bias: bias! }, residual!, scale);
        expect(outputAndGradients(run, [asBfloat16(x), ...rest], dy)).toEqual(outputAndGradients(run, [x, ...rest], dy));
      });
  });
}

type LayerShape = [samples: number, tokens: number, channels: number, heads: number];

/** Output and gradients of a layer with seeded values, in float32 and in bfloat16. */
function runLayer([samples, tokens, channels, heads]: LayerShape): { exact: Float32Array[]; reduced: Float32Array[] } {
  const rng = new Rng(1);
  const layer = new TransformerLayer({
    channels, heads, mlpRatio: 4, qkvBias: true, eps: 1e-6, dropPath: 0, positionNorm: false, relative: undefined,
  });
  layer.initialise(0);
  const parameters = [...layer.namedParameters().values()];
  const x = randomTensor(rng, [samples, tokens, channels]), position = randomTensor(rng, [1, tokens, channels]);
  const inputs = [x, position, ...parameters.map(({ value }) => value)];
  const run = (...given: Tensor[]) => layer.forward(given[0]!, { position: given[1], training: false });
  const exact = outputAndGradients(run, inputs);
  setComputeType('bfloat16');
  const reduced = outputAndGradients(run, inputs);
  setComputeType('float32');
  return { exact, reduced };
}

function asBfloat16(x: Tensor): Tensor {
  const backend = tf.engine().backend;
  if (!(backend instanceof TorchBackend)) throw new Error('expected the torch backend');
  const handle = aten('to', 'dtype')(backend.handle(x), 'bfloat16');
  return tf.engine().makeTensorFromTensorInfo(backend.adopt(handle, 'float32'));
}
