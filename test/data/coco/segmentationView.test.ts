import { describe, expect, it } from 'vitest';
import { SegmentationView } from '../../../src/data/coco/segmentationView.ts';
import type { Segmentation } from '../../../src/data/coco/records.ts';

describe('SegmentationView', () => {
  const many = Array.from({ length: 40 }, (_, i) => Array.from({ length: 6 + 2 * (i % 5) }, (__, k) => 100 * i + k));

  it.each<[string, Segmentation | undefined]>([
    ['nothing', undefined], ['no polygons', []], ['one polygon', [[1, 2, 3, 4, 5, 6]]], ['many polygons', many],
    ['run lengths', { size: [8, 10], counts: Array.from({ length: 600 }, (_, i) => i) }], ['compressed runs', { size: [5, 6], counts: '52b0' }],
  ])('gives %s back, whatever it held before', (_, segmentation) => {
    const view = new SegmentationView();
    for (const before of [undefined, many, { size: [3, 4], counts: 'PPYo1' } as const]) {
      view.assign(before);
      view.assign(segmentation);
      expect(view.toSegmentation()).toEqual(segmentation);
    }
  });

  it('gives compressed runs back that stand in a JSON text', () => {
    const view = new SegmentationView();
    view.clear('string');
    view.bytes = new TextEncoder().encode('{"counts": "a\\\\b\\u0063"}');
    Object.assign(view, { height: 2, width: 3, start: 12, end: view.bytes.length - 2, isEscaped: true });
    expect(view.toSegmentation()).toEqual({ size: [2, 3], counts: 'a\\bc' });
  });
});
