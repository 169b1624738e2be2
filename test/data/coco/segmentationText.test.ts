import { describe, expect, it } from 'vitest';
import { segmentationReader } from '../../../src/data/coco/segmentationText.ts';
import { SegmentationView } from '../../../src/data/coco/segmentationView.ts';
import { DataError } from '../../../src/errors.ts';
import { datasetOfText, parseText } from './parseText.ts';

describe('segmentationReader', () => {
  it('reads segmentations by row, in whichever piece of the file they are', () => {
    const segmentations = [
      [[1, 2, 3.5, -4, 5e0, 6]], undefined, { size: [5, 6], counts: '52b0' }, [], { counts: [1, 29], size: [5, 6] },
      [[0.25, 1234567890.12345, 3, 4, 5, 6], [-0.5, 8, 9, 10, 11, 12]], { size: [5, 6], counts: 'P\\\\Yo1' },
    ];
    const annotations = segmentations.map((segmentation, id) => ({ id, image_id: 1, ...segmentation && { segmentation } }));
    for (const chunkBytes of [undefined, 60]) {
      const text = JSON.stringify({ annotations }, null, chunkBytes === undefined ? 1 : 0);
      const { chunks, annotations: columns } = parseText(text, chunkBytes);
      const read = segmentationReader({ chunks, positions: columns.segmentationPlaces, ends: columns.segmentationEnds });
      const view = new SegmentationView();
      for (const row of [6, 5, 4, 3, 2, 1, 0, 5, 1]) {
        read(row, view);
        expect(view.toSegmentation(), `row ${row}`).toEqual(segmentations[row]);
      }
    }
  });
});

describe('keypoints of a file', () => {
  const dataset = (keypoints: unknown) => datasetOfText(JSON.stringify({ annotations: [{ id: 7, image_id: 1, keypoints }] }));

  it.each<[unknown, number[]]>([
    [[], []], [[1, 2, 2, -3.5, 4, 1], [1, 2, 2, -3.5, 4, 1]], [[[1, 2, 2]], [1, 2, 2]],
    [[[1, 2, 2], [3, 4, 0], [5, 6, 1]], [1, 2, 2, 3, 4, 0, 5, 6, 1]],
  ])('are read from %j', (keypoints, flat) => {
    expect([...dataset(keypoints).annotations.keypoints(0)!]).toEqual(flat);
  });

  it.each([[[[1, 2]]], [[[1, 2, 2, 1]]], [[[1, 2, 2], [3, 4]]], ['nose'], [[[1, 2, 2], 3]]])('are no %j', (keypoints) => {
    expect(() => dataset(keypoints).annotations.keypoints(0)).toThrow(DataError);
  });
});
