import { beforeAll, describe, expect, it } from 'vitest';
import { bundleSuite, runSuite } from './runSuite.ts';
import type { SuiteResults } from './suiteResults.ts';
import { skipList } from './skipList.ts';

// The suite takes a quarter of a minute on two idle cores.
const limitMs = 300_000;

const failures = (results: SuiteResults): string[] =>
  results.specs.filter((spec) => spec.status === 'failed').map((spec) => spec.name);

describe("tfjs-core's own specs on the backend torch", () => {
  let results: SuiteResults;
  beforeAll(async () => {
    await bundleSuite();
    results = await runSuite('full');
  }, limitMs);

  it('executes at least 4,000 specs', () => {
    expect(results.specs.length).toBeGreaterThanOrEqual(4000);
    expect(results.suiteFailures).toEqual([]);
  });

  it("runs them on torch; the others test tfjs-core's own parts without a backend", () => {
    const { torch = 0, null: none = 0, ...others } = results.specsByBackend;
    expect(others).toEqual({});
    expect(torch).toBeGreaterThanOrEqual(3800);
    expect(torch + none).toBe(results.specs.length);
  });

  it('runs our kernels', () => {
    const runs = Object.values(results.kernelRuns);
    expect(runs.length).toBeGreaterThanOrEqual(170);
    expect(runs.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(15_000);
  });

  it('fails none outside the skip list', () => {
    const unexpected = results.specs.filter((spec) => spec.status === 'failed' && !(spec.name in skipList));
    expect(unexpected.map((spec) => `${spec.name}\n${spec.failure}`)).toEqual([]);
  });

  it('skips at most 80 by name, each for a reason, and all of them still fail', () => {
    const skipped = Object.keys(skipList);
    const failed = new Set(failures(results));
    expect(skipped.length).toBeLessThanOrEqual(80);
    expect(skipped.filter((name) => (skipList[name] ?? '').length < 10)).toEqual([]);
    expect(skipped.filter((name) => !failed.has(name))).toEqual([]);
  });

  it.each([
    { broken: 'Maximum', other: 'Minimum', only: 'maximum torch' },
    { broken: 'Sum', other: 'Prod', only: 'sum torch' },
    { broken: 'Cos', other: 'Sin', only: 'cos torch' },
    { broken: 'LogicalAnd', other: 'LogicalOr', only: 'logicalAnd torch' },
    { broken: 'Concat', other: 'Pack', only: 'concat1d torch' },
  ])('notices a kernel broken on purpose: $broken computing $other', async ({ broken, other, only }) => {
    const harmed = await runSuite(`broken-${broken}`, { only, substitute: [broken, other] });
    expect(harmed.specs.map((spec) => spec.name)).toEqual(
      results.specs.map((spec) => spec.name).filter((name) => name.includes(only)),
    );
    expect(failures(results).filter((name) => name.includes(only))).toEqual([]);
    expect(failures(harmed).length).toBeGreaterThan(0);
  }, limitMs);
});
