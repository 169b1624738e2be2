import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { learningRate, totalUpdates, type CosineSchedule, type Schedule } from '../../src/engine/schedule.ts';
import { referenceFolder } from '../reference.ts';

/** A case of the reference file, whose names are those of timm and mmcv. */
interface Case {
  lr: number;
  lrs: number[];
  epochs: number;
  updates_per_epoch: number;
  iters_per_epoch: number;
  warmup_epochs: number;
  cooldown_epochs: number;
  min_lr: number;
  warmup_lr: number;
  warmup_prefix: boolean;
  max_iters: number;
  power: number;
  step: number[];
  gamma: number;
  warmup_iters: number;
  warmup_ratio: number;
}
interface Reference {
  schedules: Record<string, Case>;
}

const path = join(referenceFolder, 'schedules.json');
const cases = { ...(JSON.parse(readFileSync(path, 'utf8')) as Reference).schedules };
delete cases['layer_decay']; // tested with layerDecay

function scheduleOf(name: string, c: Case): { schedule: Schedule; updatesPerEpoch: number; stride: number } {
  if (name.startsWith('poly')) {
    const warmup = { warmupUpdates: c.warmup_iters, warmupRatio: c.warmup_ratio };
    return { schedule: { kind: 'poly', updates: c.max_iters, power: c.power, minLr: c.min_lr, ...warmup }, updatesPerEpoch: 7, stride: 1 };
  }
  if (name === 'step') {
    const warmup = { warmupUpdates: c.warmup_iters, warmupRatio: c.warmup_ratio };
    const schedule: Schedule = { kind: 'step', epochs: c.epochs, stepEpochs: c.step, gamma: c.gamma, ...warmup };
    return { schedule, updatesPerEpoch: c.iters_per_epoch, stride: 1 };
  }
  const byEpoch = name.includes('epochs');
  const schedule: Schedule = {
    kind: 'cosine',
    epochs: c.epochs,
    warmupEpochs: c.warmup_epochs,
    warmupLr: c.warmup_lr,
    minLr: c.min_lr,
    cooldownEpochs: c.cooldown_epochs,
    by: byEpoch ? 'epoch' : 'update',
    warmupPrefix: c.warmup_prefix,
  };
  return { schedule, updatesPerEpoch: c.updates_per_epoch, stride: byEpoch ? c.updates_per_epoch : 1 };
}

describe('against the reference', () => {
  it('has cases of every kind', () => {
    expect(Object.keys(cases).sort()).toEqual([
      'cosine_epochs', 'cosine_epochs_prefix', 'cosine_updates', 'cosine_updates_prefix', 'poly', 'poly_p09', 'step',
    ]);
  });

  it.each(Object.entries(cases))('%s: every learning rate to 1e-12', (name, c) => {
    const { schedule, updatesPerEpoch, stride } = scheduleOf(name, c);
    expect(totalUpdates(schedule, updatesPerEpoch)).toBe(c.lrs.length * stride);
    c.lrs.forEach((expected, i) => {
      for (let within = 0; within < stride; within++) {
        const rate = learningRate(schedule, c.lr, i * stride + within, updatesPerEpoch);
        expect(Math.abs(rate - expected), `update ${i}`).toBeLessThanOrEqual(1e-12 * expected);
      }
    });
  });
});

describe('learningRate', () => {
  const cosine: CosineSchedule = { kind: 'cosine', epochs: 4, warmupEpochs: 1, warmupLr: 0.1, minLr: 0.2, cooldownEpochs: 2 };

  it('follows a hand-worked cosine with warm-up and cool-down', () => {
    const rates = Array.from({ length: 12 }, (_, update) => learningRate(cosine, 1, update, 2));
    const half = (update: number): number => 0.2 + 0.4 * (1 + Math.cos((Math.PI * update) / 8));
    [0.1, 0.55, half(2), half(3), 0.6, half(5), half(6), half(7), 0.2, 0.2, 0.2, 0.2].forEach((expected, update) => {
      expect(rates[update], `update ${update}`).toBeCloseTo(expected, 14);
    });
  });

  it('starts at the base rate without a warm-up', () => {
    expect(learningRate({ ...cosine, warmupEpochs: 0 }, 1, 0, 2)).toBe(1);
    expect(learningRate({ kind: 'poly', updates: 4, power: 1, minLr: 0, warmupUpdates: 0, warmupRatio: 0 }, 1, 0, 1)).toBe(1);
  });

  it('stays at the minimum after the end', () => {
    expect(learningRate(cosine, 1, 1000, 2)).toBe(0.2);
    expect(learningRate({ kind: 'poly', updates: 4, power: 0.5, minLr: 0.3, warmupUpdates: 0, warmupRatio: 0 }, 1, 9, 1)).toBe(0.3);
  });
});
