// One PNG that shows how a photo was segmented: photo, truth and prediction side by side, and the classes that occur.

import sharp from 'sharp';
import type { RawImage } from '../data/decode.ts';
import type { ClassSet } from '../data/segmentation/classSet.ts';
import { fitSize } from '../data/transforms/fitSize.ts';
import { resizeLinear, type Size } from '../data/transforms/resizeLinear.ts';
import type { LabelMap } from '../data/transforms/resizeNearest.ts';
import { canDraw, drawText, textHeight, textWidth } from './dotFont.ts';
import { paintLabels } from './paintLabels.ts';

export interface SegmentationPictureOptions {
  readonly photo: RawImage;
  /** Of the photo's size; left out where there is none. */
  readonly truth?: LabelMap;
  /** Of the photo's size. */
  readonly prediction: LabelMap;
  readonly classes: Pick<ClassSet, 'names' | 'palette'>;
  /** Of the colours, in [0, 1]. Default 0.6. */
  readonly opacity?: number;
}

type Colour = readonly [number, number, number];

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [40, 40, 40];
const DOT_PX = 2;
const LINE_PX = textHeight(DOT_PX);
const GAP_PX = 10;
const SWATCH: Size = { width: 24, height: LINE_PX - DOT_PX };
/** Long side of a panel; smaller photos are shown larger, larger ones smaller. */
const PANEL_PX = [320, 640] as const;
const MOST_CLASSES = 40;

/**
 * Draws the picture.
 * @returns a PNG
 * @throws ShapeError when a map has another size than the photo
 */
export async function segmentationPicture(options: SegmentationPictureOptions): Promise<Buffer> {
  const { photo, truth, prediction, classes, opacity } = options;
  const painted = (map: LabelMap) => ({ painted: paintLabels(photo, map, classes.palette, opacity) });
  const panels = [
    { caption: 'photo', painted: photo },
    ...(truth ? [{ caption: 'truth', ...painted(truth) }] : []),
    { caption: 'prediction', ...painted(prediction) },
  ];
  const longPx = Math.min(Math.max(photo.width, photo.height, PANEL_PX[0]), PANEL_PX[1]);
  const panel = fitSize(photo, { longPx, shortPx: longPx });
  const legend = legendOf([...(truth ? [truth] : []), prediction], classes.names);
  const width = Math.max(panels.length * (panel.width + GAP_PX) + GAP_PX, textWidth('prediction', DOT_PX) * 3);
  const entryPx = SWATCH.width + GAP_PX + Math.max(...legend.map(({ name }) => textWidth(name, DOT_PX))) + 2 * GAP_PX;
  const columns = Math.max(1, Math.floor((width - GAP_PX) / entryPx));
  const legendTop = GAP_PX + LINE_PX + GAP_PX / 2 + panel.height + GAP_PX;
  const page = blank({ width, height: legendTop + Math.ceil(legend.length / columns) * (LINE_PX + GAP_PX / 2) + GAP_PX });

  panels.forEach(({ caption, painted: picture }, i) => {
    const left = GAP_PX + i * (panel.width + GAP_PX);
    drawText(page, caption, left, GAP_PX, { dotPx: DOT_PX, colour: INK });
    paste(page, picture, panel, left, GAP_PX + LINE_PX + GAP_PX / 2);
  });
  legend.forEach(({ name, label }, i) => {
    const left = GAP_PX + (i % columns) * entryPx;
    const top = legendTop + Math.floor(i / columns) * (LINE_PX + GAP_PX / 2);
    if (label !== undefined) fill(page, SWATCH, left, top, classes.palette.subarray(label * 3, label * 3 + 3));
    drawText(page, name, left + SWATCH.width + GAP_PX, top, { dotPx: DOT_PX, colour: INK });
  });
  return sharp(page.data, { raw: { width, height: page.height, channels: 3 } }).png({ compressionLevel: 9 }).toBuffer();
}

/** The classes in the maps, most pixels first. */
function legendOf(maps: readonly LabelMap[], names: readonly string[]): { readonly name: string; readonly label?: number }[] {
  const counts = new Uint32Array(256);
  for (const { data } of maps) for (const label of data) counts[label]!++;
  // The font has no other scripts than Latin; the number is what label images say.
  const shown = names.map((name, label) => ({ name: canDraw(name) ? name : `class ${label}`, label }));
  const present = shown.filter(({ label }) => counts[label]! > 0);
  present.sort((a, b) => counts[b.label]! - counts[a.label]!);
  if (present.length <= MOST_CLASSES) return present.length > 0 ? present : [{ name: 'no class' }];
  return [...present.slice(0, MOST_CLASSES - 1), { name: `and ${present.length - MOST_CLASSES + 1} more` }];
}

function blank({ width, height }: Size): RawImage {
  const page = { data: new Uint8Array(width * height * 3), width, height };
  fill(page, page, 0, 0, PAPER);
  return page;
}

function fill(page: RawImage, { width, height }: Size, left: number, top: number, colour: ArrayLike<number>): void {
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) page.data.set(colour, (y * page.width + x) * 3);
  }
}

/** Puts a picture, resized, into the page. */
function paste(page: RawImage, picture: RawImage, size: Size, left: number, top: number): void {
  const place = page.data.subarray((top * page.width + left) * 3);
  resizeLinear(picture, { resized: size, window: { x: 0, y: 0, ...size }, flip: false }, place, page.width * 3);
}
