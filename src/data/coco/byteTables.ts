// Tables over the text of a file: what is not a column is decoded from its bytes when it is asked for.

import type { AnnotationTable } from './annotationTable.ts';
import type { ParsedCoco } from './cocoParser.ts';
import { describeFault } from './describeFault.ts';
import type { ImageTable } from './imageTable.ts';
import { JsonFault } from './jsonFault.ts';
import { JsonScanner } from './jsonScanner.ts';
import type { CocoAnnotation, CocoImage } from './records.ts';
import { expectOwnIds } from './roundedIds.ts';
import { readKeypoints, readSegmentation } from './segmentationText.ts';
import { SegmentationView } from './segmentationView.ts';
import { chunkOfRow } from './textChunks.ts';

/**
 * The annotations of a file.
 * @param name what errors call the file
 * @throws DataError when ids are rounded to the same double
 */
export function annotationTableOfText({ chunks, annotations, isList }: ParsedCoco, name: string): AnnotationTable {
  if (annotations.hasRoundedIds && !isList) expectOwnIds(annotations.ids, name);
  const scanner = new JsonScanner();
  const scratch = new SegmentationView();

  /** Puts the scanner at a position of the row's piece. */
  const goTo = (row: number, position: number): void => {
    const { bytes, limit } = chunkOfRow(chunks, 'firstAnnotation', row);
    scanner.start(bytes, position, limit, true);
  };

  /** Reads a value of a row; faults become errors that name the place. */
  const read = (row: number, position: number, readValue: () => void): void => {
    goTo(row, position);
    try {
      readValue();
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      const texts = chunks.slice(0, chunks.indexOf(chunkOfRow(chunks, 'firstAnnotation', row)) + 1);
      throw describeFault(error, texts, { name, list: isList ? 'results' : 'annotations', row, id: annotations.ids[row]! });
    }
  };

  const view = (row: number, into: SegmentationView): void => {
    const position = annotations.segmentationPlaces[row]!;
    if (position === 0) into.clear('none');
    else read(row, position, () => readSegmentation(scanner, into));
  };

  return {
    count: annotations.count,
    ids: annotations.ids,
    imageIds: annotations.imageIds,
    categoryIds: annotations.categoryIds,
    boxes: annotations.boxes,
    areas: annotations.areas,
    scores: annotations.scores,
    isCrowd: annotations.isCrowd,
    rowsWithNaN: new Set(),
    readSegmentation: view,
    segmentationText: { chunks, positions: annotations.segmentationPlaces, ends: annotations.segmentationEnds },
    segmentation: (row) => {
      view(row, scratch);
      return scratch.toSegmentation();
    },
    keypoints: (row) => {
      const position = annotations.keypointPlaces[row]!;
      if (position === 0) return undefined;
      scratch.clear('counts');
      read(row, position, () => readKeypoints(scanner, scratch));
      return scratch.numbers.slice(0, scratch.numberCount);
    },
    keypointCount: (row) => annotations.keypointCounts[row]!,
    record: (row) => {
      goTo(row, annotations.places[row]!);
      return recordAt(scanner) as CocoAnnotation;
    },
  };
}

/** The photos of a file. */
export function imageTableOfText({ chunks, images }: ParsedCoco): ImageTable {
  const scanner = new JsonScanner();
  return {
    count: images.count,
    ids: images.ids,
    widths: images.widths,
    heights: images.heights,
    record: (row) => {
      const { bytes, limit } = chunkOfRow(chunks, 'firstImage', row);
      scanner.start(bytes, images.places[row]!, limit, true);
      return recordAt(scanner) as CocoImage;
    },
  };
}

function recordAt(scanner: JsonScanner): unknown {
  const start = scanner.position;
  scanner.skip();
  return scanner.value(start, scanner.position);
}
