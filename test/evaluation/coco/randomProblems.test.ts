// Random problems as pycocotools 2.0.11 answers them, kept by cocoEval.slow.test.ts, which compares many more.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { answerOf, evaluateProblem, stored, type StoredAnswers } from './problemAnswers.ts';
import { randomProblem } from './randomProblem.ts';

const file = path.join(import.meta.dirname, '../../fixtures/coco_random.json');
const answers = JSON.parse(readFileSync(file, 'utf8')) as StoredAnswers;

const tens = (['bbox', 'segm', 'keypoints'] as const).flatMap((iouType) =>
  Array.from({ length: Math.ceil(answers[iouType].length / 10) }, (_, i) => [iouType, 10 * i] as const));

it.each(tens)('gives the same doubles for random problems: %s, from seed %i', async (iouType, first) => {
  for (const [i, answer] of answers[iouType].slice(first, first + 10).entries()) {
    const problem = randomProblem(iouType, first + i);
    const evaluation = await evaluateProblem(problem);
    const own = answerOf(evaluation, evaluation.parameters.areaLabels[problem.area]!);
    expect(stored(own, iouType), `seed ${first + i}`).toEqual(answer);
  }
});
