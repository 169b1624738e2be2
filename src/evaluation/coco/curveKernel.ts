// The WebAssembly that follows precision-recall curves: assembly/curveKernel.ts compiled.

import { loadKernel, type KernelGlobal } from '../../data/kernelLoader.ts';
import { CURVE_KERNEL } from './curveKernelCode.ts';
import { addressOf, inMemory } from './kernelMemory.ts';

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  begin(thresholds: number, recalls: number, classes: number, areas: number, limits: number, detections: number): void;
  traceClass(k: number, detections: number): void;
  readonly recalls: KernelGlobal;
  readonly limits: KernelGlobal;
  readonly precision: KernelGlobal;
  readonly scoresAt: KernelGlobal;
  readonly recall: KernelGlobal;
  readonly truthCounts: KernelGlobal;
  readonly states: KernelGlobal;
  readonly relevant: KernelGlobal;
  readonly ranks: KernelGlobal;
  readonly scores: KernelGlobal;
}

export interface CurveKernelOptions {
  /** Number of IoU thresholds, T. */
  readonly thresholds: number;
  /** [R] */
  readonly recalls: readonly number[];
  /** Number of classes, K. */
  readonly classes: number;
  /** Number of area ranges, A. */
  readonly areas: number;
  /** [M] detections per photo and class */
  readonly limits: readonly number[];
  /** Most detections of a class. */
  readonly detections: number;
}

/** One class's detections, best first. */
export interface RankedDetections {
  /** [n, A, T] */
  readonly states: Uint8Array;
  /** [n, A] 1 unless ignored at every threshold */
  readonly relevant: Uint8Array;
  /** [n] place in its cell, from 0 on */
  readonly ranks: Uint32Array;
  /** [n] */
  readonly scores: Float64Array;
  /** [A] objects that are not ignored */
  readonly truthCounts: Uint32Array;
}

/** The curves of one class after another, in one memory. */
export class CurveKernel {
  readonly #code = loadKernel(CURVE_KERNEL) as Exports;

  constructor({ thresholds, recalls, classes, areas, limits, detections }: CurveKernelOptions) {
    const code = this.#code;
    inMemory(detections, () => { code.begin(thresholds, recalls.length, classes, areas, limits.length, detections); });
    new Float64Array(code.memory.buffer, addressOf(code.recalls), recalls.length).set(recalls);
    new Float64Array(code.memory.buffer, addressOf(code.limits), limits.length).set(limits);
  }

  /** Follows the curves of class `k`. */
  trace(k: number, { states, relevant, ranks, scores, truthCounts }: RankedDetections): void {
    const code = this.#code;
    const { buffer } = code.memory;
    new Uint8Array(buffer).set(states, addressOf(code.states));
    new Uint8Array(buffer).set(relevant, addressOf(code.relevant));
    new Uint32Array(buffer, addressOf(code.ranks), ranks.length).set(ranks);
    new Float64Array(buffer, addressOf(code.scores), scores.length).set(scores);
    new Float64Array(buffer, addressOf(code.truthCounts), truthCounts.length).set(truthCounts);
    code.traceClass(k, ranks.length);
  }

  /** [T, R, K, A, M] when all classes have been traced, in the kernel's memory. @param count T R K A M */
  precision(count: number): Float64Array {
    return this.#result(this.#code.precision, count);
  }

  /** [T, R, K, A, M] alike. */
  scores(count: number): Float64Array {
    return this.#result(this.#code.scoresAt, count);
  }

  /** [T, K, A, M] */
  recall(count: number): Float64Array {
    return this.#result(this.#code.recall, count);
  }

  #result(address: KernelGlobal, count: number): Float64Array {
    return new Float64Array(this.#code.memory.buffer, addressOf(address), count);
  }
}
