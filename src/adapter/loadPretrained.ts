// Weights of a pretraining checkpoint for a model that contains its vision transformer: parameters find each other by name;
// positions of another grid and patches of another size are resized; what was not taken, and what has no weights yet, is told.

import { mul, reshape, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { isBatchCounter } from '../checkpoint/floatTensors.ts';
import { describeSize, layerOf, vitSizeOf, type VitSize } from '../backbones/vitSize.ts';
import { DataError } from '../errors.ts';
import type { LoadableTensor, Module } from '../nn/module.ts';
import { resizeBicubic } from '../ops/resize.ts';

/** What became of a checkpoint's tensors. */
export interface PretrainedReport {
  /** Parameters and buffers that have the checkpoint's values now, resized ones included. */
  readonly taken: readonly string[];
  /** Those of other positions or patches: shapes before and after. */
  readonly resized: readonly { readonly name: string; readonly from: readonly number[]; readonly to: readonly number[] }[];
  /** Of the checkpoint, and why not. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** Parameters and buffers that keep what they have. */
  readonly missing: readonly string[];
  /** Layers of checkpoint and model, where they are not as many. */
  readonly layers?: { readonly theirs: number; readonly ours: number };
}

/** Values of a tensor that is resized: beyond those of any model's positions or patches, and read at once. */
const MOST_RESIZED = 2 ** 27;

/**
 * Takes what fits. A name of the model is looked up as it is, then without `backbone.`.
 *
 * Positions [1, N, C] of another number of patches are resized (bicubic); those of tokens before the patches stay or are cut
 * off, and are zero where the checkpoint has none. Patch weights of another side are resized (bicubic) and scaled so that an
 * enlarged patch gives what the original one gave.
 *
 * Of a checkpoint with another number of layers the first ones are taken.
 *
 * @throws DataError when no name is found, the checkpoint has other channels, or values are not float32
 */
export async function loadPretrained(model: Module, state: ReadonlyMap<string, LoadableTensor>): Promise<PretrainedReport> {
  const values = new Map<string, Float32Array>();
  const resized: { name: string; from: readonly number[]; to: readonly number[] }[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const used = new Set<string>();
  const own = model.namedTensors();
  const [ours, theirs] = [vitSizeOf(own), vitSizeOf(state)];
  if (ours !== undefined && theirs !== undefined && ours.channels !== theirs.channels) throw otherWidth(ours, theirs);
  for (const [name, { shape }] of own) {
    const key = [name, name.replace(/^backbone\./, '')].find((candidate) => state.has(candidate));
    if (key === undefined) continue;
    used.add(key);
    const given = state.get(key)!;
    const fitted = given.shape.join() === shape.join() ? numbers(name, given) : await fit(name, given, shape);
    if (fitted === undefined) {
      skipped.push({ name: key, reason: `[${given.shape.join(', ')}] is not [${shape.join(', ')}]` });
      continue;
    }
    if (given.shape.join() !== shape.join()) resized.push({ name, from: given.shape, to: shape });
    values.set(name, fitted);
  }
  if (values.size === 0) {
    const names = [...state.keys()];
    throw new DataError(`loadPretrained: expected parameters of this model, such as ${[...own.keys()][0]}, in the checkpoint, got ${names.length === 0 ? 'none' : names.slice(0, 3).join(', ')}`);
  }
  for (const name of state.keys()) if (!used.has(name)) skipped.push({ name, reason: 'not in this model' });
  for (const [name, data] of values) own.get(name)!.set(data);
  return {
    taken: [...values.keys()],
    resized,
    skipped,
    missing: [...own.keys()].filter((name) => !values.has(name)),
    ...(ours && theirs && ours.depth !== theirs.depth && { layers: { theirs: theirs.depth, ours: ours.depth } }),
  };
}

function otherWidth(ours: VitSize, theirs: VitSize): DataError {
  const size = ({ channels, depth }: VitSize) => `${channels} channels and ${depth} layers`;
  return new DataError(`loadPretrained: expected a vision transformer of ${size(ours)}, as this model has, in the checkpoint, got ${size(theirs)}; ` +
    `set model.size to the checkpoint's, ${describeSize(theirs)}, or take a checkpoint of this model's, ${describeSize(ours)}`);
}

/** The report for people, a line for each thing that happened; names that are missing are counted by module. */
export function describePretrained({ taken, resized, skipped, missing, layers }: PretrainedReport): string[] {
  const shape = (sizes: readonly number[]) => `[${sizes.join(', ')}]`;
  const groups = new Map<string, number>();
  // Layers that only one side has are told together.
  const isBeyond = (name: string) => layers !== undefined && (layerOf(name) ?? -1) >= Math.min(layers.theirs, layers.ours);
  const others = skipped.filter(({ name }) => !isBeyond(name));
  for (const name of missing) {
    const group = /^(?:backbone\.)?[^.]+/.exec(name)![0];
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return [
    `${taken.length} tensors taken, ${missing.length} left at their initial values`,
    ...resized.map(({ name, from, to }) => `resized ${name} from ${shape(from)} to ${shape(to)}`),
    ...(layers === undefined ? [] : [describeLayers(layers)]),
    ...(others.length === 0 ? [] : [`not taken: ${others.map(({ name, reason }) => `${name} (${reason})`).join(', ')}`]),
    ...(groups.size === 0 ? [] : [`at initial values: ${[...groups].map(([group, count]) => `${group} (${count})`).join(', ')}`]),
  ];
}

function describeLayers({ theirs, ours }: { readonly theirs: number; readonly ours: number }): string {
  const [first, last] = [Math.min(theirs, ours), Math.max(theirs, ours) - 1];
  const beyond = first === last ? `layer ${first}` : `layers ${first} to ${last}`;
  const fate = theirs > ours ? 'not taken' : 'left at initial values';
  return `the checkpoint has ${theirs} layers, this model ${ours}: ${beyond} ${fate}; a depth of ${theirs} in model.size fits`;
}

async function fit(name: string, given: LoadableTensor, shape: readonly number[]): Promise<Float32Array | undefined> {
  if (given.shape.reduce((product, length) => product * length, 1) > MOST_RESIZED) return undefined;
  if (/(^|\.)pos_embed\d*$/.test(name)) return fitPositions(name, given, shape);
  return /(^|\.)patch_embed\.proj\.weight$/.test(name) ? fitPatches(name, given, shape) : undefined;
}

async function fitPositions(name: string, given: LoadableTensor, shape: readonly number[]): Promise<Float32Array | undefined> {
  const [, tokens = 0, channels = 0] = shape;
  const source = layout(given.shape[1] ?? 0);
  const target = layout(tokens);
  if (given.shape[0] !== 1 || given.shape[2] !== channels || source === undefined || target === undefined) return undefined;
  const data = numbers(name, given);
  const fitted = new Float32Array(tokens * channels);
  const kept = Math.min(source.extra, target.extra) * channels;
  fitted.set(data.subarray(0, kept));
  const patches = data.subarray(source.extra * channels);
  const resized = await computed(() => {
    const plane = tensor(patches, [1, source.side, source.side, channels]);
    return source.side === target.side ? plane : resizeBicubic(plane, [target.side, target.side]);
  });
  fitted.set(resized, target.extra * channels);
  return fitted;
}

/** How a number of tokens is made of a square of patches and the fewest tokens before it (class, distillation). */
function layout(tokens: number): { readonly side: number; readonly extra: number } | undefined {
  const extra = [0, 1, 2].find((count) => tokens > count && Number.isInteger(Math.sqrt(tokens - count)));
  return extra === undefined ? undefined : { side: Math.sqrt(tokens - extra), extra };
}

async function fitPatches(name: string, given: LoadableTensor, shape: readonly number[]): Promise<Float32Array | undefined> {
  const [outputs, inputs, height = 0, width = 0] = given.shape;
  if (given.shape.length !== 4 || outputs !== shape[0] || inputs !== shape[1] || height !== width) return undefined;
  const side = shape[2]!;
  return computed(() => {
    const planes = transpose(tensor(numbers(name, given), given.shape as [number, number, number, number]), [0, 2, 3, 1]);
    const resized = mul<Tensor4D>(resizeBicubic(planes, [side, side]), (height / side) ** 2);
    return reshape(transpose(resized, [0, 3, 1, 2]), [...shape]);
  });
}

async function computed(run: () => Tensor): Promise<Float32Array> {
  const result = tidy(run);
  const values = await result.data<'float32'>();
  result.dispose();
  return values;
}

function numbers(name: string, { data }: LoadableTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (isBatchCounter(name)) return Float32Array.from(data as ArrayLike<number | bigint>, Number);
  throw new DataError(`loadPretrained: expected float32 values for ${name}, got ${data.constructor.name}`);
}
