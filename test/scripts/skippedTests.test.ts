import { expect, it } from 'vitest';
import { skippedLines } from '../../scripts/skippedTests.mjs';

const result = (status: string, title: string, ...ancestorTitles: string[]) =>
  ({ status, title, ancestorTitles, fullName: [...ancestorTitles, title].join(' ') });

it('groups what was left out by its reason, over all files', () => {
  expect(skippedLines({ testResults: [
    { assertionResults: [result('passed', 'adds'), result('skipped', 'compiles', 'kernels (needs nvcc)'), result('skipped', 'later')] },
    { assertionResults: [result('failed', 'divides (needs luck)'), result('skipped', 'links', 'kernels (needs nvcc)'), result('todo', 'more')] },
  ] })).toEqual(['2 skipped, needs nvcc: compiles; links', '2 skipped, by choice: later; more']);
});

it('names a few of many', () => {
  const assertionResults = ['a', 'b', 'c', 'd'].map((title) => result('skipped', title, 'disk (needs root)'));
  expect(skippedLines({ testResults: [{ assertionResults }] }, 2)).toEqual(['4 skipped, needs root: a; b and 2 more']);
});

it('says nothing when all was run', () => {
  expect(skippedLines({ testResults: [{ assertionResults: [result('passed', 'adds')] }] })).toEqual([]);
});
