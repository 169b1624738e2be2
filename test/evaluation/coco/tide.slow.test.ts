// Random problems against tidecv, which is installed into build/tide-venv (it brings OpenCV, pandas and matplotlib). The answers
// to the first ones are kept in test/fixtures/tide_random.json; `npm run test:slow -- -u tide` writes it again.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { tide } from '../../../src/evaluation/coco/tide.ts';
import { askOracle } from '../../cocoOracle.ts';
import { expectTidecv, type TidecvResult } from './tidecvResult.ts';
import { tideProblem } from './tideProblem.ts';

const environment = path.join(import.meta.dirname, '../../../build/tide-venv');
const packages = ['tidecv==1.0.1', 'numpy==2.4.6', 'pycocotools==2.0.11', 'setuptools==80.9.0'];

/** A Python with tidecv; without one says which tests are left out. */
async function findTidecv(): Promise<string | undefined> {
  const run = promisify(execFile);
  const python = `${environment}/bin/python`;
  try {
    if (!existsSync(python)) await run('python3', ['-m', 'venv', environment]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    await run(python, ['-c', 'import tidecv']);
    return python;
  } catch (error) {
    console.warn(`SKIPPED, no Python with ${packages[0]} (${String(error).split('\n').at(-1)}): random TIDE problems`);
    return undefined;
  }
}

const python = await findTidecv();

describe.skipIf(python === undefined)('tide against tidecv (needs a Python with tidecv)', () => {
  const kept: Record<string, (TidecvResult | null)[]> = {};

  it.each([['bbox', 150, 60], ['segm', 150, 30]] as const)('gives its numbers for random problems: %s', async (iouType, count, keep) => {
    const problems = Array.from({ length: count }, (_, seed) => tideProblem(iouType, seed));
    const answered = askOracle(python!, path.join(import.meta.dirname, 'tide_oracle.py'), problems.filter((problem) => problem)) as (TidecvResult | null)[];
    const answers = problems.map((problem) => (problem === undefined ? null : answered.shift()!));
    kept[iouType] = answers.slice(0, keep);
    let [compared, errors] = [0, 0];
    for (const [i, answer] of answers.entries()) {
      if (!answer) continue;
      const { truth, results } = problems[i]!;
      const dataset = CocoDataset.fromObject(truth);
      const result = tide(new CocoEval(dataset, await dataset.loadRes(results), { iouType }));
      expectTidecv(result, answer);
      compared++;
      errors += Object.values(result.errors).filter(({ count: found }) => found > 0).length;
    }
    expect(compared).toBeGreaterThan(count / 6);
    expect(errors).toBeGreaterThan(2 * compared);
  });

  it('gives what is kept of its answers', async () => {
    const lines = Object.entries(kept).map(([iouType, answers]) =>
      `${JSON.stringify(iouType)}: [\n${answers.map((answer) => JSON.stringify(answer)).join(',\n')}\n]`);
    await expect(`{\n${lines.join(',\n')}\n}\n`).toMatchFileSnapshot('../../fixtures/tide_random.json');
  });
});
