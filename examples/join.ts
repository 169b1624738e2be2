// A join of one's own against MPVG: where the position embedding enters a transformer is an object. Same data, same seed,
// numbers side by side. The classes are places (which ninth of a noisy picture holds the bright square, not the duller one), so
// a model that averages its tokens has nothing but positions to go by.
//
//     npx jiti examples/join.ts runs/joins

import {
  ClassificationEvaluator, ClassificationTask, createClassifier, joinPresets, openRun, Rng, selectBackend, train,
  type ClassificationDataset, type PositionJoin,
} from 'mpvg';

/** MPVG, but every layer normalises the embedding itself, and the residual stream has none. */
const own: PositionJoin = { ...joinPresets.mpvg, stream: 'never', layers: 'all', hierarchical: false };
const side = 24;

const places = (size: number, seed: number): ClassificationDataset => ({
  size,
  classNames: Array.from({ length: 9 }, (_, place) => `row ${Math.floor(place / 3)}, column ${place % 3}`),
  label: (index) => index % 9,
  describe: (index) => `picture ${index}`,
  async load(index) {
    const [rng, bright] = [new Rng(seed, index), index % 9];
    const dull = (bright + 1 + Math.floor(rng.uniform(0, 8))) % 9;
    const offset = Math.floor(rng.uniform(0, 4));
    const data = new Uint8Array(side * side * 3).map(() => rng.uniform(0, 80));
    for (const [place, value] of [[bright, 170], [dull, 90]] as const) {
      const [top, left] = [8 * Math.floor(place / 3) + offset, 8 * (place % 3) + offset];
      for (let i = 0; i < 48; i++) data[3 * (side * (top + Math.floor(i / 12)) + left) + i % 12]! += value;
    }
    return { data, width: side, height: side };
  },
});

/** Top-1 after each epoch. */
async function trained(name: string, join: PositionJoin): Promise<number[]> {
  const model = createClassifier({
    kind: 'deit', size: { channels: 64, depth: 3, heads: 2, mlpRatio: 2 }, imagePx: side, patchPx: 4, classes: 9, join,
  });
  model.initialise(0);
  const transforms = [{ kind: 'resizeAndCentreCrop', sizePx: side, cropRatio: 1, interpolation: 'bilinear' }] as const;
  const common = { model, view: { transforms, mean: [0, 0, 0], std: [1, 1, 1] }, batchSize: 18, seed: 0 } as const;
  const evaluator = new ClassificationEvaluator({ ...common, data: places(270, 2) });
  const task = new ClassificationTask({ ...common, data: places(900, 1), evaluator, labelSmoothing: 0 });
  const run = await openRun({ path: `${process.argv[2] ?? 'runs/joins'}/${name}`, config: { join } });
  const scores: number[] = [];
  await train(task, {
    optimizer: { kind: 'adamw', lr: 2e-3, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectorsAndEmbeddings' },
    schedule: { kind: 'cosine', epochs: 5, warmupEpochs: 1, warmupLr: 1e-5, minLr: 1e-5, cooldownEpochs: 0 },
    accumulationSteps: 1, clipGradNorm: 1, ema: 'none', seed: 0, compile: true, evaluateEveryEpochs: 1,
  }, run, { onEvaluation: ({ metrics }) => void scores.push(metrics['top1']!) });
  await task.close();
  model.dispose();
  return scores;
}

await selectBackend();
for (const [name, join] of [['mpvg', joinPresets.mpvg], ['own', own]] as const) {
  console.log(`${name.padEnd(8)} top-1 ${(await trained(name, join)).map((score) => score.toFixed(3)).join('  ')}`);
}
