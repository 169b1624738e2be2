// The records of a COCO file as they stand in it: the format's own key names, unknown keys kept.
// Source: https://cocodataset.org/#format-data and #format-results.

/** One photo. */
export interface CocoImage {
  /** Unique among the photos. */
  readonly id: number;
  /** px */
  readonly width: number;
  /** px */
  readonly height: number;
  /** Name of the photo's file. */
  readonly file_name: string;
  readonly [key: string]: unknown;
}

/** One class of objects. */
export interface CocoCategory {
  /** Unique among the classes. */
  readonly id: number;
  /** For people. */
  readonly name: string;
  /** The group that it belongs to. */
  readonly supercategory?: string;
  /** Names of the keypoints, for person keypoints. */
  readonly keypoints?: readonly string[];
  readonly [key: string]: unknown;
}

/** A mask as run lengths: column by column, zeros first; as numbers or as COCO's compressed string. */
export interface CocoRle {
  /** height, width in px */
  readonly size: readonly [number, number];
  /** Lengths of runs of 0 and 1 in turn. */
  readonly counts: readonly number[] | string;
}

/** Polygons, each x0, y0, x1, y1, … in px; or a mask. */
export type Segmentation = readonly (readonly number[])[] | CocoRle;

/** One object of a photo, or one detection; every key but image_id may be absent, depending on the kind of file. */
export interface CocoAnnotation {
  /** Unique among the annotations. */
  readonly id?: number;
  /** The photo. */
  readonly image_id: number;
  /** The class. */
  readonly category_id?: number;
  /** x, y, width, height in px */
  readonly bbox?: readonly number[];
  /** px² */
  readonly area?: number;
  /** 1: a group that cannot be told apart. */
  readonly iscrowd?: number;
  /** Its outline or mask. */
  readonly segmentation?: Segmentation;
  /** x, y, visibility of each keypoint in turn, flat or three by three; visibility 0 unlabelled, 1 hidden, 2 visible */
  readonly keypoints?: readonly number[] | readonly (readonly number[])[];
  /** Keypoints with a visibility above 0. */
  readonly num_keypoints?: number;
  /** Confidence of a detection. */
  readonly score?: number;
  readonly [key: string]: unknown;
}

/** What a COCO file of ground truth holds, as JSON.parse gives it. */
export interface CocoFile {
  /** About the data set. */
  readonly info?: unknown;
  /** Of the photos. */
  readonly licenses?: unknown;
  /** Photos. */
  readonly images?: readonly CocoImage[];
  /** Classes. */
  readonly categories?: readonly CocoCategory[];
  /** Objects. */
  readonly annotations?: readonly CocoAnnotation[];
  readonly [key: string]: unknown;
}
