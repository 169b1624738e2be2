// Does a checkpoint belong to this model? Its keys and shapes say so.
import { DataError } from '../errors.ts';
import { isBatchCounter } from './floatTensors.ts';

/** Shapes by key: of a model's parameters or, as a `TensorMap` is one too, of stored tensors. */
export type ShapesByKey = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** How the keys of a checkpoint differ from those of a model; all lists are in the order of their map. */
export interface KeyComparison {
  /** Expected, but not in the checkpoint. */
  readonly missing: readonly string[];
  /** In the checkpoint, but not expected. */
  readonly unexpected: readonly string[];
  /** In both, with different shapes. */
  readonly mismatched: readonly ShapeMismatch[];
}

/** A key whose shape in the checkpoint is not that of the model. */
interface ShapeMismatch {
  readonly key: string;
  readonly expected: readonly number[];
  readonly found: readonly number[];
}

/** Compares the keys and shapes that a model expects with those found in a checkpoint. Counts of batches may be missing. */
export function compareKeys(expected: ShapesByKey, found: ShapesByKey): KeyComparison {
  return {
    missing: [...expected.keys()].filter((key) => !found.has(key) && !isBatchCounter(key)),
    unexpected: [...found.keys()].filter((key) => !expected.has(key)),
    mismatched: [...expected].flatMap(([key, { shape }]) => {
      const other = found.get(key);
      if (other === undefined || sameShape(shape, other.shape)) return [];
      return [{ key, expected: shape, found: other.shape }];
    }),
  };
}

/** Whether a comparison found no difference. */
function isSameModel({ missing, unexpected, mismatched }: KeyComparison): boolean {
  return missing.length + unexpected.length + mismatched.length === 0;
}

/**
 * One line that says in which keys a checkpoint and a model differ, with the first few of each kind.
 * @param listed how many keys of each kind are named; default 3
 */
export function describeKeyDifferences({ missing, unexpected, mismatched }: KeyComparison, listed = 3): string {
  const shapes = mismatched.map(({ key, expected, found }) => `${key}: expected [${expected.join(', ')}], got [${found.join(', ')}]`);
  const kinds: [string, readonly string[]][] = [
    ['missing', missing],
    ['unexpected', unexpected],
    ['of another shape', shapes],
  ];
  return kinds
    .filter(([, keys]) => keys.length > 0)
    .map(([kind, keys]) => {
      const rest = keys.length > listed ? ', …' : '';
      return `${keys.length} ${keys.length === 1 ? 'key' : 'keys'} ${kind} (${keys.slice(0, listed).join(', ')}${rest})`;
    })
    .join('; ');
}

/**
 * Refuses a checkpoint of another model.
 * @param path the checkpoint, for the message
 * @throws DataError that names the keys in which they differ
 */
export function assertSameModel(expected: ShapesByKey, found: ShapesByKey, path: string): void {
  const comparison = compareKeys(expected, found);
  if (isSameModel(comparison)) return;
  throw new DataError(`${path} is a checkpoint of another model: ${describeKeyDifferences(comparison)}; take the config that it was trained with, or a checkpoint of this one`);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
