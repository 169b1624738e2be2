// What `mpvg forward` is given: weights, and input tensors by name.

import { expectFiniteValues } from '../checkpoint/finiteTensors.ts';
import { float32Values } from '../checkpoint/floatTensors.ts';
import type { StoredTensor, TensorMap } from '../checkpoint/storedTensor.ts';
import { unwrapNames, type UnwrappedNames } from '../checkpoint/wrapperNames.ts';
import { DataError } from '../errors.ts';
import type { Module } from '../nn/module.ts';

/** What `forward` is given to run the stages of a model on. */
export interface StagesGiven {
  /** By parameter name. */
  readonly weights: TensorMap;
  /** `input.<name>`. */
  readonly inputs: TensorMap;
  /** What messages call the inputs. */
  readonly file: string;
  /** Also gradients. */
  readonly grad: boolean;
  /** As in training, where the model tells the two apart. */
  readonly train: boolean;
  /** Is told what is left out. */
  readonly tell: (line: string) => void;
}

interface Shaped<Data> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/** The weights of a file: what begins with `weight.`, or all of a checkpoint; without what a wrapper put before their names. */
export function weightsOf(tensors: TensorMap): UnwrappedNames<StoredTensor> {
  const prefix = 'weight.';
  const named = [...tensors].filter(([name]) => name.startsWith(prefix));
  if (named.length > 0) return unwrapNames(new Map(named.map(([name, tensor]) => [name.slice(prefix.length), tensor])));
  return unwrapNames(new Map([...tensors].filter(([name]) => !/^(input|output|grad)\./.test(name))));
}

/**
 * Values are read when they are asked for.
 * @throws DataError when there is none of this name; there, when they are integers or not finite
 */
export function floatsNamed(tensors: TensorMap, name: string, file: string): Shaped<Float32Array> {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new DataError(`forward: expected a floating-point tensor ${name} in ${file}, got none`);
  let data: Float32Array | undefined;
  const read = (): Float32Array => {
    const values = float32Values(name, tensor, file);
    expectFiniteValues(name, values, file, 'what follows from it would be NaN too');
    return values;
  };
  return { shape: tensor.shape, get data() { return (data ??= read()); } };
}

/**
 * Labels, undefined where there are none. Whole numbers may be stored as floats.
 * @throws DataError for other numbers
 */
export function labelsNamed(tensors: TensorMap, name: string, file: string): Shaped<Int32Array> | undefined {
  const tensor = tensors.get(name);
  if (tensor === undefined) return undefined;
  const isFloat = /^B?F\d/.test(tensor.dtype);
  const values = isFloat ? float32Values(name, tensor, file) : Array.from(tensor.data as Iterable<number | bigint>, Number);
  const wrong = values.find((value) => !Number.isInteger(value) || Math.abs(value) >= 2 ** 31);
  if (wrong !== undefined) throw new DataError(`forward: expected whole numbers for ${name} in ${file}, got ${wrong}`);
  return { shape: tensor.shape, data: Int32Array.from(values) };
}

/**
 * Puts weights into a model and tells of those that it has no place for.
 * @param isNeeded whether a parameter or buffer must be among them
 * @throws DataError when one is missing
 */
export function loadGiven(
  model: Module, weights: TensorMap, tell: (line: string) => void, isNeeded: (name: string) => boolean = () => true,
): void {
  const report = model.loadState(weights, { strict: false });
  const missing = report.missing.filter(isNeeded);
  if (missing.length > 0) throw new DataError(`forward: expected all parameters of the model in --weights, got none for ${some(missing)}`);
  if (report.unexpected.length > 0) tell(`not parameters of this model, left out: ${some(report.unexpected)}`);
}

/** A few names of many. */
function some(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
}
