import { memory, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Extractor } from '../../src/adapter/extractor.ts';
import { ViTAdapter, type ViTAdapterOptions } from '../../src/adapter/vitAdapter.ts';
import { DeiT, deitSizes } from '../../src/backbones/deit.ts';
import { joinPresets, type JoinName, type PositionJoin } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { readSafetensors } from '../../src/checkpoint/safetensors.ts';
import { ConfigError, ShapeError } from '../../src/errors.ts';
import { setComputeType, type ComputeType } from '../../src/ops/computeType.ts';
import { seedGenerator } from '../../src/ops/hostValues.ts';
import { Rng } from '../../src/random/rng.ts';
import { randomTensor } from '../ops/gradientCheck.ts';
import { referencePath, relativeError, withPrefix } from '../reference.ts';
import { publishedAdapter, tinyAdapter } from './tinyAdapter.ts';

beforeAll(() => selectBackend());

const count = (options: ViTAdapterOptions) =>
  [...new ViTAdapter(options).namedParameters().values()].reduce((total, { size }) => total + size, 0);

describe("ViTAdapter's parameters", () => {
  // ViT-Adapter repository, DeiT-Ti with layer scale.
  it('are 7,966,640 for the published Ti', () => {
    expect(count({ ...publishedAdapter('tiny'), join: joinPresets.default })).toBe(7_966_640);
  });

  const { channels: C, depth: L } = deitSizes.tiny;
  const norm = 2 * C;
  const positions = (14 * 14 + 1) * C;
  it.each<[JoinName, number, string]>([
    ['lape', L * norm, 'a norm LN\' for each layer'],
    ['share', 0, 'nothing'],
    ['unshare', (L - 1) * positions, 'a position embedding for each layer but one'],
    ['pvg', (L - 1) * norm - C, 'a norm LN\' for all layers but the first, and no position of a class token'],
    ['mpvg', (L - 1) * norm - C + 2 * norm, 'those of pvg, the last norm, and its LN\''],
  ])('with %s differ from the default by %i: %s', (join, difference) => {
    expect(count({ ...publishedAdapter('tiny'), join: joinPresets[join] }) - 7_966_640).toBe(difference);
  });

  it('of mpvg without its last norm are those of pvg', () => {
    const join: PositionJoin = { ...joinPresets.mpvg, lastNorm: 'none' };
    expect(count({ ...publishedAdapter('tiny'), join })).toBe(count({ ...publishedAdapter('tiny'), join: joinPresets.pvg }));
  });

  it("have the names and shapes of the original's checkpoint, statistics too", async () => {
    const model = new ViTAdapter({
      ...tinyAdapter, channels: 48, mlpRatio: 4, join: joinPresets.default, priorWidth: 16, deformPoints: 4, deformRatio: 1,
    });
    const shapes = (named: ReadonlyMap<string, { shape: readonly number[] }>) =>
      [...named].map(([name, { shape }]) => `${name} ${shape.join('x')}`).sort();
    expect(shapes(model.namedTensors())).toEqual(shapes(withPrefix(await readSafetensors(referencePath('vit_adapter_weights')), 'weight.')));
  });

  it("start from the original's distributions", async () => {
    const model = new ViTAdapter({ ...tinyAdapter, channels: 96, mlpRatio: 4, priorWidth: 32, deformPoints: 4, deformRatio: 1 });
    model.initialise(0);
    const seen = new Set<string>();
    for (const [name, parameter] of model.namedParameters()) {
      const data = await parameter.read();
      const [outputs = 0, inputs = 0, kernel = 1] = parameter.shape;
      const expectConstant = (value: number) => expect(new Set(data), name).toEqual(new Set([value]));
      const expectDeviation = (deviation: number) => {
        const found = Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
        expect(Math.abs(found / deviation - 1), `${name}: ${found} for ${deviation}`).toBeLessThan(5 / Math.sqrt(2 * data.length));
      };
      const is = (pattern: RegExp, check: () => void): boolean => {
        if (!pattern.test(name)) return false;
        seen.add(pattern.source);
        check();
        return true;
      };
      const isKnown = is(/sampling_offsets\.bias$/, () => {
        // Head 0 looks along x, its points 1, 2, 3, 4 pixels away.
        expect([...data.slice(0, 8)]).toEqual([1, 0, 2, 0, 3, 0, 4, 0]);
      }) ||
      is(/patch_embed\.proj/, () => expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(3 * 16 * 16))) ||
      is(/(sampling_offsets|attention_weights)\.weight$/, () => expectConstant(0)) ||
      is(/(value|output)_proj\.weight$/, () => expectDeviation(Math.sqrt(2 / (inputs + outputs)))) || // Glorot, uniform
      is(/dwconv\.weight$/, () => expectDeviation(Math.sqrt(2 / 9))) || // He over the fan-out of one group
      is(/^(spm\..*|up)\.weight$/, () => {
        if (parameter.shape.length === 4) expectDeviation(Math.sqrt(2 / ((name === 'up.weight' ? inputs : outputs) * kernel ** 2)));
        else expectConstant(1);
      }) ||
      is(/^level_embed$/, () => expectDeviation(1)) ||
      is(/injector\.gamma$/, () => expectConstant(0)) ||
      is(/(gamma[12]|norm\d?\.weight)$/, () => expectConstant(1)) ||
      is(/bias$/, () => expectConstant(0)) ||
      is(/(pos_embed|\.weight)$/, () => expectDeviation(0.02)) ||
      expect.fail(`no expectation for ${name}`);
      expect(isKnown).toBe(true);
    }
    expect(seen.size).toBe(11);
  });

  it('marks position embeddings, and no other, as embeddings', () => {
    const model = new ViTAdapter({ ...tinyAdapter, join: joinPresets.unshare });
    const marked = [...model.namedParameters()].flatMap(([name, { embedding }]) => (embedding ? [name] : []));
    expect(marked).toEqual(['pos_embed0', 'pos_embed1', 'pos_embed2', 'pos_embed3']);
  });
});

describe('ViTAdapter.forward', () => {
  const gap = (join: PositionJoin): PositionJoin => ({ ...join, pool: 'gap' });

  // While the injectors' factors are zero, the transformer is undisturbed: then its tokens are the pretrained model's.
  it.each([
    ['pvg', joinPresets.pvg],
    ['mpvg', joinPresets.mpvg],
    ['lape without a class token', gap(joinPresets.lape)],
    ['share without a class token', gap(joinPresets.share)],
    ['unshare without a class token', gap(joinPresets.unshare)],
    ['mpvg with the last norm from layer 2', { ...joinPresets.mpvg, lastNorm: { from: 2 } }],
  ] satisfies [string, PositionJoin][])('%s: positions join each layer as in pretraining', (_name, join) => {
    const { channels, depth, heads, mlpRatio, pretrainPx } = tinyAdapter;
    const deit = new DeiT({ channels, depth, heads, mlpRatio, imagePx: pretrainPx, patchPx: 16, classes: 3, join });
    const adapter = new ViTAdapter({ ...tinyAdapter, join });
    deit.initialise(3);
    adapter.initialise(3); // values depend on names alone, so the shared parameters are equal
    const rng = new Rng(1);
    for (const [name, parameter] of deit.namedParameters()) {
      if (!/pe_norm|norm\.|pos_embed/.test(name)) continue; // ones and zeros would hide what is not joined
      const values = Float32Array.from({ length: parameter.size }, () => 1 + rng.normal());
      parameter.set(values);
      adapter.namedParameters().get(name)?.set(values);
    }
    const images = randomTensor(rng, [2, 64, 64, 3]);
    const stages = (run: (tap: (stage: string, value: Tensor) => void) => unknown) => {
      const seen = new Map<string, Float32Array>();
      tidy(() => void run((stage, value) => seen.set(stage, value.dataSync<'float32'>())));
      return seen;
    };
    const plain = stages((tap) => deit.forward(images, { tap }));
    const adapted = stages((tap) => adapter.forward(images, { tap }));
    for (const layer of [0, 1, 2]) {
      expect(relativeError(adapted.get(`interaction${layer}_x`)!, plain.get(`block${layer}`)!), `layer ${layer}`).toBeLessThan(1e-6);
    }
    const last = join.lastNorm === 'none' ? plain.get('block3')! : plain.get('tokens')!;
    expect(relativeError(adapted.get('interaction3_x')!, last)).toBeLessThan(1e-6);
    deit.dispose();
    adapter.dispose();
  });

  it('has maps at strides 4, 8, 16 and 32, also of images that are not square', () => {
    const model = new ViTAdapter(tinyAdapter);
    model.initialise(0);
    const maps = tidy(() => model.forward(randomTensor(new Rng(1), [2, 64, 96, 3])).map(({ shape }) => shape));
    expect(maps).toEqual([[2, 16, 24, 24], [2, 8, 12, 24], [2, 4, 6, 24], [2, 2, 3, 24]]);
    model.dispose();
  });

  it('adds the last tokens to all maps as a detector, and each interaction\'s to one for segmentation', () => {
    // Only the third interaction's tokens differ, so of the maps only the third of the segmentation variant does.
    const maps = (variant: 'detection' | 'segmentation', shift: number) => {
      const model = new ViTAdapter({ ...tinyAdapter, variant, join: joinPresets.pvg });
      model.initialise(0);
      const images = randomTensor(new Rng(2), [1, 64, 64, 3]);
      for (const { extractors } of model.interactions) {
        // c is left alone
        for (const { attn: { outputProj: { weight } } } of extractors) weight.set(new Float32Array(weight.size));
      }
      const channels = tinyAdapter.channels;
      model.vit.blocks[2]!.mlp.fc2.bias!.set(new Float32Array(channels).fill(shift));
      model.vit.blocks[3]!.mlp.fc2.bias!.set(new Float32Array(channels).fill(-shift));
      const values = tidy(() => model.forward(images).map((map) => map.dataSync<'float32'>()));
      model.dispose();
      return values;
    };
    const changed = (variant: 'detection' | 'segmentation') => {
      const [before, after] = [maps(variant, 0), maps(variant, 3)];
      return before.map((map, i) => relativeError(after[i]!, map) > 1e-2);
    };
    expect(changed('segmentation').slice(0, 3)).toEqual([false, false, true]);
    const detection = changed('detection');
    expect(new Set(detection).size).toBe(1);
  });

  it('adds as a detector the tokens after the last layer to all maps, for segmentation to the last', () => {
    const changed = (variant: 'detection' | 'segmentation') => {
      const maps = [0, 3].map((shift) => {
        const model = new ViTAdapter({ ...tinyAdapter, variant, join: joinPresets.pvg });
        model.initialise(0);
        for (const { extractors } of model.interactions) {
          for (const { attn: { outputProj: { weight } } } of extractors) weight.set(new Float32Array(weight.size));
        }
        model.vit.blocks[3]!.mlp.fc2.bias!.set(new Float32Array(tinyAdapter.channels).fill(shift));
        const values = tidy(() => model.forward(randomTensor(new Rng(2), [1, 64, 64, 3])).map((map) => map.dataSync<'float32'>()));
        model.dispose();
        return values;
      });
      return maps[0]!.map((map, i) => relativeError(maps[1]![i]!, map) > 1e-2);
    };
    expect(changed('segmentation')).toEqual([false, false, false, true]);
    expect(changed('detection')).toEqual([true, true, true, true]);
  });

  it('drops paths in training alone, in layers and extractors, never where the rate is 0', () => {
    const images = randomTensor(new Rng(3), [4, 32, 32, 3]);
    const run = (dropPath: number, training: boolean, seed: number) => {
      const model = new ViTAdapter({ ...tinyAdapter, dropPath });
      model.initialise(0);
      seedGenerator(seed);
      const values = tidy(() => [...model.forward(images, { training })[2].dataSync<'float32'>()]);
      model.dispose();
      return values;
    };
    expect(run(0.5, false, 1)).toEqual(run(0.5, false, 2));
    expect(run(0, true, 1)).toEqual(run(0, true, 2));
    expect(run(0.5, true, 1)).not.toEqual(run(0.5, true, 2));
  });

  it('computes its layers in bfloat16 to its precision, windows too', () => {
    const model = new ViTAdapter({ ...tinyAdapter, windows: [3, 'global', 4, 'global'] });
    model.initialise(0);
    const images = randomTensor(new Rng(5), [2, 64, 96, 3]);
    const run = (type: ComputeType) => {
      setComputeType(type);
      return tidy(() => {
        const prior: Tensor[] = [];
        const tap = (stage: string, value: Tensor) => { if (stage === 'spm_c1') prior.push(value); };
        return [...model.forward(images, { training: true, tap }), ...prior].map((map) => map.dataSync<'float32'>());
      });
    };
    const [exact, reduced] = [run('float32'), run('bfloat16')];
    setComputeType('float32');
    const errors = reduced.map((map, i) => relativeError(map, exact[i]!));
    // Eight bits of significand: half a unit is 2^-9 = 0.002, several times in a row, and norms over a dozen values at the end.
    expect(Math.max(...errors)).toBeLessThan(0.05);
    expect(errors[3]).toBeGreaterThan(1e-5);
    expect(errors[4]).toBeGreaterThan(1e-4); // the spatial prior's convolutions too, which no layer comes before
    model.dispose();
  });

  it('leaves no tensors behind', () => {
    const model = new ViTAdapter(tinyAdapter);
    model.initialise(0);
    const images = randomTensor(new Rng(1), [2, 32, 32, 3]);
    const before = memory().numTensors;
    tidy(() => void model.forward(images, { training: true }));
    expect(memory().numTensors).toBe(before);
    model.dispose();
  });

  it('refuses images whose sides are no multiples of 32', () => {
    const model = new ViTAdapter(tinyAdapter);
    model.initialise(0);
    expect(() => tidy(() => void model.forward(randomTensor(new Rng(1), [1, 48, 64, 3])))).toThrow(ShapeError);
    model.dispose();
  });
});

describe('ViTAdapter.macs', () => {
  it('counts the multiply-adds of every part', () => {
    // 64 x 96 px: grids of 8 x 12 = 96, 4 x 6 = 24 and 2 x 3 = 6 tokens, 126 in all; C = 24, values of width 12, hidden 6.
    const [N, M, C] = [24, 126, 24];
    const deformable = (queries: number, pixels: number, levels: number) => {
      const samples = 6 * levels * 2;
      return queries * C * 3 * samples + queries * 12 * C + pixels * C * 12 + 4 * queries * levels * 2 * 12;
    };
    const extractor = deformable(M, N, 1) + M * C * 6 + M * 6 * 9 + M * 6 * C;
    // 3 x 3 convolutions at strides 2, 2, 2, 8, 16, 32, then 1 x 1 ones at 4, 8, 16, 32.
    const stem = 32 * 48 * 9 * (3 * 8 + 8 * 8 + 8 * 8);
    const stages = 96 * 9 * 8 * 16 + 24 * 9 * 16 * 32 + 6 * 9 * 32 * 32;
    const projections = (16 * 24 * 8 + 96 * 16 + 24 * 32 + 6 * 32) * C;
    expect([...new ViTAdapter(tinyAdapter).macs(64, 96)]).toEqual([
      ['patch_embed', N * 3 * 16 * 16 * C],
      ...[0, 1, 2, 3].flatMap((layer) => [
        [`blocks.${layer}.attn`, N * C * 4 * C + 2 * N * N * C],
        [`blocks.${layer}.mlp`, N * C * 2 * 2 * C],
      ]),
      ['spm', stem + stages + projections],
      ...[0, 1, 2, 3].flatMap((i) => [
        [`interactions.${i}.injector`, deformable(N, M, 3)],
        [`interactions.${i}.extractor`, extractor],
        ...(i < 3 ? [] : [0, 1].map((extra) => [`interactions.${i}.extra_extractors.${extra}`, extractor])),
      ]),
      ['up', 96 * C * C * 2 * 2],
    ]);
  });
});

describe('new ViTAdapter', () => {
  it('rounds widths that are no whole number of channels down', () => {
    const model = new ViTAdapter({ ...tinyAdapter, deformHeads: 1, deformRatio: 0.55, ffnRatio: 0.3 });
    const [{ attn, ffn }] = model.interactions[0]!.extractors as [Extractor];
    expect([attn.valueProj.weight.shape, ffn.fc1.weight.shape]).toEqual([[13, 24], [7, 24]]);
  });

  it.each<[Partial<ViTAdapterOptions>, string]>([
    [{ pretrainPx: 100 }, 'expected a multiple of 16 for pretrainPx, got 100'],
    [{ interactions: [[0, 0], [1, 1], [2, 2]] }, 'expected ranges that cover the layers 0 … 3 in order for interactions, got [[0,0],[1,1],[2,2]]'],
    [{ interactions: [[0, 1], [1, 1], [2, 2], [3, 3]] }, 'expected ranges that cover the layers 0 … 3 in order for interactions, got [[0,1],[1,1],[2,2],[3,3]]'],
    [{ interactions: [[0, 1], [2, 3]] }, "expected 4 ranges for variant 'segmentation' for interactions, got 2"],
    [{ interactions: [[0, 1], [2, 1], [2, 2], [3, 3]] }, 'expected at least one layer each for interactions, got [[0,1],[2,1],[2,2],[3,3]]'],
    [{ deformHeads: 5 }, 'expected a divisor of 24 and 12 for deformHeads, got 5'],
    [{ deformHeads: 8 }, 'expected a divisor of 24 and 12 for deformHeads, got 8'],
    [{ deformHeads: 13, deformRatio: 0.55 }, 'expected a divisor of 24 and 13 for deformHeads, got 13'],
    [{ windows: [4, 'global'] }, 'expected 4 entries, one for each layer, for windows, got 2'],
    [{ heads: 5 }, 'expected a divisor of channels 24 for heads, got 5'],
  ])('refuses %o', (options, message) => {
    expect(() => new ViTAdapter({ ...tinyAdapter, ...options })).toThrow(ConfigError);
    expect(() => new ViTAdapter({ ...tinyAdapter, ...options })).toThrow(message);
  });
});
