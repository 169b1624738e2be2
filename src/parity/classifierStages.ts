// Runs a model on given tensors and hands out every stage by name: how a port is checked against another framework.

import { add, dispose, mul, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { meanOfHeads, type Classifier } from '../backbones/classifier.ts';
import { DataError } from '../errors.ts';
import type { FloatTensor } from '../nn/module.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { Capture } from './capture.ts';
import { floatsNamed, labelsNamed, loadGiven, type StagesGiven } from './given.ts';

export interface ForwardInputs {
  /** [B, 3, H, W], normalised, row-major. */
  readonly x: { readonly shape: readonly number[]; readonly data: Float32Array };
  /** Labels [B]; absent: no loss. */
  readonly y?: Int32Array;
  /** A teacher's labels [B], for the distillation head. */
  readonly teacher?: Int32Array;
}

export interface RunForwardOptions {
  /** Also the gradient of the loss for every parameter and for x; needs y. Default false. */
  readonly grad?: boolean;
}

/**
 * The same from tensors by name: images `input.x`, labels `input.y`, a teacher's labels `input.teacher`.
 * @param model without values
 * @throws DataError when the tensors do not fit the model
 */
export async function classifierStages(
  model: Classifier, { weights, inputs, file, grad, tell }: StagesGiven,
): Promise<ReadonlyMap<string, FloatTensor>> {
  const y = labelsNamed(inputs, 'input.y', file)?.data;
  const teacher = labelsNamed(inputs, 'input.teacher', file)?.data;
  loadGiven(model, weights, tell);
  const outputs = await runForward(model, { x: floatsNamed(inputs, 'input.x', file), ...(y && { y }), ...(teacher && { teacher }) }, { grad });
  model.dispose();
  return outputs;
}

/**
 * Runs a classifier as in evaluation (nothing dropped).
 *
 * @returns `output.logits`, `output.loss` and each stage (`output.block0`, `output.pe1`, `output.tokens` …); of a distilled
 *   model also `output.train_cls` and `output.train_dist`, one per head; with `grad` also `grad.<parameter>` and `grad.input.x`.
 *   The loss is the mean cross entropy; with a teacher, the mean of both heads' (hard distillation).
 * @throws DataError when the inputs do not fit the model
 */
export async function runForward(
  model: Classifier,
  inputs: ForwardInputs,
  { grad = false }: RunForwardOptions = {},
): Promise<Map<string, FloatTensor>> {
  checkInputs(model, inputs, grad);
  const { y, teacher } = inputs;
  const capture = new Capture();
  const x = tensor(inputs.x.data, [...inputs.x.shape], 'float32');
  const labels = y && tensor(y, [y.length], 'int32');
  const teacherLabels = teacher && tensor(teacher, [teacher.length], 'int32');

  const run = (): Tensor => {
    const images = transpose(x, [0, 2, 3, 1]); // [B, H, W, 3]
    const tap = (stage: string, value: Tensor) => capture.note(`output.${stage}`, value);
    const heads = model.distilled?.forwardHeads(images, { tap });
    const logits = heads === undefined ? model.forward(images, { tap }) : meanOfHeads(heads);
    capture.note('output.logits', logits);
    if (heads !== undefined) {
      capture.note('output.train_cls', heads.logits);
      capture.note('output.train_dist', heads.distillation);
    }
    if (labels === undefined) return logits;
    const loss = heads === undefined || teacherLabels === undefined ?
      crossEntropy(logits, labels) :
      mul(add(crossEntropy(heads.logits, labels), crossEntropy(heads.distillation, teacherLabels)), 0.5);
    capture.note('output.loss', loss);
    return loss;
  };
  const parameters = [...model.namedParameters()].map(([name, { value }]) => [name, value] as const);
  capture.run(run, grad ? new Map([['input.x', x], ...parameters]) : undefined);
  const outputs = await capture.read();
  dispose([x, ...(labels ? [labels] : []), ...(teacherLabels ? [teacherLabels] : [])]);
  return outputs;
}

function checkInputs(model: Classifier, { x, y, teacher }: ForwardInputs, grad: boolean): void {
  const side = model.imagePx;
  const [batch = 0] = x.shape;
  if (x.shape.length !== 4 || x.shape.slice(1).join() !== [3, side, side].join()) {
    throw new DataError(`runForward: expected shape [B, 3, ${side}, ${side}] for input.x, got [${x.shape.join(', ')}]`);
  }
  if (batch === 0) throw new DataError(`runForward: expected at least one image for input.x, got shape [${x.shape.join(', ')}]`);
  if (grad && y === undefined) throw new DataError('runForward: expected labels as input.y for the gradients, got none');
  for (const [name, labels] of [['input.y', y], ['input.teacher', teacher]] as const) {
    if (labels === undefined) continue;
    if (labels.length !== batch) throw new DataError(`runForward: expected ${batch} labels for ${name}, got ${labels.length}`);
    const wrong = labels.find((label) => label < 0 || label >= model.classes);
    if (wrong !== undefined) throw new DataError(`runForward: expected labels in 0 … ${model.classes - 1} for ${name}, got ${wrong}`);
  }
}
