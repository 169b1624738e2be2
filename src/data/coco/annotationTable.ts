import type { CocoAnnotation, Segmentation } from './records.ts';
import type { SegmentationView } from './segmentationView.ts';
import type { TextChunk } from './textChunks.ts';

/** Segmentations as bytes. */
export interface SegmentationText {
  readonly chunks: readonly TextChunk[];
  /** [count] where in its chunk a row's segmentation begins; 0 where there is none. */
  readonly positions: Uint32Array;
  /** [count] where it ends. */
  readonly ends: Uint32Array;
}

/** Annotations as columns, in the file's order. Segmentations and keypoints are decoded when asked for, and not kept. */
export interface AnnotationTable {
  /** Annotations. */
  readonly count: number;
  /** [count] as in the file; NaN where missing. Of results: 1, 2, 3, … */
  readonly ids: Float64Array;
  /** [count]; NaN where missing */
  readonly imageIds: Float64Array;
  /** [count]; NaN where missing */
  readonly categoryIds: Float64Array;
  /** [4 * count] x, y, width, height in px; NaN where the annotation has none */
  readonly boxes: Float64Array;
  /** [count] in px²; NaN where the annotation has none */
  readonly areas: Float64Array;
  /** Whether areas are those of the masks; then they and the boxes are found when one of the two is first asked for. */
  readonly areasAreOfMasks?: true;
  /** [count]; NaN where the annotation has none */
  readonly scores: Float64Array;
  /** [count] 1 or 0; 255 where the field is missing */
  readonly isCrowd: Uint8Array;
  /** Rows of which a number that is there is NaN: JSON has none, objects may. */
  readonly rowsWithNaN: ReadonlySet<number>;
  /**
   * The polygons or the mask of one annotation.
   * @param index in [0, count)
   * @returns undefined where the annotation has none
   * @throws DataError when it is neither polygons nor a mask
   */
  segmentation(index: number): Segmentation | undefined;
  /**
   * The same without making arrays: overwrites `view`.
   * @throws DataError when it is neither polygons nor a mask
   */
  readSegmentation(index: number, view: SegmentationView): void;
  /** Of results with boxes: how many have no mask of their own, and take the rectangle of their box for one. */
  countBoxMasks?(): number;
  /**
   * Where the segmentations stand, when they are nothing but bytes of a file: for other threads.
   * @internal
   */
  readonly segmentationText?: SegmentationText | undefined;
  /**
   * x, y, visibility of each keypoint in turn.
   * @returns undefined where the annotation has none
   * @throws DataError when it is not a list of numbers
   */
  keypoints(index: number): Float64Array | undefined;
  /** num_keypoints; NaN where the annotation has none. */
  keypointCount(index: number): number;
  /** The whole annotation as JSON.parse gives it, unknown keys included. */
  record(index: number): CocoAnnotation;
}
