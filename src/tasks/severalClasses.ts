import { ConfigError } from '../errors.ts';

/**
 * Refuses to train a model of one class: its share is 1 whatever the model computes, so the loss is 0 and nothing is learnt.
 * @param task for the message
 * @throws ConfigError
 */
export function expectSeveralClasses(task: string, classes: number): void {
  if (classes >= 2) return;
  throw new ConfigError(`${task}: expected at least 2 classes for model.classes, got ${classes}: the loss of one class is always 0; add a class for what is not of it`);
}
