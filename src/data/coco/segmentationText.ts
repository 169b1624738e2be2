// Segmentations and keypoints from a file's bytes.

import type { SegmentationText } from './annotationTable.ts';
import { shortDecimal } from './decimal.ts';
import { EXACT_LENGTH, JsonScanner } from './jsonScanner.ts';
import { KeySet } from './keySet.ts';
import type { SegmentationView } from './segmentationView.ts';
import { chunkOfRow } from './textChunks.ts';

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const COMMA = 0x2c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

const RLE_KEYS = new KeySet(['size', 'counts']);

/** Reads segmentations by row. @returns a function that throws JsonFault for what is neither polygons nor a mask */
export function segmentationReader({ chunks, positions }: SegmentationText): (row: number, view: SegmentationView) => void {
  const scanner = new JsonScanner();
  return (row, view) => {
    const position = positions[row]!;
    if (position === 0) {
      view.clear('none');
      return;
    }
    const { bytes, limit } = chunkOfRow(chunks, 'firstAnnotation', row);
    scanner.start(bytes, position, limit, true);
    readSegmentation(scanner, view);
  };
}

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
function readNumbers(scanner: JsonScanner, view: SegmentationView): void {
  if (scanner.next() !== OPEN_LIST) scanner.fault(scanner.position, 'a list of numbers');
  scanner.position++;
  if (scanner.next() === CLOSE_LIST) {
    scanner.position++;
    return;
  }
  while (!readPlainNumbers(scanner, view)) {
    // Here stands something else than such numbers: this one is read in the general way.
    scanner.next();
    view.add(scanner.number());
    if (!scanner.another(CLOSE_LIST)) return;
    scanner.next();
  }
}

/** Reads the keypoints at the position: a list of numbers, or a list of three for each keypoint. */
export function readKeypoints(scanner: JsonScanner, view: SegmentationView): void {
  if (scanner.next() !== OPEN_LIST) scanner.fault(scanner.position, 'a list of numbers');
  const start = scanner.position++;
  if (scanner.next() !== OPEN_LIST) {
    scanner.position = start;
    readNumbers(scanner, view);
    return;
  }
  do {
    const before = view.numberCount;
    scanner.next();
    const keypoint = scanner.position;
    readNumbers(scanner, view);
    if (view.numberCount !== before + 3) scanner.fault(keypoint, 'three numbers x, y, visibility for each keypoint');
  } while (scanner.another(CLOSE_LIST));
}

/**
 * Reads numbers of a list as almost all files have them: at most 15 characters without an exponent, and nothing but a comma and a
 * space between. The text has been checked before.
 * @returns true behind the end of the list, false before a value of it
 */
function readPlainNumbers(scanner: JsonScanner, view: SegmentationView): boolean {
  const { bytes } = scanner;
  let { numbers, numberCount } = view;
  let isAtEnd = false;
  for (let at = scanner.position; !isAtEnd; ) {
    const start = at;
    let byte = bytes[at]!;
    const isNegative = byte === MINUS;
    if (isNegative) byte = bytes[++at]!;
    let digits = 0;
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) digits = digits * 10 + (byte - ZERO);
    let decimals = 0;
    if (byte === POINT) {
      const first = ++at;
      for (byte = bytes[at]!; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) digits = digits * 10 + (byte - ZERO);
      decimals = at - first;
    }
    if (at === start || at - start > EXACT_LENGTH || (byte !== COMMA && byte !== CLOSE_LIST)) break;
    isAtEnd = byte === CLOSE_LIST;
    if (bytes[++at] === SPACE) at++;
    if (numberCount === numbers.length) {
      view.grow();
      ({ numbers } = view);
    }
    const value = shortDecimal(digits, decimals);
    numbers[numberCount++] = isNegative ? -value : value;
    scanner.position = at;
  }
  view.numberCount = numberCount;
  return isAtEnd;
}

function readRle(scanner: JsonScanner, view: SegmentationView): void {
  const start = scanner.position++;
  let size = 0;
  let counts = 0;
  let close = 0;
  if (scanner.next() === CLOSE_OBJECT) scanner.position++;
  else {
    do {
      const key = RLE_KEYS.names[scanner.key(RLE_KEYS)];
      const byte = scanner.next();
      if (key === 'size') size = scanner.position;
      if (key === 'counts') counts = scanner.position;
      if (byte === QUOTE) {
        const quote = closingQuote(scanner);
        if (key === 'counts') close = quote;
        scanner.position = quote + 1;
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
  if (scanner.bytes[counts] === QUOTE) {
    view.clear('string');
    view.bytes = scanner.bytes;
    view.start = counts + 1;
    view.end = close;
    view.isEscaped = true;
  } else {
    view.clear('counts');
    readNumbers(scanner, view);
  }
  scanner.position = end;
}

/** Where the string at the position, which has been checked, ends. */
function closingQuote(scanner: JsonScanner): number {
  const { bytes, position } = scanner;
  const close = bytes.indexOf(QUOTE, position + 1);
  if (bytes[close - 1] !== BACKSLASH) return close;
  scanner.skipString();
  return scanner.position - 1;
}
