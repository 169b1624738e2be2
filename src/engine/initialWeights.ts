// The weights that a run starts from: those of a checkpoint of the same model, which may have been trained for other classes.

import { assertSameModel, loadCheckpoint, sourceOf } from '../checkpoint/checkpoint.ts';
import { expectFinite } from '../checkpoint/finiteTensors.ts';
import { wrapperNotes } from '../checkpoint/wrapperNames.ts';
import { DataError } from '../errors.ts';
import type { Module } from '../nn/module.ts';
import { otherClasses } from './storedTask.ts';

/** What tells classes apart, named from its module on. */
const CLASSIFIER = /(^|\.)(head|head_dist|conv_seg)\.(weight|bias)$/;

/**
 * Takes the weights of a checkpoint. Classifiers of other classes, by number or by name, are left as they are.
 *
 * @param path a run, one of its checkpoints or a .safetensors file
 * @param classNames of the run that starts; compared with the checkpoint's, where it says
 * @returns what was taken, for people, a line each
 * @throws DataError when it is of another model, or a tensor is not of floats or not finite
 */
export async function loadInitialWeights(path: string, model: Module, classNames?: readonly string[]): Promise<string[]> {
  const stored = await loadCheckpoint(path, { parts: ['model'] });
  const own = model.namedTensors();
  const other = otherClasses(stored.state?.['task'], classNames);
  const isOfOtherClasses = (name: string): boolean => {
    const [expected, found] = [own.get(name)?.shape, stored.model.get(name)?.shape];
    if (!CLASSIFIER.test(name) || expected === undefined || found === undefined) return false;
    return (other !== undefined || expected[0] !== found[0]) && expected.slice(1).join() === found.slice(1).join();
  };
  const left = [...own.keys()].filter(isOfOtherClasses);
  if ([...own.keys()].some((name) => name.startsWith('backbone.') && stored.model.has(name.replace('backbone.', '')))) {
    throw new DataError(`${stored.path} holds weights of a backbone, not of the whole model; give it with --pretrained`);
  }
  const without = <Value>(tensors: ReadonlyMap<string, Value>) => new Map([...tensors].filter(([name]) => !left.includes(name)));
  const taken = without(stored.model);
  assertSameModel(without(own), taken, stored.path);
  expectFinite(taken, await sourceOf(stored, 'model'));
  model.loadState(taken, { strict: false });
  const notes = wrapperNotes(stored.path, stored.wrapper);
  if (left.length === 0) return [...notes, `from ${stored.path}: all ${taken.size} tensors taken`];
  if (other !== undefined) {
    return [...notes, `from ${stored.path}: ${taken.size} tensors taken`, `left at their initial values, since its classes are others, ${other.theirs} where these are ${other.ours}: ${left.join(', ')}`];
  }
  const shapes = left.map((name) => `${name} ([${stored.model.get(name)!.shape.join(', ')}] is not [${own.get(name)!.shape.join(', ')}])`);
  return [
    ...notes,
    `from ${stored.path}: ${taken.size} tensors taken`,
    `left at their initial values, since the number of classes is another: ${shapes.join(', ')}`,
  ];
}
