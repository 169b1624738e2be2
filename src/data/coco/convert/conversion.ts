// What the converters between COCO and other formats share.

import type { CocoDataset } from '../cocoDataset.ts';
import type { CocoFile } from '../records.ts';

/** Told after each photo; what it throws ends the conversion. */
export type PhotoProgress = (done: number, inAll: number) => void;

/** What a conversion could not take over or had to change: how often, by a phrase that follows the number. */
export type ConversionNotes = Map<string, number>;

/** A data set of another format as COCO. */
export interface ConvertedFile {
  readonly file: CocoFile;
  readonly notes: ConversionNotes;
}

/** Counts one more. */
export function countNote(notes: ConversionNotes, what: string): void {
  notes.set(what, (notes.get(what) ?? 0) + 1);
}

/**
 * Pixels to seven decimals. YOLO's parts of a width with six decimals and COCO's hundredths have no more, and so are exact after
 * arithmetic that is not.
 */
export function roundPixels(value: number): number {
  return Math.round(value * 1e7) / 1e7 + 0; // no -0
}

/** x, y, width, height in px */
export type PixelBox = readonly [x: number, y: number, width: number, height: number];

/** The same of each number of a box. */
export function roundBox([x, y, width, height]: PixelBox): PixelBox {
  return [roundPixels(x), roundPixels(y), roundPixels(width), roundPixels(height)];
}

/** px */
export interface PhotoSize {
  readonly width: number;
  readonly height: number;
}

/** An annotation's box, clipped to its photo; undefined where nothing of it lies inside. A box inside is not changed. */
export function clippedBox({ annotations }: CocoDataset, row: number, photo: PhotoSize): PixelBox | undefined {
  const { boxes } = annotations;
  const [x = NaN, y = NaN, w = NaN, h = NaN] = boxes.subarray(4 * row, 4 * row + 4);
  const [left, clippedWidth] = clippedSpan(x, w, photo.width);
  const [top, clippedHeight] = clippedSpan(y, h, photo.height);
  return clippedWidth > 0 && clippedHeight > 0 ? [left, top, clippedWidth, clippedHeight] : undefined;
}

function clippedSpan(start: number, length: number, end: number): [start: number, length: number] {
  if (start >= 0 && start + length <= end) return [start, length];
  const from = Math.max(0, start);
  return [from, Math.min(end, start + length) - from];
}
