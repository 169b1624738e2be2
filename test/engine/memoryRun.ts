// Trains 300 steps and prints what is held after 20 and after 300. A process of its own, run with --expose-gc; arguments: a
// folder for the run, and whether steps are compiled.

import { memory } from '@tensorflow/tfjs-core';
import { joinPresets } from '../../src/backbones/position/join.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { binding } from '../../src/backends/torch/binding.ts';
import { openRun } from '../../src/engine/runDirectory.ts';
import { readRunLog } from '../../src/engine/runLog.ts';
import { train } from '../../src/engine/trainer.ts';
import { coloursDataset } from '../tasks/coloursDataset.ts';
import { tinyClassification, tinyViTLite } from '../tasks/tinyClassification.ts';

const [path = '', compile = 'true'] = process.argv.slice(2);
const measuredAt = new Set([20, 300]);

await selectBackend({ threads: 1 });
const task = tinyClassification(
  { ...tinyViTLite, channels: 64, depth: 3, heads: 4, imagePx: 32, join: joinPresets.mpvg } as typeof tinyViTLite,
  {
    training: coloursDataset(300 * 16, { sidePx: 32 }),
    validation: coloursDataset(40, { sidePx: 32, seed: 2 }),
    train: [{ kind: 'padAndCrop', sizePx: 32, paddingPx: 4 }],
    eval: [{ kind: 'resizeAndCentreCrop', sizePx: 32, cropRatio: 1, interpolation: 'bilinear' }],
    batchSize: 16,
  },
);
const run = await openRun({ path, config: {} });
const options = {
  optimizer: { kind: 'adamw', lr: 1e-3, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectors' },
  schedule: { kind: 'cosine', epochs: 1, warmupEpochs: 0, warmupLr: 0, minLr: 0, cooldownEpochs: 0 },
  accumulationSteps: 1,
  clipGradNorm: 1,
  ema: { decay: 0.99 },
  seed: 0,
  evaluateEveryEpochs: 1,
  compile: compile === 'true',
} as const;
await train(task, options, run, {
  isStopped: () => {
    // After each step, so that what is measured is not how long V8 puts off collecting buffers.
    globalThis.gc?.();
    if (measuredAt.delete(readRunLog(run.log.path).at(-1)?.step ?? 0)) {
      const { bytes } = binding().memory();
      console.log(JSON.stringify({ tensors: memory().numTensors, bytes, rss: process.memoryUsage().rss }));
    }
    return false;
  },
});
await task.close();
