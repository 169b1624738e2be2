// pycocotools' stored results: statistics as doubles, arrays as float32; and cocoapi's own example line by line.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation, CocoFile } from '../../../src/data/coco/records.ts';
import { CocoEval } from '../../../src/evaluation/coco/cocoEval.ts';
import type { CocoOptions } from '../../../src/evaluation/coco/cocoParameters.ts';
import { readReference, referenceFolder } from '../../reference.ts';

interface StoredResult {
  readonly data: string;
  readonly params: { readonly maxDets?: number[]; readonly useCats?: 0 | 1 };
  readonly [key: `${string}_stats`]: number[];
  readonly [key: `${string}_shape`]: number[];
}

const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('CocoEval on stored problems', () => {
  it.for(
    ['p1', 'p2', 'p3', 'p3_many', 'p3_nocats', 'p4', 'p5'].flatMap((name) => (['bbox', 'segm'] as const).map((iouType) => [name, iouType] as const)),
  )('gives pycocotools\' numbers on %s, %s', async ([name, iouType]) => {
    const folder = path.join(referenceFolder, 'coco');
    const stored = json(path.join(folder, `${name}_result.json`)) as StoredResult;
    const truth = CocoDataset.fromObject(json(path.join(folder, `${stored.data}_gt.json`)) as CocoFile);
    // The references were made from detections without the other kind's field.
    const results = (json(path.join(folder, `${stored.data}_dt.json`)) as CocoAnnotation[])
      .map(({ bbox, segmentation, ...rest }) => (iouType === 'bbox' ? { ...rest, bbox } : { ...rest, segmentation }) as CocoAnnotation);
    const { maxDets, useCats } = stored.params;
    const options: CocoOptions = { iouType, ...maxDets && { maxDets }, ...useCats !== undefined && { useCats: useCats === 1 } };
    const evaluation = new CocoEval(truth, await truth.loadRes(results), options);
    expect([...evaluation.summarize().stats]).toEqual(stored[`${iouType}_stats`]);
    const curves = evaluation.accumulate();
    expect(curves.shape).toEqual(stored[`${iouType}_shape`]);
    const expected = await readReference(`coco/${name}_arrays`);
    for (const kind of ['precision', 'recall', 'scores'] as const) {
      expect(Float32Array.from(curves[kind]), kind).toEqual(expected.get(`output.${iouType}.${kind}`)!.data);
    }
  });
});

describe('CocoEval on cocoapi\'s fake results', () => {
  const folder = path.join(referenceFolder, 'coco');
  const official = readFileSync(path.join(folder, 'val2014_fake_eval_res.txt'), 'utf8').split('\n');

  it.for([['segm', 0], ['bbox', 1]] as const)('prints the official lines for %s', async ([iouType, block]) => {
    const truth = await CocoDataset.open(path.join(folder, 'instances_val2014_100.json'));
    const results = await truth.loadRes(path.join(folder, `instances_val2014_fake${iouType}100_results.json`));
    const { lines } = new CocoEval(truth, results, { iouType }).summarize();
    // The file is older than pycocotools' second space between name and abbreviation.
    const expected = official.filter((line) => line.includes('@[')).slice(12 * block, 12 * (block + 1));
    expect(lines).toEqual(expected.map((line) => line.replace('Precision (', 'Precision  (').replace('Recall    (', 'Recall     (')));
  });
});
