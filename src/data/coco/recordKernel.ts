// The WebAssembly that reads annotations and photos into columns: assembly/ compiled. It reads what almost all files hold; the
// parser reads the rest, and what is wrong, record by record.

import { loadKernel, type KernelGlobal } from '../kernelLoader.ts';
import type { AnnotationColumns } from './annotationColumns.ts';
import { ImageColumns } from './imageColumns.ts';
import { RECORD_KERNEL } from './recordKernelCode.ts';

/** Why scanning stopped: see assembly/recordKernel.ts. */
const AFTER = 0;
const UNUSUAL = 1;
const CUT = 2;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly ROWS: KernelGlobal;
  readonly TEXT_BYTES: KernelGlobal;
  readonly text: KernelGlobal;
  readonly numbers: KernelGlobal;
  readonly boxes: KernelGlobal;
  readonly places: KernelGlobal;
  readonly crowds: KernelGlobal;
  readonly position: KernelGlobal;
  readonly reason: KernelGlobal;
  scan(from: number, length: number, isPhotos: number): number;
}

/** What `scan` read: at least one element. */
interface Scanned {
  /** Where the next element begins, or the last one ended. */
  readonly position: number;
  /** Whether the position is behind an element, with no comma yet. */
  readonly isAfter: boolean;
}

export class RecordKernel {
  readonly #code = loadKernel(RECORD_KERNEL) as Exports;
  readonly #textBytes = this.#code.TEXT_BYTES.value;
  readonly #text = new Uint8Array(this.#code.memory.buffer, this.#code.text.value, this.#textBytes + 1);
  /** The part of the text that is in the kernel's memory. */
  #start = 0;
  #end = 0;
  /** Where an element stands that has to be read in the general way. */
  #unusualAt = -1;

  /** Forgets the text. */
  clear(): void {
    this.#start = this.#end = 0;
    this.#unusualAt = -1;
  }

  /**
   * Reads elements of a list into columns, as many as it can at a time.
   * @param from where the first begins
   * @param limit where the text in `bytes` ends
   * @param inAll bytes of all the text, `bytes` and behind them, if known: columns are made long enough at once
   * @returns undefined when this one has to be read in the general way
   */
  scan(bytes: Uint8Array, from: number, limit: number, into: AnnotationColumns | ImageColumns, inAll = 0): Scanned | undefined {
    if (from === this.#unusualAt) return undefined;
    const { position, reason } = this.#code;
    for (let isFresh = false; ; isFresh = true) {
      if (isFresh || from < this.#start || from >= this.#end) {
        // From shared memory V8 copies words, not bytes, only between places that are alike modulo a word.
        this.#start = from - (from % 8);
        this.#end = Math.min(limit, this.#start + this.#textBytes);
        this.#text.set(bytes.subarray(this.#start, this.#end));
        this.#text[this.#end - this.#start] = 0;
      }
      const count = this.#code.scan(from - this.#start, this.#end - this.#start, into instanceof ImageColumns ? 1 : 0);
      // An element may be longer than the part of the text, or the text's end is all that there is.
      const isUnusual = reason.value === UNUSUAL || (reason.value === CUT && (this.#end === limit || (isFresh && count === 0)));
      if (isUnusual) this.#unusualAt = this.#start + position.value;
      if (count > 0) {
        if (into instanceof ImageColumns) this.#keepPhotos(count, into);
        else this.#keep(count, into, (count * Math.max(0, inAll - from)) / (this.#start + position.value - from));
        return { position: this.#start + position.value, isAfter: reason.value === AFTER };
      }
      if (isUnusual) return undefined;
    }
  }

  #keepPhotos(count: number, into: ImageColumns): void {
    const { memory: { buffer }, numbers, places, ROWS } = this.#code;
    const row = into.count;
    into.grow(count);
    [into.ids, into.widths, into.heights].forEach((column, i) => {
      column.set(new Float64Array(buffer, numbers.value + 8 * i * ROWS.value, count), row);
    });
    const found = new Uint32Array(buffer, places.value, count);
    for (let n = 0; n < count; n++) into.places[row + n] = found[n]! + this.#start;
  }

  /** @param expected records from the first of these on, about */
  #keep(count: number, into: AnnotationColumns, expected: number): void {
    const { memory: { buffer }, numbers, boxes, places, crowds, ROWS } = this.#code;
    const row = into.count;
    into.grow(count, Math.ceil(row + 1.05 * expected));
    const rows = ROWS.value;
    [into.ids, into.imageIds, into.categoryIds, into.areas, into.scores, into.keypointCounts].forEach((column, i) => {
      column.set(new Float64Array(buffer, numbers.value + 8 * i * rows, count), row);
    });
    into.boxes.set(new Float64Array(buffer, boxes.value, 4 * count), 4 * row);
    into.isCrowd.set(new Uint8Array(buffer, crowds.value, count), row);
    [into.places, into.segmentationPlaces, into.keypointPlaces, into.segmentationEnds].forEach((column, i) => {
      const found = new Uint32Array(buffer, places.value + 4 * i * rows, count);
      // A value at 0 is none; a record may begin there.
      for (let n = 0; n < count; n++) column[row + n] = found[n] === 0 && i > 0 ? 0 : found[n]! + this.#start;
    });
  }
}

let ofThread: RecordKernel | undefined;

/** One for all that read in this thread. Who begins to read clears it. */
export function sharedRecordKernel(): RecordKernel {
  return ofThread ??= new RecordKernel();
}
