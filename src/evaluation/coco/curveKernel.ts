// The WebAssembly that follows precision-recall curves: assembly/curveKernel.ts compiled.

import { loadKernel } from '../../data/kernelLoader.ts';
import { inMemory } from './cellKernel.ts';
import { CURVE_KERNEL } from './curveKernelCode.ts';

interface Address {
  readonly value: number;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  begin(thresholds: number, recalls: number, classes: number, areas: number, limits: number, detections: number): void;
  traceClass(k: number, detections: number): void;
  readonly recalls: Address;
  readonly limits: Address;
  readonly precision: Address;
  readonly scoresAt: Address;
  readonly recall: Address;
  readonly truthCounts: Address;
  readonly states: Address;
  readonly relevant: Address;
  readonly ranks: Address;
  readonly scores: Address;
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
    new Float64Array(code.memory.buffer, code.recalls.value, recalls.length).set(recalls);
    new Float64Array(code.memory.buffer, code.limits.value, limits.length).set(limits);
  }

  /** Follows the curves of class `k`. */
  trace(k: number, { states, relevant, ranks, scores, truthCounts }: RankedDetections): void {
    const code = this.#code;
    const { buffer } = code.memory;
    new Uint8Array(buffer).set(states, code.states.value);
    new Uint8Array(buffer).set(relevant, code.relevant.value);
    new Uint32Array(buffer, code.ranks.value, ranks.length).set(ranks);
    new Float64Array(buffer, code.scores.value, scores.length).set(scores);
    new Float64Array(buffer, code.truthCounts.value, truthCounts.length).set(truthCounts);
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

  #result({ value }: Address, count: number): Float64Array {
    return new Float64Array(this.#code.memory.buffer, value, count);
  }
}
