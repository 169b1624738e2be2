// Counts of what a COCO file holds.

import { DataError } from '../../errors.ts';
import type { CocoDataset } from './cocoDataset.ts';
import type { PanopticSegment } from './panopticDataset.ts';
import { SegmentationView } from './segmentationView.ts';
import { histogram, spreadOf, type HistogramBin, type Spread } from './spread.ts';

/** Annotations, or segments of a panoptic file. */
export interface CocoCounts {
  /** All of them. */
  readonly annotations: number;
  /** Photos with at least one of them. */
  readonly photos: number;
  /** Those marked as crowds. */
  readonly crowds: number;
  /** Area up to 32² px². Those without an area are in none of the three. */
  readonly small: number;
  /** Area above that, up to 96² px². */
  readonly medium: number;
  /** Area above that. */
  readonly large: number;
}

/** A file's numbers. What nothing has is left out. */
export interface CocoStats {
  /** What the file lists. */
  readonly kind: 'instances' | 'panoptic';
  /** All photos in the file's list, with annotations or without. */
  readonly images: number;
  /** Photos in the list without an annotation. */
  readonly emptyImages: number;
  /** Of all classes together. */
  readonly total: CocoCounts;
  /**
   * Annotations that have each of these; run lengths are `masks`. `wrongForm` counts those whose segmentation or keypoints cannot
   * be read, which `validate` names.
   */
  readonly having: Readonly<Record<'boxes' | 'polygons' | 'masks' | 'keypoints' | 'wrongForm', number>>;
  /** Annotations per photo, empty photos included. */
  readonly perPhoto?: Spread;
  /** px² */
  readonly area?: Spread;
  /** Of photos, px. */
  readonly width?: Spread;
  /** Of photos, px. */
  readonly height?: Spread;
  /** Sizes of photos in px, the most frequent first. */
  readonly imageSizes: readonly { readonly width: number; readonly height: number; readonly images: number }[];
  /** Photos by their number of annotations. */
  readonly perPhotoHistogram: readonly HistogramBin[];
  /** Annotations by the square root of their area, px. */
  readonly sideHistogram: readonly HistogramBin[];
  /** In the file's order. */
  readonly perCategory: readonly (CocoCounts & { readonly id: number; readonly name: string })[];
  /** Annotations whose category is not in the file's list, where there are any. */
  readonly unknownCategory?: CocoCounts;
}

const SMALL = 32 ** 2;
const MEDIUM = 96 ** 2;
const PER_PHOTO_EDGES = [-1, 0, ...Array.from({ length: 32 }, (_, i) => 2 ** i)];
/** Doubling, with COCO's 32 and 96 among them. */
const SIDE_EDGES = [-1, 8, 16, 32, 64, 96, ...Array.from({ length: 24 }, (_, i) => 192 * 2 ** i)];

/** Counts. */
export function cocoStats(dataset: CocoDataset): CocoStats {
  const { images, categories } = dataset;
  const total = new Counter();
  const unknown = new Counter();
  const perCategory = new Map(categories.map(({ id }) => [id, new Counter()]));
  const perPhoto = new Map<number, number>();
  const areas: number[] = [];
  const { kind, having } = countEach(dataset, (image, category, area, isCrowd) => {
    total.add(image, area, isCrowd);
    (perCategory.get(category) ?? unknown).add(image, area, isCrowd);
    perPhoto.set(image, (perPhoto.get(image) ?? 0) + 1);
    areas.push(area);
  });
  const ofEachPhoto = images.ids.map((id) => perPhoto.get(id) ?? 0);
  const spreads = {
    perPhoto: spreadOf(ofEachPhoto),
    area: spreadOf(Float64Array.from(areas)),
    width: spreadOf(images.widths),
    height: spreadOf(images.heights),
  };
  return {
    kind,
    images: images.count,
    emptyImages: ofEachPhoto.filter((count) => count === 0).length,
    total: total.counts,
    having,
    ...Object.fromEntries(Object.entries(spreads).filter(([, spread]) => spread !== undefined)),
    imageSizes: sizesOf(dataset),
    perPhotoHistogram: histogram(ofEachPhoto, PER_PHOTO_EDGES),
    sideHistogram: histogram(Float64Array.from(areas, Math.sqrt), SIDE_EDGES),
    perCategory: categories.map(({ id, name }) => ({ id, name, ...perCategory.get(id)!.counts })),
    ...(unknown.counts.annotations > 0 && { unknownCategory: unknown.counts }),
  };
}

type Add = (image: number, category: number, area: number, isCrowd: boolean) => void;

/** Calls `add` for each annotation, or segment. */
function countEach(dataset: CocoDataset, add: Add): Pick<CocoStats, 'kind' | 'having'> {
  const { annotations } = dataset;
  const { count, imageIds, categoryIds, areas, isCrowd, boxes } = annotations;
  const isPanoptic = count > 0 && segmentsOf(dataset, 0) !== undefined;
  const having = { boxes: 0, polygons: 0, masks: 0, keypoints: 0, wrongForm: 0 };
  const view = new SegmentationView();
  for (let row = 0; row < count; row++) {
    const image = imageIds[row]!;
    if (isPanoptic) {
      for (const { category_id: category = NaN, area = NaN, iscrowd } of segmentsOf(dataset, row) ?? []) {
        add(image, category, area, iscrowd === 1);
      }
      continue;
    }
    add(image, categoryIds[row]!, areas[row]!, isCrowd[row] === 1);
    if (!Number.isNaN(boxes[4 * row])) having.boxes++;
    try {
      annotations.readSegmentation(row, view);
      if (view.kind === 'polygons') having.polygons++;
      else if (view.kind !== 'none') having.masks++;
      if (annotations.keypoints(row) !== undefined) having.keypoints++;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      having.wrongForm++;
    }
  }
  return { kind: isPanoptic ? 'panoptic' : 'instances', having };
}

type Segments = readonly Partial<PanopticSegment>[];

function segmentsOf(dataset: CocoDataset, row: number): Segments | undefined {
  const { segments_info } = dataset.annotations.record(row);
  return Array.isArray(segments_info) ? segments_info as Segments : undefined;
}

function sizesOf({ images: { count, widths, heights } }: CocoDataset): CocoStats['imageSizes'] {
  const sizes = new Map<string, { width: number; height: number; images: number }>();
  for (let row = 0; row < count; row++) {
    const [width, height] = [widths[row]!, heights[row]!];
    if (Number.isNaN(width) || Number.isNaN(height)) continue;
    const size = sizes.get(`${width}x${height}`);
    if (size) size.images++;
    else sizes.set(`${width}x${height}`, { width, height, images: 1 });
  }
  return [...sizes.values()].sort((a, b) => b.images - a.images);
}

class Counter {
  readonly #photos = new Set<number>();
  #annotations = 0;
  #crowds = 0;
  #small = 0;
  #medium = 0;
  #large = 0;

  add(image: number, area: number, isCrowd: boolean): void {
    this.#annotations++;
    this.#photos.add(image);
    if (isCrowd) this.#crowds++;
    if (area <= SMALL) this.#small++;
    else if (area <= MEDIUM) this.#medium++;
    else if (area > MEDIUM) this.#large++;
  }

  get counts(): CocoCounts {
    return {
      annotations: this.#annotations, photos: this.#photos.size, crowds: this.#crowds,
      small: this.#small, medium: this.#medium, large: this.#large,
    };
  }
}
