// The WebAssembly in which masks are drawn, decoded and compared: assembly/ compiled.

import { loadKernel, type KernelGlobal } from '../kernelLoader.ts';
import { MASK_KERNEL } from './maskKernelCode.ts';

/** What functions return instead of a mask's number, if not another number below 0; see assembly/outcomes.ts. */
export const UNUSUAL = -1;
export const FAR = -2;
export const WRONG_RUN = -5;

/** What is wrong with a run: see assembly/runs.ts. */
export type RunFault = 'character' | 'length of text' | 'end' | 'value' | 'sum';
const RUN_FAULTS: readonly RunFault[] = ['character', 'length of text', 'end', 'value', 'sum'];

/** The module's functions, described in assembly/. Addresses are bytes in `memory`, which moves when it grows. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  clear(): void;
  reserveText(bytes: number): number;
  reserveNumbers(count: number): number;
  reservePolygons(count: number): number;
  reserveEnds(count: number): void;
  readonly ends: KernelGlobal;
  readonly used: KernelGlobal;
  readonly changes: KernelGlobal;
  readonly faultKind: KernelGlobal;
  readonly faultAt: KernelGlobal;
  readonly faultRun: KernelGlobal;
  readonly faultValue: KernelGlobal;
  addText(start: number, length: number, height: number, width: number, near: number): number;
  addEnds(count: number, height: number, width: number): number;
  addPolygons(polygons: number, height: number, width: number, near: number): number;
  decodeString(start: number, length: number, pixels: number, isEscaped: number): number;
  drawPolygons(polygons: number, height: number, width: number): number;
  area(mask: number): number;
  iou(detection: number, truth: number, isCrowd: number): number;
}

/** Numbers of several polygons, one polygon after the other. */
export interface PolygonNumbers {
  /** x0, y0, x1, y1, … in px */
  readonly numbers: ArrayLike<number>;
  /** [polygons] where each ends in `numbers` */
  readonly polygonEnds: ArrayLike<number>;
}

/** One instance: the functions of the module and its memory. */
export class MaskKernel {
  readonly code = loadKernel(MASK_KERNEL) as Exports;
  #bytes = new Uint8Array(this.code.memory.buffer);

  /** The memory as bytes, until it grows. */
  get #memory(): Uint8Array {
    // Views of a memory that has grown are empty.
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.code.memory.buffer);
    return this.#bytes;
  }

  /** Puts a text where functions read it. @returns where it begins there */
  putText(bytes: Uint8Array, start: number, end: number): number {
    // From shared memory V8 copies words, not bytes, only between places that are alike modulo a word.
    const offset = (bytes.byteOffset + start) % 8;
    const at = this.code.reserveText(offset + end - start);
    this.#memory.set(bytes.subarray(start, end), at + offset);
    return offset;
  }

  /** Puts polygons where functions read them. @returns their number */
  putPolygons({ numbers, polygonEnds }: PolygonNumbers): number {
    const at = this.code.reserveNumbers(numbers.length);
    const endsAt = this.code.reservePolygons(polygonEnds.length);
    const { buffer } = this.code.memory;
    new Float64Array(buffer, at, numbers.length).set(numbers);
    new Uint32Array(buffer, endsAt, polygonEnds.length).set(polygonEnds);
    return polygonEnds.length;
  }

  /** Room for the ends of so many runs, behind those in use. */
  endsToFill(count: number): Uint32Array {
    this.code.reserveEnds(count);
    return this.ends(count);
  }

  /** The first of the ends behind those in use, as decodeString writes them. Valid until something is added. */
  ends(count: number): Uint32Array {
    const { ends, used, memory } = this.code;
    return new Uint32Array(memory.buffer, ends.value + 4 * used.value, count);
  }

  /** The first changes, as drawPolygons writes them. Valid until something is drawn. */
  changes(count: number): Uint32Array {
    return new Uint32Array(this.code.memory.buffer, this.code.changes.value, count);
  }

  /** After WRONG_RUN: what is wrong, at which byte behind the text's start, in which run, and the run's value or the sum. */
  get fault(): { kind: RunFault; at: number; run: number; value: number } {
    const { faultKind, faultAt, faultRun, faultValue } = this.code;
    return { kind: RUN_FAULTS[faultKind.value - 1]!, at: faultAt.value, run: faultRun.value, value: faultValue.value };
  }
}

let ofThread: MaskKernel | undefined;

/** One for functions that leave nothing in it. */
export function sharedKernel(): MaskKernel {
  return ofThread ??= new MaskKernel();
}
