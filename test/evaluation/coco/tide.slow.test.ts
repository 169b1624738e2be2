// Random problems against tidecv, which is installed into build/tide-venv (it brings OpenCV, pandas and matplotlib).

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import { tide } from '../../../src/evaluation/coco/tide.ts';
import { askOracle } from '../../cocoOracle.ts';
import { randomProblem } from './randomProblem.ts';
import { expectTidecv, type TidecvResult } from './tidecvResult.ts';

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
  it.each([['bbox', 150], ['segm', 150]] as const)('gives its numbers for random problems: %s', async (iouType, count) => {
    const cases = Array.from({ length: count }, (_, seed) => {
      const { truth, results } = randomProblem('segm', seed);
      // tidecv makes a class of any category that occurs, and knows no ids: here the file's categories are all there are, and of
      // annotations with the same id the last one stands for all.
      const known = new Set(truth.categories?.map(({ id }) => id));
      const isKnown = (annotation: { category_id?: number }) => known.has(annotation.category_id ?? NaN);
      const annotations = (truth.annotations ?? []).filter(isKnown).map((annotation, i) => ({ ...annotation, id: i + 1 }));
      return { iouType, truth: { ...truth, annotations }, results: results.filter(isKnown) };
    }).filter(({ truth, results }) => truth.annotations.length > 0 && results.every(({ bbox }) => iouType === 'segm' || bbox));
    const answers = askOracle(python!, path.join(import.meta.dirname, 'tide_oracle.py'), cases) as (TidecvResult | null)[];
    let [compared, errors] = [0, 0];
    for (const [i, { truth, results }] of cases.entries()) {
      const answer = answers[i];
      if (!answer) continue;
      const dataset = CocoDataset.fromObject(truth);
      const result = tide(new CocoEval(dataset, await dataset.loadRes(results), { iouType }));
      expectTidecv(result, answer);
      compared++;
      errors += Object.values(result.errors).filter(({ count: found }) => found > 0).length;
    }
    expect(compared).toBeGreaterThan(count / 6);
    expect(errors).toBeGreaterThan(2 * compared);
  });
});
