// Labels of YOLO: one text file per photo, one line per object: class, then centre x, centre y, width, height of its box, or
// x and y of each point of its outline, all in parts of the photo's width and height.
// Source: https://docs.ultralytics.com/datasets/detect and /segment.

import { DataError } from '../../../errors.ts';
import { roundBox, roundPixels, type PhotoSize, type PixelBox } from './conversion.ts';

/** How far out of [0, 1] rounding may take a value. */
const TOLERANCE = 1e-3;
/** Decimals that are written: a billionth of a pixel in a photo of 1,000. */
const DECIMALS = 12;

export interface YoloObject {
  /** From 0. */
  readonly classIndex: number;
  readonly bbox: PixelBox;
  /** x0, y0, x1, y1, … in px, where the line holds an outline. */
  readonly polygon?: readonly number[];
  /** Of a prediction, where the line has a confidence behind its box. */
  readonly score?: number;
}

/**
 * Reads a label file.
 * @param classes how many there are
 * @param where what errors call the file
 * @throws DataError naming file and line
 */
export function parseYoloLabel(text: string, { width, height }: PhotoSize, classes: number, where: string): YoloObject[] {
  return text.split('\n').flatMap((line, i): YoloObject[] => {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') return [];
    const [classIndex = NaN, ...rest] = words.map(Number);
    const fault = (what: string): DataError => {
      const got = line.trim().length > 60 ? `${line.trim().slice(0, 60)}…` : line.trim();
      return new DataError(`parseYoloLabel: expected ${what} at line ${i + 1} of ${where}, got ${got}`);
    };
    if (!Number.isInteger(classIndex) || classIndex < 0 || classIndex >= classes) {
      throw fault(`a class from 0 to ${classes - 1}, since there are names for ${classes}, at the start`);
    }
    if (rest.length < 4 || (rest.length > 5 && rest.length % 2 === 1)) {
      throw fault('class, centre x, centre y, width, height, or class and the x and y of three points or more');
    }
    if (!rest.every((value) => value >= -TOLERANCE && value <= 1 + TOLERANCE)) throw fault('numbers from 0 to 1 after the class');
    if (rest.length <= 5) {
      const [x = 0, y = 0, w = 0, h = 0, score] = rest;
      const bbox = roundBox([(x - w / 2) * width, (y - h / 2) * height, w * width, h * height]);
      return [{ classIndex, bbox, ...(score !== undefined && { score }) }];
    }
    const polygon = rest.map((value, axis) => roundPixels(value * (axis % 2 === 0 ? width : height)));
    return [{ classIndex, bbox: boxOf(polygon), polygon }];
  });
}

/** Writes a label file: the outlines of objects that have one, else the boxes. Outlines are clamped to the photo. */
export function formatYoloLabel(objects: readonly YoloObject[], { width, height }: PhotoSize): string {
  const part = (value: number): string => Math.min(1, Math.max(0, value)).toFixed(DECIMALS).replace(/\.?0+$/, '');
  return objects.map(({ classIndex, bbox: [x, y, w, h], polygon, score }) => {
    const numbers = polygon?.map((value, axis) => value / (axis % 2 === 0 ? width : height)) ??
      [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height, ...(score === undefined ? [] : [score])];
    return `${[classIndex, ...numbers.map(part)].join(' ')}\n`;
  }).join('');
}

function boxOf(polygon: readonly number[]): PixelBox {
  const [xs, ys] = [0, 1].map((axis) => polygon.filter((_, i) => i % 2 === axis)) as [number[], number[]];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return roundBox([x, y, Math.max(...xs) - x, Math.max(...ys) - y]);
}
