import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { expectRunFits } from '../../src/engine/memoryNeed.ts';
import { openRun } from '../../src/engine/runDirectory.ts';
import { train, type TrainerOptions } from '../../src/engine/trainer.ts';
import { ConfigError } from '../../src/errors.ts';
import { BatchNorm2d } from '../../src/nn/batchNorm2d.ts';
import { LineTask } from './lineTask.ts';

vi.mock('../../src/engine/memoryNeed.ts', () => ({ expectRunFits: vi.fn() }));

beforeAll(() => selectBackend({ threads: 1 }));

const sgd: TrainerOptions['optimizer'] = { kind: 'sgd', lr: 1, weightDecay: 0, momentum: 0, nesterov: false, noDecay: 'none' };
const adamw: TrainerOptions['optimizer'] = { kind: 'adamw', lr: 1, weightDecay: 0, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'none' };

describe('train', () => {
  it.each([
    [sgd, 'none', 52 + 24],
    [sgd, { decay: 0.5 }, 2 * 52 + 24],
    [adamw, 'none', 52 + 48],
    [adamw, { decay: 0.5 }, 2 * 52 + 48],
  ] as const)('asks before the first step whether a run fits: %j with the average %j', async (optimizer, ema, savedBytes) => {
    const folder = mkdtempSync(join(tmpdir(), 'mpvg-memory-'));
    vi.mocked(expectRunFits).mockImplementationOnce(() => { throw new ConfigError('too large'); });
    const options: TrainerOptions = {
      optimizer, ema, schedule: { kind: 'step', epochs: 1, stepEpochs: [], gamma: 1, warmupUpdates: 0, warmupRatio: 1 },
      accumulationSteps: 2, clipGradNorm: 'none', seed: 0, evaluateEveryEpochs: 1, compile: true,
    };
    const model = new BatchNorm2d({ channels: 3 }); // 6 parameters, 6 statistics, a count
    model.initialise(0);
    const task = Object.assign(new LineTask(), { model });
    try {
      await expect(train(task, options, await openRun({ path: join(folder, 'run'), config: {} }))).rejects.toThrow('too large');
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(task.seen).toEqual([]);
    const [asked] = vi.mocked(expectRunFits).mock.lastCall!;
    expect(asked).toMatchObject({ batchSize: 2, accumulationSteps: 2, batchesAhead: 1, savedBytes });
    expect(asked.inputs(5)).toEqual(task.inputs(5));
  });
});
