// What a checkpoint says of its task, held against the task that goes on from it.

import { DataError } from '../errors.ts';
import type { TaskMetadata } from '../tasks/task.ts';

/** Names in a message: all of a short list, else so many from the first that differs on. */
const NAMED_CLASSES = 20;

/** The classes of a checkpoint in the order of their numbers; undefined where it does not say. */
export function storedClassNames(stored: unknown): readonly string[] | undefined {
  const names = field(stored, 'classNames');
  return Array.isArray(names) ? names.map(String) : undefined;
}

/** Both lists of classes where a checkpoint's are not those of now; undefined where they are, or it does not say. */
export function otherClasses(
  stored: unknown, classNames: readonly string[] | undefined,
): { readonly theirs: string; readonly ours: string } | undefined {
  const names = storedClassNames(stored);
  if (names === undefined || classNames === undefined) return undefined;
  const length = Math.max(names.length, classNames.length);
  const first = Array.from({ length }, (_, i) => i).find((i) => names[i] !== classNames[i]);
  return first === undefined ? undefined : { theirs: listed(names, first), ours: listed(classNames, first) };
}

/**
 * Refuses weights of other classes: they would stand for the wrong ones. Older checkpoints without names pass.
 * @param stored `task` of the checkpoint's state
 * @param path the checkpoint, for the message
 * @param use who asks, and what can be done
 * @throws DataError with both lists
 */
export function expectSameClasses(
  stored: unknown,
  { classNames }: TaskMetadata,
  path: string,
  { caller, remedy }: { readonly caller: string; readonly remedy: string },
): void {
  const other = otherClasses(stored, classNames);
  if (other !== undefined) throw new DataError(`${caller}: expected the classes of ${path}, ${other.theirs}, got ${other.ours}; ${remedy}`);
}

/** In which the checkpoint's scores were measured otherwise than the task measures; undefined where they can be compared. */
export function otherMeasure(stored: unknown, { measure }: TaskMetadata): string | undefined {
  const before = field(stored, 'measure');
  return typeof before === 'string' && measure !== undefined && before !== measure ? before : undefined;
}

function listed(names: readonly string[], first: number): string {
  if (names.length <= NAMED_CLASSES) return `${names.length} (${names.join(', ')})`;
  const shown = names.slice(first, first + NAMED_CLASSES).join(', ');
  return `${names.length} (from class ${first} on ${shown}${first + NAMED_CLASSES < names.length ? ', …' : ''})`;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
