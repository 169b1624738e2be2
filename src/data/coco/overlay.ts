// Annotations drawn over their photo, as pycocotools' showAnns draws them: filled polygons with an outline, masks, keypoints
// with their skeleton, boxes.

import type { Sharp } from 'sharp';
import { DataError } from '../../errors.ts';
import { loadSharp } from './loadSharp.ts';
import { segmentationOf } from './objectTables.ts';
import type { CocoAnnotation, CocoCategory, CocoImage } from './records.ts';
import { decodeMask } from './rleMask.ts';
import { segmentationToRle } from './segmentationRle.ts';

const FILL_OPACITY = 0.4;
const MASK_OPACITY = 0.5;
/** Of every crowd, as in pycocotools. */
const CROWD: Colour = [2, 166, 101];

type Colour = readonly [red: number, green: number, blue: number];

/** What is drawn on what. */
export interface OverlayInput {
  readonly image: CocoImage;
  readonly annotations: readonly CocoAnnotation[];
  /** For the skeletons. */
  readonly categories: readonly CocoCategory[];
  /** The photo: a path or a file's bytes. */
  readonly photo: string | Uint8Array;
  readonly drawBoxes: boolean;
}

/**
 * Draws. The photo's pixels are taken as stored, not turned by EXIF: that is how COCO's were annotated.
 * @returns a PNG of the photo's size
 * @throws DataError when the photo cannot be read or has another size than its entry; ConfigError without sharp
 */
export async function drawOverlay({ image, annotations, categories, photo, drawBoxes }: OverlayInput): Promise<Uint8Array> {
  const sharp = await loadSharp('showAnns');
  const name = typeof photo === 'string' ? photo : `photo ${image.id}`;
  let picture: Sharp;
  let size: { readonly width: number; readonly height: number };
  try {
    picture = sharp(photo, { autoOrient: false }).toColourspace('srgb').flatten({ background: '#fff' });
    size = await picture.metadata();
  } catch (error) {
    throw new DataError(`showAnns: expected a picture in ${name}, got: ${(error as Error).message}`);
  }
  const { width, height } = image;
  if (size.width !== width || size.height !== height) {
    throw new DataError(`showAnns: expected ${width} x ${height} pixels, as image id ${image.id} says, in ${name}, got ${size.width} x ${size.height}`);
  }
  const { pixels, svg } = overlayOf({ image, annotations, categories, drawBoxes });
  const png = await picture.composite([
    { input: Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length), raw: { width, height, channels: 4 } },
    { input: Buffer.from(svg) },
  ]).removeAlpha().png().toBuffer();
  return new Uint8Array(png.buffer, png.byteOffset, png.byteLength);
}

/** Masks as RGBA pixels [height * width * 4], the rest as SVG. */
function overlayOf({ image, annotations, categories, drawBoxes }: Omit<OverlayInput, 'photo'>): { pixels: Uint8Array; svg: string } {
  const { width, height } = image;
  const pixels = new Uint8Array(4 * width * height);
  const shapes: string[] = [];
  annotations.forEach((annotation, i) => {
    const { id, bbox, category_id } = annotation;
    const [red, green, blue] = colourOf(i);
    const colour = `rgb(${red},${green},${blue})`;
    const segmentation = segmentationOf(annotation.segmentation, 'segmentation', id);
    if (segmentation !== undefined && 'counts' in segmentation) {
      const mask = decodeMask(segmentationToRle(segmentation, height, width));
      paintMask(pixels, mask, annotation.iscrowd === 1 ? CROWD : colourOf(i));
    } else {
      for (const polygon of segmentation ?? []) {
        shapes.push(`<polygon points="${polygon.slice(0, polygon.length & ~1).join(' ')}" fill="${colour}" ` +
          `fill-opacity="${FILL_OPACITY}" stroke="${colour}" stroke-width="2"/>`);
      }
    }
    shapes.push(...keypointShapes(annotation, categories.find((one) => one.id === category_id)?.['skeleton'], colour));
    if (drawBoxes && bbox?.length === 4) {
      const [x, y, w, h] = bbox;
      shapes.push(`<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    }
  });
  return { pixels, svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>` };
}

function paintMask(pixels: Uint8Array, mask: Uint8Array, colour: Colour): void {
  mask.forEach((value, at) => {
    if (value === 1) pixels.set([...colour, Math.round(255 * MASK_OPACITY)], 4 * at);
  });
}

/** Lines of the skeleton between labelled keypoints, then a dot on each; hidden ones have a dark rim. */
function keypointShapes({ keypoints: given = [] }: CocoAnnotation, skeleton: unknown, colour: string): string[] {
  const keypoints = (given as readonly (number | readonly number[])[]).flat();
  const points = Array.from({ length: Math.floor(keypoints.length / 3) }, (_, i) => {
    const [x = 0, y = 0, visibility = 0] = keypoints.slice(3 * i, 3 * i + 3);
    return { x, y, visibility };
  }).map((point) => (point.visibility > 0 ? point : undefined));
  const bones = (Array.isArray(skeleton) ? skeleton : []) as readonly (readonly [number, number])[];
  return [
    ...bones.flatMap(([from, to]) => {
      const [a, b] = [points[from - 1], points[to - 1]];
      return a && b ? [`<line x1="${a.x}" y1="${a.y}" x2="${b.x}" y2="${b.y}" stroke="${colour}" stroke-width="3"/>`] : [];
    }),
    ...points.flatMap((point) => (point === undefined ? [] : [
      `<circle cx="${point.x}" cy="${point.y}" r="4" fill="${colour}" stroke="${point.visibility > 1 ? colour : 'black'}" stroke-width="2"/>`,
    ])),
  ];
}

/** Light colours that differ: each turns the hue by the golden angle. */
function colourOf(i: number): Colour {
  const hue = (i * 137.508) % 360;
  const channel = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (0.65 - 0.35 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
