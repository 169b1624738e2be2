// Runs a segmentation model, its backbone or its heads on given tensors and hands out every stage by name: how the port is
// checked against the original projects.

import { add, addN, argMax, cast, div, dispose, equal, logicalAnd, mul, notEqual, reshape, scalar, slice, sum, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { DataError } from '../errors.ts';
import type { FeaturePyramid } from '../backbones/pyramid.ts';
import { ignoredLabel, type UpernetSegmentor } from '../heads/upernet/segmentor.ts';
import type { FloatTensor, Module } from '../nn/module.ts';
import { resizeBilinear } from '../ops/resize.ts';
import type { TensorMap } from '../checkpoint/storedTensor.ts';
import { Capture } from './capture.ts';
import { floatsNamed, labelsNamed, loadGiven, type StagesGiven } from './given.ts';

/** Which part of the model runs. */
type SegmentorPart = 'whole' | 'backbone' | 'heads';

/** A tensor as it is in a file, row-major; images and maps are [B, C, H, W]. */
interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface SegmentorInputs {
  /** [B, 3, H, W], normalised; of the whole and of the backbone. */
  readonly x?: Values;
  /** What stands in for the backbone's maps; of the heads. */
  readonly features?: readonly Values[];
  /** [B, H, W], 0 … classes - 1 or 255 (ignored); absent: no loss of the heads. */
  readonly label?: { readonly shape: readonly number[]; readonly data: Int32Array };
  /** Factors on the backbone's maps, whose sum is its loss; absent: no loss of the backbone. */
  readonly weights?: readonly Values[];
}

export interface ForwardSegmentorOptions {
  readonly part: SegmentorPart;
  /**
   * Whether batch norms use the batch's statistics and change the running ones, which are handed out then. The heads alone run
   * both ways. Default false.
   */
  readonly training?: boolean;
  /** Also the gradient of the loss for every parameter and input. Default false. */
  readonly grad?: boolean;
}

/**
 * Runs the part that the given tensors are for: the heads where `input.f0` … stand in for the backbone's maps, the whole model
 * where there are weights of the heads, else the backbone.
 * @param model without values
 * @throws DataError when the tensors do not fit the model
 */
export async function segmentorStages(
  model: UpernetSegmentor, { weights, inputs, file, grad, train, tell }: StagesGiven,
): Promise<ReadonlyMap<string, FloatTensor>> {
  const named = new Map([...weights].map(([name, tensor]) => [withPart(name), tensor]));
  const part = partOf(named, inputs);
  const given = inputsOf(inputs, part, file, model.backbone.strides.length);
  loadGiven(model, named, tell, (name) => part === 'whole' || name.startsWith('backbone.') === (part === 'backbone'));
  model.initialise(0); // counters that files leave out, and the part that does not run
  const outputs = await forwardSegmentor(model, given, { part, training: train, grad });
  model.dispose();
  return outputs;
}

/** The adapter's own checkpoints name its parameters without `backbone.`. */
function withPart(name: string): string {
  return /^(backbone|decode_head|auxiliary_head)\./.test(name) ? name : `backbone.${name}`;
}

function partOf(weights: TensorMap, inputs: TensorMap): SegmentorPart {
  if (inputs.has('input.f0')) return 'heads';
  return [...weights.keys()].some((name) => name.startsWith('decode_head.')) ? 'whole' : 'backbone';
}

function inputsOf(tensors: TensorMap, part: SegmentorPart, file: string, maps: number): SegmentorInputs {
  const floats = (name: string) => floatsNamed(tensors, `input.${name}`, file);
  const each = (prefix: string, first: number) => Array.from({ length: maps }, (_, i) => floats(`${prefix}${i + first}`));
  const label = part === 'backbone' ? undefined : labelsNamed(tensors, 'input.label', file);
  if (part === 'heads') return { features: each('f', 0), ...(label && { label }) };
  if (part === 'whole') return { x: floats('x'), ...(label && { label }) };
  return { x: floats('x'), ...(tensors.has('input.r1') && { weights: each('r', 1) }) };
}

/**
 * Runs a part of a segmentation model.
 *
 * @returns - of the backbone its stages (see ViTAdapter) and maps `output.f1` … `output.f4`, and with `weights` `output.loss`;
 *   - of the whole also `output.logits` [B, classes, H / 4, W / 4] and `output.aux_logits`; with labels `output.loss_ce`,
 *     `output.aux_loss_ce` (weighted), `output.total`, `output.acc_seg` and `output.aux_acc_seg` (per cent of the pixels that
 *     are not ignored);
 *   - of the heads `output.eval_logits` and `output.eval_aux_logits` of the first image with the running statistics, and with
 *     labels `output.train_logits`, `output.train_aux_logits` and the losses with the batch's.
 *   In training `output.after.<buffer>`; with `grad` `grad.<parameter>` and `grad.input.<input>`. Names of parameters are the
 *   part's: those of the backbone alone have no prefix.
 * @throws DataError when the inputs do not fit
 */
export async function forwardSegmentor(
  model: UpernetSegmentor, inputs: SegmentorInputs, { part, training = false, grad = false }: ForwardSegmentorOptions,
): Promise<Map<string, FloatTensor>> {
  checkInputs(model, inputs, part, grad);
  const { label } = inputs;
  const capture = new Capture();
  const given = new Map(namedInputs(inputs, part).map(([name, { shape, data }]) => [name, tensor(data, [...shape], 'float32')]));
  const labels = label && tensor(label.data, label.shape as [number, number, number], 'int32');
  const of = (name: string): Tensor => given.get(`input.${name}`)!;
  const note = (name: string, value: Tensor) => capture.note(`output.${name}`, value.rank === 4 ? transpose(value, [0, 3, 1, 2]) : value);
  const heads = new SegmentorHeads(model, note);

  const maps = () => model.backbone.strides.map((_, i) => toNhwc(of(`f${i}`)));
  const backbone = (): FeaturePyramid => {
    const features = model.backbone.forward(toNhwc(of('x')), { training, tap: note });
    for (const [i, map] of features.entries()) note(`f${i + 1}`, map);
    return features;
  };
  const pass = (): Tensor => {
    if (part === 'heads') return heads.run(maps(), labels, true, 'train_');
    const features = backbone();
    if (part === 'whole') return heads.run(features, labels, training, '');
    if (inputs.weights === undefined) return features.at(-1)!;
    const factors = features.map((map, i) => factorsFor(map, toNhwc(of(`r${i + 1}`)), `input.r${i + 1}`));
    const loss = addN(features.map((map, i) => sum(mul(map, factors[i]!))));
    note('loss', loss);
    return loss;
  };

  if (part === 'heads') capture.run(() => heads.evaluateFirst(maps()), undefined);
  const module: Module = part === 'backbone' ? model.backbone : model;
  const isUsed = (name: string) => part !== 'heads' || !name.startsWith('backbone.');
  if (part !== 'heads' || labels !== undefined) {
    const used = [...module.namedParameters()].filter(([name]) => isUsed(name));
    const parameters = used.map(([name, { value }]) => [name, value] as const);
    const sources = [...given].filter(([name]) => !name.startsWith('input.r'));
    capture.run(pass, grad ? new Map<string, Tensor>([...sources, ...parameters]) : undefined);
    if (training || part === 'heads') {
      for (const [name, buffer] of module.namedBuffers()) if (isUsed(name)) capture.note(`output.after.${name}`, buffer.value);
    }
  }
  const outputs = await capture.read();
  dispose([...given.values(), ...(labels ? [labels] : [])]);
  return outputs;
}

/** The heads' part of a pass. */
class SegmentorHeads {
  readonly #model: UpernetSegmentor;
  readonly #note: (name: string, value: Tensor) => void;

  constructor(model: UpernetSegmentor, note: (name: string, value: Tensor) => void) {
    this.#model = model;
    this.#note = note;
  }

  /** The loss, or the logits where there are no labels. */
  run(features: readonly Tensor[], labels: Tensor | undefined, training: boolean, prefix: string): Tensor {
    const logits = this.#model.logits(features, training);
    this.#note(`${prefix}logits`, logits.decode);
    if (logits.auxiliary !== undefined) this.#note(`${prefix}aux_logits`, logits.auxiliary);
    if (labels === undefined) return logits.decode;
    const { total, parts } = this.#model.headsLoss(logits, labels);
    this.#note('total', total);
    this.#note('loss_ce', parts.decode);
    this.#note('acc_seg', accuracy(logits.decode, labels));
    if (logits.auxiliary !== undefined && parts.auxiliary !== undefined) {
      this.#note('aux_loss_ce', parts.auxiliary);
      this.#note('aux_acc_seg', accuracy(logits.auxiliary, labels));
    }
    return total;
  }

  /** What the running statistics make of the first image. */
  evaluateFirst(features: readonly Tensor[]): Tensor {
    const first = features.map((map) => slice(map, [0, 0, 0, 0], [1, -1, -1, -1]));
    return this.run(first, undefined, false, 'eval_');
  }
}

/** Per cent of the pixels that are not ignored, [1]. */
function accuracy(logits: Tensor, labels: Tensor): Tensor {
  const [, height = 0, width = 0] = labels.shape;
  const counts = notEqual(labels, scalar(ignoredLabel, 'int32'));
  const right = logicalAnd(counts, equal(argMax(resizeBilinear(logits, [height, width]), 3), labels));
  const share = div(sum(cast(right, 'float32')), add(sum(cast(counts, 'float32')), Number.EPSILON));
  return reshape(mul(share, 100), [1]);
}

/** @throws DataError when they are of another shape */
function factorsFor(map: Tensor, factors: Tensor, name: string): Tensor {
  const nchw = ([batch, height, width, channels]: readonly number[]) => `[${[batch, channels, height, width].join(', ')}]`;
  if (factors.shape.join() === map.shape.join()) return factors;
  throw new DataError(`forwardSegmentor: expected shape ${nchw(map.shape)}, that of the map, for ${name}, got ${nchw(factors.shape)}`);
}

function toNhwc(map: Tensor): Tensor {
  return transpose(map, [0, 2, 3, 1]);
}

/** The inputs of a part as a file names them. */
function namedInputs({ x, features = [], weights = [] }: SegmentorInputs, part: SegmentorPart): [string, Values][] {
  if (part === 'heads') return features.map((map, i) => [`input.f${i}`, map]);
  return [['input.x', x!], ...weights.map((map, i): [string, Values] => [`input.r${i + 1}`, map])];
}

function checkInputs(model: UpernetSegmentor, inputs: SegmentorInputs, part: SegmentorPart, grad: boolean): void {
  const { x, features = [], label, weights } = inputs;
  const fail = (expected: string, parameter: string, got: string): never => {
    throw new DataError(`forwardSegmentor: expected ${expected} for ${parameter}, got ${got}`);
  };
  const images = part === 'heads' ? features[0] : x;
  const batch = images?.shape[0] ?? 0;
  const isOf = (shape: readonly number[], channels: number) => shape.length === 4 && shape[1] === channels && !shape.includes(0);
  if (part !== 'heads' && (x === undefined || !isOf(x.shape, 3))) {
    fail('shape [B, 3, H, W], none of them 0,', 'input.x', x === undefined ? 'none' : `[${x.shape.join(', ')}]`);
  }
  const { channels } = model.backbone;
  for (const [i, width] of (part === 'heads' ? channels : []).entries()) {
    const { shape = [] } = features[i] ?? {};
    if (isOf(shape, width) && shape[0] === batch) continue;
    fail(`shape [${i === 0 ? 'B' : batch}, ${width}, h, w], none of them 0,`, `input.f${i}`, `[${shape.join(', ')}]`);
  }
  if (grad && part === 'backbone' && weights === undefined) fail('factors of the maps input.r1 … input.r4', 'the gradients', 'none');
  if (grad && part !== 'backbone' && label === undefined) fail('labels as input.label', 'the gradients', 'none');
  if (label === undefined) return;
  if (label.shape.length !== 3 || label.shape[0] !== batch || label.shape.includes(0)) {
    fail(`shape [${batch}, H, W], none of them 0,`, 'input.label', `[${label.shape.join(', ')}]`);
  }
  const wrong = label.data.find((value) => (value < 0 || value >= model.classes) && value !== ignoredLabel);
  if (wrong !== undefined) fail(`labels in 0 … ${model.classes - 1} or ${ignoredLabel}`, 'input.label', String(wrong));
}
