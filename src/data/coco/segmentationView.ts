// A segmentation as flat arrays, for loops over many of them.

import type { Segmentation } from './records.ts';
import { bytesOf, unescaped } from './rleString.ts';

/** One segmentation; reading another one into the same view overwrites it. */
export class SegmentationView {
  /** In what form it is. */
  kind: 'none' | 'polygons' | 'counts' | 'string' = 'none';
  /** Polygons: x0, y0, x1, y1, … in px of one after another. Counts: the run lengths. Only the first `numberCount` count. */
  numbers = new Float64Array(256);
  /** How many numbers count. */
  numberCount = 0;
  /** Where each polygon ends in `numbers`; only the first `polygonCount` count. */
  polygonEnds = new Uint32Array(16);
  /** How many polygons there are. */
  polygonCount = 0;
  /** Of counts and string, px. */
  height = 0;
  /** Of counts and string, px. */
  width = 0;
  /** String: the compressed runs are bytes [start, end). */
  bytes: Uint8Array = new Uint8Array(0);
  /** First byte of the compressed runs. */
  start = 0;
  /** The byte behind the last one. */
  end = 0;
  /** String: whether the bytes stand in a JSON text, between quotes and with its escapes. */
  isEscaped = false;

  /** Empties the view. */
  clear(kind: SegmentationView['kind']): void {
    this.kind = kind;
    this.numberCount = 0;
    this.polygonCount = 0;
  }

  /** Appends a number. */
  add(value: number): void {
    if (this.numberCount === this.numbers.length) this.grow();
    this.numbers[this.numberCount++] = value;
  }

  /** Makes room for more numbers. */
  grow(): void {
    const longer = new Float64Array(2 * this.numbers.length);
    longer.set(this.numbers);
    this.numbers = longer;
  }

  /** The numbers added since the last polygon are one. */
  endPolygon(): void {
    if (this.polygonCount === this.polygonEnds.length) {
      const longer = new Uint32Array(2 * this.polygonCount);
      longer.set(this.polygonEnds);
      this.polygonEnds = longer;
    }
    this.polygonEnds[this.polygonCount++] = this.numberCount;
  }

  /** Takes the values of a segmentation. */
  assign(segmentation: Segmentation | undefined): void {
    if (segmentation === undefined) { this.clear('none'); return; }
    if (!('counts' in segmentation)) {
      this.clear('polygons');
      for (const polygon of segmentation) {
        for (const value of polygon) this.add(value);
        this.endPolygon();
      }
      return;
    }
    const { size: [height, width], counts } = segmentation;
    this.height = height;
    this.width = width;
    if (typeof counts === 'string') {
      this.clear('string');
      this.bytes = bytesOf(counts);
      this.start = 0;
      this.end = this.bytes.length;
      this.isEscaped = false;
      return;
    }
    this.clear('counts');
    for (const run of counts) this.add(run);
  }

  /** The same as arrays that stay. */
  toSegmentation(): Segmentation | undefined {
    const { kind, numbers, numberCount, polygonEnds, polygonCount, height, width } = this;
    if (kind === 'none') return undefined;
    if (kind === 'counts') return { size: [height, width], counts: Array.from(numbers.subarray(0, numberCount)) };
    if (kind === 'polygons') {
      return Array.from({ length: polygonCount }, (_, i) =>
        Array.from(numbers.subarray(i === 0 ? 0 : polygonEnds[i - 1], polygonEnds[i])));
    }
    const { bytes, start, end } = this;
    const counts = this.isEscaped ? unescaped(bytes, start, end) : Array.from(bytes.subarray(start, end), (byte) => String.fromCharCode(byte)).join('');
    return { size: [height, width], counts };
  }
}
