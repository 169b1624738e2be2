import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/loadConfig.ts';
import { classification } from '../../src/recipes/classification/recipe.ts';
import { segmentation } from '../../src/recipes/segmentation/recipe.ts';
import { fitWarmup } from '../../src/recipes/warmup.ts';

describe('fitWarmup', () => {
  it('halves a run that is shorter than its warm-up, and says so', async () => {
    const pretraining = await loadConfig(classification, 'configs/imagenet/deit_tiny.ts', { set: ['schedule.epochs=3'] });
    expect(pretraining.schedule).toMatchObject({ epochs: 3, warmupEpochs: 5 });
    const { config, notes } = fitWarmup(pretraining);
    expect(config).toEqual({ ...pretraining, schedule: { ...pretraining.schedule, warmupEpochs: 1 } });
    expect(notes).toEqual(['schedule.warmupEpochs is 1 instead of 5, since schedule.epochs is 3']);
    const finetuning = await loadConfig(segmentation, 'configs/ade20k/upernet_vit_adapter_tiny.ts', { set: ['schedule.iterations=1'] });
    const fitted = fitWarmup(finetuning);
    expect(fitted.config.schedule).toMatchObject({ iterations: 1, warmupIterations: 0 });
    expect(fitted.notes).toEqual(['schedule.warmupIterations is 0 instead of 1500, since schedule.iterations is 1']);
  });

  it('leaves a warm-up that fits', async () => {
    const given = await loadConfig(classification, 'configs/imagenet/deit_tiny.ts', { set: ['schedule.epochs=5'] });
    expect(fitWarmup(given)).toEqual({ config: given, notes: [] });
  });
});
