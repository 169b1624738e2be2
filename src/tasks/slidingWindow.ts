// Segmentation logits of a picture by overlapping windows whose logits are averaged, handed out in parts from the top down, so
// that only the windows that touch a part are in memory.
// Source: mmsegmentation's EncoderDecoder: slide_inference.

import { div, tensor, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';
import { addWindow } from '../ops/addWindow.ts';
import type { ImageSize } from '../ops/resize.ts';
import type { Part } from '../ops/resizePart.ts';
import { resizedPart, type ViewLogits } from './viewLogits.ts';

/** How a picture goes through the model. */
export type InferenceMode =
  | { readonly kind: 'whole' }
  | {
    readonly kind: 'slide';
    /** Side of the windows; a picture's shorter side may be less. */
    readonly cropPx: number;
    /** From one window to the next. */
    readonly stridePx: number;
  };

/**
 * The windows over a picture, row by row: a stride apart, the last of a row or column moved back to end at the border.
 * @throws ConfigError when the stride leaves gaps
 */
export function windowsOver(height: number, width: number, cropPx: number, stridePx: number): Part[] {
  if (!(stridePx >= 1 && stridePx <= cropPx)) {
    throw new ConfigError(`windowsOver: expected 1 to cropPx ${cropPx} for stridePx, got ${stridePx}`);
  }
  const starts = (size: number): number[] => {
    const count = Math.floor(Math.max(size - cropPx + stridePx - 1, 0) / stridePx) + 1;
    return Array.from({ length: count }, (_, i) => Math.max(Math.min(i * stridePx, size - cropPx), 0));
  };
  const [windowHeight, windowWidth] = [Math.min(cropPx, height), Math.min(cropPx, width)];
  return starts(height).flatMap((top) => starts(width).map((left) => ({ top, left, height: windowHeight, width: windowWidth })));
}

export interface SlidingLogitsOptions {
  /** Of the picture. */
  readonly size: ImageSize;
  readonly windows: readonly Part[];
  readonly classes: number;
  /** A window's logits [1, h, w, classes], at its own size or a smaller one from which they are resized. */
  readonly run: (window: Part) => Promise<Tensor>;
}

export class SlidingLogits implements ViewLogits {
  readonly size: ImageSize;
  readonly #options: SlidingLogitsOptions;
  /** Logits of windows that later parts may need, by their number. */
  readonly #kept = new Map<number, Tensor>();

  constructor(options: SlidingLogitsOptions) {
    this.size = options.size;
    this.#options = options;
  }

  async part(part: Part): Promise<Tensor> {
    const { windows, classes, run } = this.#options;
    this.#forgetAll((window) => !overlap(window, part));
    const touching = [...windows.entries()].filter(([, window]) => overlap(window, part));
    for (const [i, window] of touching) if (!this.#kept.has(i)) this.#kept.set(i, await run(window));
    const made = zeros([1, part.height, part.width, classes]);
    const sums = variable(made);
    made.dispose();
    try {
      for (const [i, window] of touching) this.#add(sums, part, window, this.#kept.get(i)!);
      return tidy(() => div(sums, tensor(counts(part, touching.map(([, window]) => window)), [1, part.height, part.width, 1])));
    } finally {
      sums.dispose();
    }
  }

  dispose(): void {
    this.#forgetAll(() => true);
  }

  #add(sums: Variable, part: Part, window: Part, logits: Tensor): void {
    const { top, left, height, width } = overlap(window, part)!;
    const own = { top: top - window.top, left: left - window.left, height, width };
    const piece = resizedPart(logits, [window.height, window.width], own);
    addWindow(sums, piece, top - part.top, left - part.left);
    piece.dispose();
  }

  #forgetAll(isDone: (window: Part) => boolean): void {
    for (const [i, logits] of this.#kept) {
      if (!isDone(this.#options.windows[i]!)) continue;
      logits.dispose();
      this.#kept.delete(i);
    }
  }
}

/** How many windows each pixel of a part lies in. */
function counts(part: Part, windows: readonly Part[]): Float32Array {
  const values = new Float32Array(part.height * part.width);
  for (const window of windows) {
    const { top, left, height, width } = overlap(window, part)!;
    for (let y = top - part.top; y < top - part.top + height; y++) {
      for (let x = left - part.left; x < left - part.left + width; x++) values[y * part.width + x]!++;
    }
  }
  return values;
}

function overlap(a: Part, b: Part): Part | undefined {
  const [top, left] = [Math.max(a.top, b.top), Math.max(a.left, b.left)];
  const height = Math.min(a.top + a.height, b.top + b.height) - top;
  const width = Math.min(a.left + a.width, b.left + b.width) - left;
  return height > 0 && width > 0 ? { top, left, height, width } : undefined;
}
