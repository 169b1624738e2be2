import { expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { expectSeveralClasses } from '../../src/tasks/severalClasses.ts';

it('refuses one class, in the name of the task, and takes two', () => {
  expect(() => expectSeveralClasses('AnyTask', 1)).toThrow(ConfigError);
  expect(() => expectSeveralClasses('AnyTask', 1)).toThrow(/^AnyTask: expected at least 2 classes for model\.classes, got 1: /);
  expect(() => expectSeveralClasses('AnyTask', 2)).not.toThrow();
});
