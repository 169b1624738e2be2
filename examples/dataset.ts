// A data set of one's own: drawn circles, squares and triangles, no files. Whatever has these few members can be trained on.
//
//     npx jiti examples/dataset.ts runs/shapes

import {
  ClassificationEvaluator, ClassificationTask, createClassifier, joinPresets, openRun, Rng, selectBackend, train,
  type ClassificationDataset, type RawImage,
} from 'mpvg';

const side = 32;
/** Whether a point of [-1, 1]² is inside. */
const shapes: Record<string, (x: number, y: number) => boolean> = {
  circle: (x, y) => x ** 2 + y ** 2 < 1,
  square: () => true,
  triangle: (x, y) => Math.abs(x) < (y + 1) / 2,
};

/** Each sample is a function of seed and index: a shape of any size, place and colour on a noisy ground. */
class Shapes implements ClassificationDataset {
  readonly classNames = Object.keys(shapes);
  readonly size: number;
  readonly #seed: number;
  constructor(size: number, seed: number) { [this.size, this.#seed] = [size, seed]; }
  label = (index: number) => index % this.classNames.length;
  describe = (index: number) => `shape ${index}`;
  async load(index: number): Promise<RawImage> {
    const rng = new Rng(this.#seed, index);
    const radius = rng.uniform(7, 14);
    const [centreX, centreY] = [rng.uniform(radius, side - radius), rng.uniform(radius, side - radius)];
    const colour = [0, 1, 2].map(() => rng.uniform(120, 256));
    const isInside = shapes[this.classNames[this.label(index)]!]!;
    const data = new Uint8Array(side * side * 3).map((_, i) => {
      const [x, y] = [(Math.floor(i / 3) % side - centreX) / radius, (Math.floor(i / 3 / side) - centreY) / radius];
      const isShape = Math.max(Math.abs(x), Math.abs(y)) < 1 && isInside(x, y);
      return isShape ? colour[i % 3]! : rng.uniform(0, 120);
    });
    return { data, width: side, height: side };
  }
}

await selectBackend();
const model = createClassifier({
  kind: 'deit', size: { channels: 64, depth: 3, heads: 2, mlpRatio: 2 }, imagePx: side, patchPx: 4, classes: 3, join: joinPresets.mpvg,
});
model.initialise(0);
const transforms = [{ kind: 'resizeAndCentreCrop', sizePx: side, cropRatio: 1, interpolation: 'bilinear' }] as const;
const common = { model, view: { transforms, mean: [0.4, 0.4, 0.4], std: [0.3, 0.3, 0.3] }, batchSize: 16, seed: 0 } as const;
const evaluator = new ClassificationEvaluator({ ...common, data: new Shapes(300, 2) });
const task = new ClassificationTask({ ...common, data: new Shapes(960, 1), evaluator, labelSmoothing: 0 });
const run = await openRun({ path: process.argv[2] ?? 'runs/shapes', config: { task: 'shapes' } });
const { best } = await train(task, {
  optimizer: { kind: 'adamw', lr: 2e-3, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectorsAndEmbeddings' },
  schedule: { kind: 'cosine', epochs: 6, warmupEpochs: 1, warmupLr: 1e-5, minLr: 1e-5, cooldownEpochs: 0 },
  accumulationSteps: 1, clipGradNorm: 1, ema: 'none', seed: 0, compile: true, evaluateEveryEpochs: 1,
}, run, { onEvaluation: ({ epoch, metrics }) => console.log(`epoch ${epoch}  top-1 ${metrics['top1']!.toFixed(3)}`) });
console.log(`best top-1 ${best!.metrics['top1']!.toFixed(3)}, weights in ${run.path}/checkpoints/best`);
await task.close();
