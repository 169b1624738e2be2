// Logits of one view of a photo (a size, mirrored or not), handed out in parts: those of all pixels of a large photo, 14 GB at 24
// megapixels and 150 classes, would not fit into memory.

import { tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ImageSize } from '../ops/resize.ts';
import { cut, resizePart, sourcePart, type Part } from '../ops/resizePart.ts';

export interface ViewLogits {
  /** Of the view. */
  readonly size: ImageSize;
  /**
   * Logits of a part of the view. To be asked for from the top down.
   * @returns [1, part.height, part.width, classes]; the caller disposes of it
   */
  part(part: Part): Promise<Tensor>;
  dispose(): void;
}

/**
 * A view that went through the model as a whole.
 * @param logits [1, h, w, classes], of the view's size or smaller; disposed of with it
 */
export function wholeLogits(logits: Tensor, size: ImageSize): ViewLogits {
  return {
    size,
    part: (part) => Promise.resolve(resizedPart(logits, size, part)),
    dispose: () => logits.dispose(),
  };
}

/** A part of what a map [1, h, w, K] becomes when it is resized. @returns [1, part.height, part.width, K] */
export function resizedPart(map: Tensor, size: ImageSize, part: Part): Tensor {
  const [, height = 0, width = 0] = map.shape;
  return tidy(() => {
    const from = sourcePart([height, width], size, part);
    return resizePart(cut(map, from), { source: [height, width], place: [from.top, from.left], size, part });
  });
}

/** A part of what a view becomes at another size. @returns [1, part.height, part.width, classes] */
export async function resizedView(view: ViewLogits, size: ImageSize, part: Part): Promise<Tensor> {
  const from = sourcePart(view.size, size, part);
  const logits = await view.part(from);
  try {
    return resizePart(logits, { source: view.size, place: [from.top, from.left], size, part });
  } finally {
    logits.dispose();
  }
}
