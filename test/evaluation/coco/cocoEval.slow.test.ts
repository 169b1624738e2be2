// Hundreds of random problems against pycocotools: every double of every array equal, not close. The answers to the first ones
// are kept in test/fixtures/coco_random.json, for tests without a Python; `npm run test:slow -- -u cocoEval` writes it again.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { askOracle, findOracle } from '../../cocoOracle.ts';
import { answerOf, evaluateProblem, stored, type Answer, type StoredAnswer } from './problemAnswers.ts';
import { randomProblem } from './randomProblem.ts';

const python = await findOracle('random COCO problems against pycocotools');

describe.skipIf(python === undefined)('CocoEval against pycocotools (needs a Python with pycocotools)', () => {
  const kept: Record<string, StoredAnswer[]> = {};

  it.for([['bbox', 300, 60], ['segm', 200, 40], ['keypoints', 200, 40]] as const)('gives the same doubles for random problems: %s', async ([iouType, count, keep]) => {
    const problems = Array.from({ length: count }, (_, i) => randomProblem(iouType, i));
    const answers = askOracle(python!, path.join(import.meta.dirname, 'coco_eval_oracle.py'), problems) as Answer[];
    kept[iouType] = answers.slice(0, keep).map((answer) => stored(answer, iouType));
    let matched = 0;
    for (const [i, problem] of problems.entries()) {
      const { photos, ...expected } = answers[i]!;
      const evaluation = await evaluateProblem(problem);
      const { photos: ownPhotos, ...own } = answerOf(evaluation, evaluation.parameters.areaLabels[problem.area]!);
      expect(own, `${iouType}, seed ${i}`).toEqual(expected);
      expect(ownPhotos.length, `seed ${i}`).toBe(photos.length);
      for (const { image, category, ious, ...rest } of photos) {
        const { ious: ownIous, ...found } = ownPhotos.find((photo) => photo.image === image && photo.category === category)!;
        expect(found, `seed ${i}, photo ${image}, class ${category}`).toEqual({ image, category, ...rest });
        // Similarities of keypoints rest on exp, whose last bit numpy and V8 do not share.
        if (iouType !== 'keypoints') expect(ownIous, `seed ${i}`).toEqual(ious);
        else ownIous.forEach((value, j) => expect(Math.abs(value - ious[j]!)).toBeLessThan(1e-15));
        matched += [...new Float64Array(Uint8Array.from(Buffer.from(found.detectionMatches, 'base64')).buffer)].filter((id) => id !== 0).length;
      }
    }
    expect(matched).toBeGreaterThan(5 * count);
  });

  it('gives what is kept of its answers', async () => {
    const lines = Object.entries(kept).map(([iouType, answers]) =>
      `${JSON.stringify(iouType)}: [\n${answers.map((answer) => JSON.stringify(answer)).join(',\n')}\n]`);
    await expect(`{\n${lines.join(',\n')}\n}\n`).toMatchFileSnapshot('../../fixtures/coco_random.json');
  });
});
