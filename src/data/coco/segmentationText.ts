// Segmentations and keypoints from a file's bytes.

import type { JsonScanner } from './jsonScanner.ts';
import { KeySet } from './keySet.ts';
import type { SegmentationView } from './segmentationView.ts';

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const RLE_KEYS = new KeySet(['size', 'counts']);

/**
 * Reads the segmentation at the scanner's position.
 * @throws JsonFault when it is neither polygons nor a mask
 */
export function readSegmentation(scanner: JsonScanner, view: SegmentationView): void {
  const byte = scanner.next();
  if (byte === OPEN_OBJECT) { readRle(scanner, view); return; }
  if (byte !== OPEN_LIST) scanner.fault(scanner.position, 'polygons [[x, y, …], …] or a mask { "size", "counts" } for segmentation');
  view.clear('polygons');
  scanner.position++;
  if (scanner.next() === CLOSE_LIST) {
    scanner.position++;
    return;
  }
  do {
    if (scanner.next() !== OPEN_LIST) scanner.fault(scanner.position, 'a list x, y, … for each polygon of segmentation');
    readNumbers(scanner, view);
    view.endPolygon();
  } while (scanner.another(CLOSE_LIST));
}

/** Reads the list of numbers at the position, for instance keypoints. */
export function readNumbers(scanner: JsonScanner, view: SegmentationView): void {
  if (scanner.next() !== OPEN_LIST) scanner.fault(scanner.position, 'a list of numbers');
  scanner.position++;
  if (scanner.next() === CLOSE_LIST) {
    scanner.position++;
    return;
  }
  do {
    scanner.next();
    view.add(scanner.number());
  } while (scanner.another(CLOSE_LIST));
}

function readRle(scanner: JsonScanner, view: SegmentationView): void {
  const start = scanner.position++;
  let size = 0;
  let counts = 0;
  let close = -1;
  if (scanner.next() === CLOSE_OBJECT) scanner.position++;
  else {
    do {
      const key = RLE_KEYS.names[scanner.key(RLE_KEYS)];
      scanner.next();
      if (key === 'size') size = scanner.position;
      if (key === 'counts') {
        counts = scanner.position;
        close = plainEnd(scanner.bytes, counts);
        if (close > 0) scanner.position = close + 1;
        else scanner.skip();
      } else scanner.skip();
    } while (scanner.another(CLOSE_OBJECT));
  }
  const end = scanner.position;
  if (size === 0 || counts === 0) scanner.fault(start, '"size" and "counts" for a mask');

  scanner.position = size;
  view.clear('none');
  readNumbers(scanner, view);
  if (view.numberCount !== 2) scanner.fault(size, 'two numbers height, width for size');
  view.height = view.numbers[0]!;
  view.width = view.numbers[1]!;

  scanner.position = counts;
  if (close > 0) {
    view.clear('string');
    view.bytes = scanner.bytes;
    view.start = counts + 1;
    view.end = close;
    view.isEscaped = true;
  } else if (scanner.next() === QUOTE) readString(scanner, view);
  else {
    view.clear('counts');
    readNumbers(scanner, view);
  }
  scanner.position = end;
}

/** A string with other escapes than backslashes, or characters that no mask has. */
function readString(scanner: JsonScanner, view: SegmentationView): void {
  const start = scanner.position;
  scanner.skipString();
  const counts = scanner.value(start, scanner.position) as string;
  if (/[^\0-\x7f]/.test(counts)) scanner.fault(start, 'a compressed mask, in ASCII, for counts');
  view.assign({ size: [view.height, view.width], counts });
}

/**
 * Finds the end of a compressed mask as it is in every real file: the characters of a mask, backslashes twice.
 * @param start where its opening quote should be
 * @returns where the closing quote is, -1 if it is something else
 */
function plainEnd(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== QUOTE) return -1;
  for (let at = start + 1; ; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte < 0x30 || byte > 0x6f || (byte === BACKSLASH && bytes[++at] !== BACKSLASH)) return -1;
  }
}
