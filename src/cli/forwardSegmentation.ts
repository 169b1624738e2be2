// `mpvg forward` of a segmentation config: which part of the model the given files are for, and its tensors.

import type { TensorMap } from '../checkpoint/storedTensor.ts';
import type { FinetuneConfig } from '../config/finetuneSchema.ts';
import { forwardSegmentor, type SegmentorInputs, type SegmentorPart } from '../engine/forwardSegmentor.ts';
import { createSegmentor } from '../heads/upernet/createSegmentor.ts';
import type { FloatTensor } from '../nn/module.ts';
import { checkLoaded } from './forward.ts';
import { floatsNamed, labelsNamed } from './forwardTensors.ts';

export interface SegmentOptions {
  readonly grad: boolean;
  readonly train: boolean;
  /** Chooses the backend; called before the model gets values. */
  readonly start: () => Promise<void>;
  /** What messages call the inputs. */
  readonly file: string;
}

/**
 * Runs the part of the model that the tensors are for.
 * @throws UserError
 */
export async function segment(
  { model: options }: FinetuneConfig, weights: TensorMap, inputs: TensorMap, { grad, train, start, file }: SegmentOptions,
): Promise<ReadonlyMap<string, FloatTensor>> {
  const model = createSegmentor(options);
  const named = new Map([...weights].map(([name, tensor]) => [withPart(name), tensor]));
  const part = partOf(named, inputs);
  const given = inputsOf(inputs, part, file);
  await start();
  const { missing, unexpected } = model.loadState(named, { strict: false });
  checkLoaded({ missing: missing.filter((name) => isOf(part, name)), unexpected });
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

function isOf(part: SegmentorPart, name: string): boolean {
  return part === 'whole' || name.startsWith('backbone.') === (part === 'backbone');
}

function inputsOf(tensors: TensorMap, part: SegmentorPart, file: string): SegmentorInputs {
  const floats = (name: string) => floatsNamed(tensors, `input.${name}`, file);
  const label = part === 'backbone' ? undefined : labelsNamed(tensors, 'input.label', file);
  if (part === 'heads') return { features: ['f0', 'f1', 'f2', 'f3'].map(floats), ...(label && { label }) };
  if (part === 'whole') return { x: floats('x'), ...(label && { label }) };
  return { x: floats('x'), ...(tensors.has('input.r1') && { weights: ['r1', 'r2', 'r3', 'r4'].map(floats) }) };
}
