// How a photo is cut so that little of it is in memory: bands of rows, and where even the windows over a band's whole width would
// be too many, columns first.

import type { Part } from '../ops/resizePart.ts';

/** Of the logits of one band, in one view. */
const BAND_BYTES = 24e6;
/** Of sliding windows kept from band to band, all views together; near the lower border it is half as much again. */
const WINDOW_BYTES = 500e6;
const MOST_COLUMNS = 64;

interface Size {
  readonly height: number;
  readonly width: number;
}

type Column = Pick<Part, 'left' | 'width'>;

/** Windows over one view, in pixels of the view. */
export interface ViewWindows {
  /** The view's width. */
  readonly width: number;
  readonly windows: readonly Part[];
  /** Of one window's logits. */
  readonly bytes: number;
  /** Rows of windows that are in memory at one time. */
  readonly rows: number;
}

/**
 * The bands of a photo: from the top down, column by column.
 *
 * @param classes of each pixel
 * @param views those that go through the model in windows. Windows between two columns are run for both, so there is one column
 *   unless memory demands more.
 */
export function bandsOver({ height, width }: Size, classes: number, views: readonly ViewWindows[]): Part[] {
  const columns = columnsOver(width, views);
  return columns.flatMap(({ left, width: columnWidth }) => {
    const rows = Math.max(1, Math.floor(BAND_BYTES / (4 * classes * columnWidth)));
    return Array.from({ length: Math.ceil(height / rows) }, (_, i) => ({
      top: i * rows, left, height: Math.min(rows, height - i * rows), width: columnWidth,
    }));
  });
}

function columnsOver(width: number, views: readonly ViewWindows[]): Column[] {
  for (let count = 1; ; count++) {
    const edge = (i: number) => Math.floor((i * width) / count);
    const columns = Array.from({ length: count }, (_, i) => ({ left: edge(i), width: edge(i + 1) - edge(i) }));
    const fits = columns.every((column) => windowBytes(column, width, views) <= WINDOW_BYTES);
    if (fits || count >= Math.min(MOST_COLUMNS, width)) return columns;
  }
}

function windowBytes(column: Column, width: number, views: readonly ViewWindows[]): number {
  return views.reduce((sum, view) => {
    const scale = view.width / width;
    const [left, right] = [column.left * scale, (column.left + column.width) * scale];
    const firstRow = view.windows.filter(({ top }) => top === view.windows[0]!.top);
    const touching = firstRow.filter((window) => window.left < right && window.left + window.width > left);
    return sum + touching.length * view.rows * view.bytes;
  }, 0);
}
