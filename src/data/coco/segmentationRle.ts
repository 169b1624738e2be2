// A segmentation as it stands in a file, as a mask.
// Source: pycocotools 2.0.11, COCO.annToRLE.

import { rleFromPolygons } from './polygonRle.ts';
import type { Segmentation } from './records.ts';
import { rleFromCounts, type Rle } from './rle.ts';
import { parseRle } from './rleString.ts';

/**
 * The mask of polygons or of run lengths, compressed or not. Run lengths bring their own size with them.
 * @param height of the photo, px; for polygons
 * @param width of the photo, px; for polygons
 * @throws DataError as rleFromPolygons, rleFromCounts and parseRle
 */
export function segmentationToRle(segmentation: Segmentation, height: number, width: number): Rle {
  if (!('counts' in segmentation)) return rleFromPolygons(segmentation, height, width);
  const { counts, size } = segmentation;
  return typeof counts === 'string' ? parseRle(counts, size[0], size[1]) : rleFromCounts(counts, size[0], size[1]);
}
