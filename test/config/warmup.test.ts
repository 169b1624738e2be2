import { describe, expect, it } from 'vitest';
import { loadConfigFor } from '../../src/config/loadConfig.ts';
import { fitWarmup } from '../../src/config/warmup.ts';

describe('fitWarmup', () => {
  it('halves a run that is shorter than its warm-up, and says so', async () => {
    const classification = await loadConfigFor('classification', 'configs/imagenet/deit_tiny.ts', { set: ['schedule.epochs=3'] });
    expect(classification.schedule).toMatchObject({ epochs: 3, warmupEpochs: 5 });
    const { config, note } = fitWarmup(classification);
    expect(config).toEqual({ ...classification, schedule: { ...classification.schedule, warmupEpochs: 1 } });
    expect(note).toBe('schedule.warmupEpochs is 1 instead of 5, since schedule.epochs is 3');
    const segmentation = await loadConfigFor('segmentation', 'configs/ade20k/upernet_vit_adapter_tiny.ts', { set: ['schedule.iterations=1'] });
    const fitted = fitWarmup(segmentation);
    expect(fitted.config.schedule).toMatchObject({ iterations: 1, warmupIterations: 0 });
    expect(fitted.note).toBe('schedule.warmupIterations is 0 instead of 1500, since schedule.iterations is 1');
  });

  it('leaves a warm-up that fits', async () => {
    const given = await loadConfigFor('classification', 'configs/imagenet/deit_tiny.ts', { set: ['schedule.epochs=5'] });
    expect(fitWarmup(given)).toEqual({ config: given });
  });
});
