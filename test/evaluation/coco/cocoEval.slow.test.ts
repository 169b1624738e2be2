// Hundreds of random problems against pycocotools: every double of every array equal, not close.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import type { CocoOptions } from '../../../src/evaluation/coco/cocoParameters.ts';
import { askOracle, findOracle } from '../../cocoOracle.ts';
import { randomProblem, type Problem } from './randomProblem.ts';

type Floats = string;

interface Photo extends Readonly<Record<
  'detectionIds' | 'truthIds' | 'detectionMatches' | 'truthMatches' | 'scores' | 'truthIgnored' | 'detectionIgnored', Floats
>> {
  readonly image: number;
  readonly category: number;
  /** Sorted. */
  readonly ious: number[];
}

interface Answer extends Readonly<Record<'stats' | 'precision' | 'recall' | 'scores', Floats>> {
  readonly photos: Photo[];
}

function optionsOf({ iouType, params }: Problem): CocoOptions {
  const { iouThrs, recThrs, maxDets, areaRng, areaRngLbl, useCats, imgIds, catIds } = params;
  return {
    iouType,
    ...iouThrs && { iouThresholds: iouThrs },
    ...recThrs && { recallThresholds: recThrs },
    ...maxDets && { maxDets },
    ...areaRng && { areaRanges: areaRng },
    ...areaRngLbl && { areaLabels: areaRngLbl },
    ...useCats !== undefined && { useCats: useCats === 1 },
    ...imgIds && { imageIds: imgIds },
    ...catIds && { categoryIds: catIds },
  };
}

/** Bits and all: -0 and NaN count as themselves. */
function encode(values: ArrayLike<number>): Floats {
  return Buffer.from(Float64Array.from(values).buffer).toString('base64');
}

const python = await findOracle('random COCO problems against pycocotools');

describe.skipIf(python === undefined)('CocoEval against pycocotools (needs a Python with pycocotools)', () => {
  it.for([['bbox', 300], ['segm', 200], ['keypoints', 200]] as const)('gives the same doubles for random problems: %s', async ([iouType, count]) => {
    const problems = Array.from({ length: count }, (_, i) => randomProblem(iouType, i));
    const answers = askOracle(python!, path.join(import.meta.dirname, 'coco_eval_oracle.py'), problems) as Answer[];
    let matched = 0;
    for (const [i, problem] of problems.entries()) {
      const { photos, ...expected } = answers[i]!;
      const truth = CocoDataset.fromBytes(Buffer.from(JSON.stringify(problem.truth)));
      const results = await truth.loadRes(Buffer.from(JSON.stringify(problem.results)));
      const evaluation = new CocoEval(truth, results, optionsOf(problem));
      const { precision, recall, scores } = evaluation.accumulate();
      expect({
        stats: encode(evaluation.summarize().stats), precision: encode(precision), recall: encode(recall), scores: encode(scores),
      }, `${iouType}, seed ${i}`).toEqual(expected);
      for (const { image, category, ious, ...rest } of photos) {
        const found = evaluation.matchesOf(image, category, evaluation.parameters.areaLabels[problem.area])!;
        const { ious: ownIous, ...own } = found;
        expect(Object.fromEntries(Object.entries(own).map(([name, values]) => [name, encode(values)])), `seed ${i}, photo ${image}, class ${category}`)
          .toEqual(rest);
        // Similarities of keypoints rest on exp, whose last bit numpy and V8 do not share.
        const sorted = Array.from(ownIous).sort((a, b) => a - b);
        if (iouType !== 'keypoints') expect(sorted, `seed ${i}`).toEqual(ious);
        else sorted.forEach((value, j) => expect(Math.abs(value - ious[j]!)).toBeLessThan(1e-15));
        matched += found.detectionMatches.filter((id) => id !== 0).length;
      }
    }
    expect(matched).toBeGreaterThan(5 * count);
  });
});
