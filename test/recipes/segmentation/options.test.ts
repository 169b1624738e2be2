import { describe, expect, it } from 'vitest';
import { ViTAdapter } from '../../../src/adapter/vitAdapter.ts';
import { loadConfig } from '../../../src/config/loadConfig.ts';
import { learningRate } from '../../../src/engine/schedule.ts';
import { trainerOptions } from '../../../src/recipes/segmentation/options.ts';
import { segmentation } from '../../../src/recipes/segmentation/recipe.ts';
import { tinyAdapter } from '../../adapter/tinyAdapter.ts';

/** Of four layers. */
const backbone = new ViTAdapter(tinyAdapter);

describe('trainerOptions', () => {
  it('lets rates fall towards the input, by the layer decay that the config says', async () => {
    const set = ['optimizer.layerDecay=0.5'];
    const config = await loadConfig(segmentation, 'configs/ade20k/upernet_vit_adapter_tiny.ts', { set });
    const { learningRateScale: scale = () => NaN } = trainerOptions(config, backbone);
    const names = ['backbone.pos_embed', 'backbone.patch_embed.proj.weight', 'backbone.blocks.0.norm1.weight', 'backbone.blocks.2.mlp.fc1.weight'];
    expect(names.map(scale)).toEqual([1 / 32, 1 / 32, 1 / 16, 1 / 4]);
    expect(['decode_head.conv_seg.weight', 'backbone.interactions.0.injector.gamma'].map(scale)).toEqual([1, 1]);
  });

  it('takes rates, length and evaluations from the config', async () => {
    const schedules = ['schedule.iterations=100', 'schedule.warmupIterations=10', 'schedule.warmupLr=1e-6'];
    const set = [...schedules, 'optimizer.lr=1e-4', 'checkpointEverySteps=7'];
    const config = await loadConfig(segmentation, 'configs/ade20k/upernet_vit_adapter_tiny.ts', { set });
    const { schedule, evaluateEverySteps, evaluateEveryEpochs, checkpointEverySteps, seed } = trainerOptions(config, backbone);
    const evaluations = [evaluateEverySteps, evaluateEveryEpochs, checkpointEverySteps, seed];
    expect(evaluations).toEqual([config.evaluateEverySteps, undefined, 7, config.seed]);
    expect(learningRate(schedule, 1e-4, 0, 1)).toBeCloseTo(1e-6, 12); // the warm-up's first rate
    expect(learningRate(schedule, 1e-4, 50, 1)).toBeCloseTo(5e-5, 12); // half of the way, power 1, down to 0
  });
});
