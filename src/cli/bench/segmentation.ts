// `mpvg bench segmentation`: fine-tuning steps and inference of UperNet on ViT-Adapter-Ti against the same model in
// eager PyTorch (bench/segmentation/torch_model.py), in one run.

import { rmSync } from 'node:fs';
import { tensor } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../backends/select.ts';
import { joinPresets } from '../../backbones/position/join.ts';
import { setPrecision } from '../../engine/precision.ts';
import { createSegmentor } from '../../heads/upernet/createSegmentor.ts';
import type { UpernetSegmentor } from '../../heads/upernet/segmentor.ts';
import { PhotoSegmenter } from '../../tasks/photoSegmenter.ts';
import { BenchStep, exportWeights, type BenchSubject, type Steps } from './benchStep.ts';
import { comparePeaks, describeMemory, PEAK_STEPS, peakBytes, type MemoryResult } from './peakMemory.ts';
import { TorchProcess } from './torchProcess.ts';
import { describeTimes, takeTurns, type Comparison } from './turns.ts';

type Precision = 'fp32' | 'bf16';
type Times = Omit<Comparison<unknown>, 'first'>;

export interface SegmentationBenchOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly python: string | undefined;
  readonly batch: number;
  /** Side of the images, a multiple of 32. */
  readonly size: number;
  readonly precisions: readonly Precision[];
  /** Told each result as it comes. */
  readonly report: (line: string) => void;
}

export interface SegmentationBenchResult {
  readonly batch: number;
  readonly size: number;
  readonly precision: Precision;
  readonly step: Times & {
    /** |our loss - PyTorch's| after as many steps from the same weights, relative. */
    readonly lossDifference: number;
  };
  /** One photo from bytes to classes; PyTorch's side begins with a tensor and ends with one. */
  readonly evaluation: Times;
  /** Of fp32 only. */
  readonly memory?: MemoryResult;
}

const CLASSES = 150;

export async function benchSegmentation(options: SegmentationBenchOptions): Promise<SegmentationBenchResult[]> {
  await selectBackend({ threads: options.threads });
  const results: SegmentationBenchResult[] = [];
  for (const precision of options.precisions) results.push(await compare(precision, options));
  return results;
}

async function compare(precision: Precision, options: SegmentationBenchOptions): Promise<SegmentationBenchResult> {
  const { rounds, threads, python, batch, size, report } = options;
  setPrecision(precision);
  const { model, subject } = segmentationSubject(batch, size);
  const ours = new BenchStep(subject, true);
  const segmenter = new PhotoSegmenter(model, {
    mode: { kind: 'slide', cropPx: size, stridePx: size }, flip: false, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5],
  });
  const weights = await exportWeights(model);
  const sizes = ['--batch', `${batch}`, '--size', `${size}`, '--classes', `${CLASSES}`];
  const args = ['--weights', weights, ...sizes, '--threads', `${threads}`, '--precision', precision];
  const torchOptions = { python, script: 'segmentation/torch_step.py', args };
  const torch = await TorchProcess.start(torchOptions);
  try {
    const steps = await takeTurns((n) => ours.step(n), async (n) => await torch.ask(`step ${n}`) as Steps, rounds);
    const { first: [a, b], ...stepTimes } = steps;
    const step = { ...stepTimes, lossDifference: Math.abs(a.loss - b.loss) / b.loss };
    report(`step, ${size} px, batch ${batch}, ${precision}: ${describeTimes(step)} (losses differ by ${step.lossDifference.toExponential(1)})`);

    const { oursMs, torchMs, ratio } = await takeTurns(
      (n) => segmentPhotos(segmenter, size, n),
      async (n) => await torch.ask(`evaluate ${n}`) as { ms: number[] },
      rounds,
    );
    const evaluation = { oursMs, torchMs, ratio };
    report(`evaluation, one photo of ${size} px, ${precision}: ${describeTimes(evaluation)}`);
    if (precision === 'bf16') return { batch, size, precision, step, evaluation };
    const own = ['bench', 'segmentation', '--peak-of', `${batch}`, '--size', `${size}`, '--threads', `${threads}`];
    const memory = await comparePeaks(batch, own, torchOptions);
    report(describeMemory(memory));
    return { batch, size, precision, step, evaluation, memory };
  } finally {
    torch.stop();
    segmenter.dispose();
    ours.dispose();
    rmSync(weights, { recursive: true });
  }
}

function segmentationSubject(
  batch: number, size: number,
): { readonly model: UpernetSegmentor; readonly subject: BenchSubject } {
  const model = createSegmentor({
    kind: 'upernetViTAdapter', classes: CLASSES, size: 'tiny', pretrainPx: 224, join: joinPresets.default, dropPath: 0,
    adapter: {
      variant: 'segmentation', interactions: [[0, 2], [3, 5], [6, 8], [9, 11]], windows: 'global', priorWidth: 64,
      deformHeads: 6, deformPoints: 4, deformRatio: 1, ffnRatio: 0.25, extraExtractors: 2, layerScale: true, recompute: false,
    },
    head: { channels: 512, poolScales: [1, 2, 3, 6], dropout: 0, lossWeight: 1 },
    auxiliary: { level: 2, channels: 256, convolutions: 1, dropout: 0, lossWeight: 0.4 },
  });
  model.initialise(0);
  const area = batch * size * size;
  const pixels = Float32Array.from({ length: 3 * area }, (_, i) => (i % 1009) / 504 - 1);
  const labels = Int32Array.from({ length: area }, (_, i) => Math.floor(i / 37) % CLASSES);
  return {
    model,
    subject: {
      model,
      inputs: [tensor(pixels, [batch, size, size, 3]), tensor(labels, [batch, size, size], 'int32')],
      loss: ([images, maps]) => {
        const { total, parts } = model.loss(images!, maps!);
        return { total, parts: { ...parts } };
      },
      learningRate: 1e-4,
      weightDecay: 0.01,
    },
  };
}

async function segmentPhotos(
  segmenter: PhotoSegmenter, side: number, count: number,
): Promise<{ readonly ms: readonly number[] }> {
  const size = { height: side, width: side };
  const photo = { data: Uint8Array.from({ length: side * side * 3 }, (_, i) => (i % 1009) / 4), ...size };
  const ms: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await segmenter.segment([photo], size, true);
    ms.push(performance.now() - start);
  }
  return { ms };
}

/** Peak of this process after three replayed steps; what the child process of the comparison runs. */
export async function peakOf(batch: number, size: number, threads: number): Promise<number> {
  await selectBackend({ threads });
  await new BenchStep(segmentationSubject(batch, size).subject, true).step(PEAK_STEPS);
  return await peakBytes();
}
