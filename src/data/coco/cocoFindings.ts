// What can be wrong with a COCO file that is JSON with the right types, and what is made of it. The effects were compared with
// pycocotools 2.0.11.

/**
 * How bad it is.
 * - fatal: evaluation, or the mask, stops with an error that names the annotation; or its numbers would have no meaning
 * - repaired: taken as the effect says
 * - kept: used as it stands, as pycocotools does
 */
export type Severity = 'fatal' | 'repaired' | 'kept';

interface Rule {
  readonly severity: Severity;
  readonly of: 'annotations' | 'images' | 'categories';
  /** What is wrong, after "3 annotations …". */
  readonly fault: string;
  readonly effect: string;
}

/** Every kind of finding. */
export const FINDING_RULES = {
  'missing-id': { severity: 'fatal', of: 'annotations', fault: 'have no id', effect: 'pycocotools stops with KeyError' },
  'duplicate-id': {
    severity: 'repaired', of: 'annotations', fault: 'have the id of a later annotation',
    effect: 'the last one stands for all in look-ups and in evaluation, as in pycocotools: its numbers cannot be trusted',
  },
  'id-not-whole': {
    severity: 'kept', of: 'annotations', fault: 'have an id that is no whole number', effect: 'used as it stands, as in pycocotools',
  },
  'id-rounded': {
    severity: 'kept', of: 'annotations', fault: 'have an id of 2^53 or more', effect: 'shown rounded to a double; all differ so too, and evaluation is exact',
  },
  'id-zero': {
    severity: 'kept', of: 'annotations', fault: 'have id 0', effect: 'never counts as found, as in pycocotools, which takes a match with 0 for none',
  },
  'missing-image-id': {
    severity: 'fatal', of: 'annotations', fault: 'have no image_id', effect: 'left out of evaluation; pycocotools stops with KeyError',
  },
  'unknown-image': {
    severity: 'repaired', of: 'annotations', fault: 'are of a photo that is not in images',
    effect: 'left out of evaluation, as in pycocotools; drawing its polygons is an error',
  },
  'missing-category-id': {
    severity: 'fatal', of: 'annotations', fault: 'have no category_id', effect: 'left out of evaluation; pycocotools stops with KeyError',
  },
  'unknown-category': {
    severity: 'repaired', of: 'annotations', fault: 'are of a category that is not in categories', effect: 'left out of evaluation, as in pycocotools',
  },
  'missing-iscrowd': {
    severity: 'repaired', of: 'annotations', fault: 'have no iscrowd', effect: 'counts as 0; pycocotools stops with KeyError',
  },
  'missing-area': { severity: 'fatal', of: 'annotations', fault: 'have no area', effect: "evaluation stops; pycocotools stops with KeyError; write the mask's area, or the box's" },
  'missing-score': { severity: 'fatal', of: 'annotations', fault: 'have no score', effect: 'evaluation stops; pycocotools stops with KeyError; write one, the same for all where none is better' },
  'missing-box': { severity: 'fatal', of: 'annotations', fault: 'have no bbox', effect: 'evaluation of boxes stops' },
  'not-finite': {
    severity: 'fatal', of: 'annotations', fault: 'have a number that is NaN or infinite', effect: 'comparisons with it have no meaning',
  },
  'box-without-extent': {
    severity: 'kept', of: 'annotations', fault: 'have a box whose width or height is not above 0', effect: 'overlaps nothing, as in pycocotools',
  },
  'box-outside-image': {
    severity: 'kept', of: 'annotations', fault: 'have a box that reaches out of its photo', effect: 'not clipped, as in pycocotools',
  },
  'missing-segmentation': { severity: 'kept', of: 'annotations', fault: 'have no segmentation', effect: 'evaluation of masks stops, that of boxes does not' },
  'segmentation-form': {
    severity: 'fatal', of: 'annotations', fault: 'have a segmentation that is neither polygons nor a mask', effect: 'its mask is an error; write [[x, y, …], …] or { "size", "counts" }',
  },
  'empty-segmentation': { severity: 'fatal', of: 'annotations', fault: 'have a segmentation without polygons', effect: 'its mask is an error; leave the object out, or evaluate boxes' },
  'two-point-polygon': {
    severity: 'repaired', of: 'annotations', fault: 'have a polygon of fewer than three points',
    effect: 'drawn as it stands, it covers next to nothing; pycocotools stops with TypeError when it comes first',
  },
  'odd-polygon': {
    severity: 'repaired', of: 'annotations', fault: 'have a polygon with an odd number of coordinates', effect: 'the last one is left out, as in pycocotools',
  },
  'polygon-range': {
    severity: 'fatal', of: 'annotations', fault: 'have a polygon with a coordinate beyond ±2^30 / 5', effect: 'its mask is an error',
  },
  'rle-size': {
    severity: 'fatal', of: 'annotations', fault: 'have a mask of another size than its photo', effect: 'never counts as found, as in pycocotools',
  },
  'rle-broken': {
    severity: 'fatal', of: 'annotations', fault: 'have run lengths that are damaged or do not add up to height * width', effect: 'its mask is an error',
  },
  'rle-python-bytes': {
    severity: 'fatal', of: 'annotations', fault: "have run lengths that are Python's bytes as text, b'…'", effect: 'its mask is an error; write counts.decode()',
  },
  'missing-keypoints': {
    severity: 'kept', of: 'annotations', fault: 'have no keypoints although their category has', effect: 'evaluation of keypoints stops',
  },
  'keypoint-form': {
    severity: 'fatal', of: 'annotations', fault: 'have keypoints that are not three numbers for each keypoint of the category',
    effect: 'evaluation of keypoints stops',
  },
  'keypoint-visibility': {
    severity: 'kept', of: 'annotations', fault: 'have a keypoint whose visibility is not 0, 1 or 2', effect: 'above 0 counts as labelled, as in pycocotools',
  },
  'keypoint-count': {
    severity: 'kept', of: 'annotations', fault: 'have a num_keypoints that is missing or not the number of labelled keypoints',
    effect: 'used as it stands, counted where it is missing: 0 leaves the annotation out',
  },
  'image-without-id': { severity: 'fatal', of: 'images', fault: 'have no id', effect: 'pycocotools stops with KeyError' },
  'duplicate-image': { severity: 'repaired', of: 'images', fault: 'have the id of a later photo', effect: 'the last one counts, as in pycocotools' },
  'image-size': {
    severity: 'fatal', of: 'images', fault: 'have no width and height that are whole numbers above 0 with a product below 2^32', effect: 'polygons on them cannot be drawn, nor labels written; write the size of the photo',
  },
  'duplicate-category': {
    severity: 'repaired', of: 'categories', fault: 'have the id of a later category', effect: 'the last one counts, as in pycocotools',
  },
  'duplicate-category-name': { severity: 'kept', of: 'categories', fault: 'have the name of another category', effect: 'a name finds them all' },
} as const satisfies Record<string, Rule>;

/** The kinds of faults that `validate` knows; FINDING_RULES tells what each is. */
export type FindingKind = keyof typeof FINDING_RULES;

/** One kind of fault and where it is. */
export interface CocoFinding {
  /** Which fault. */
  readonly kind: FindingKind;
  /** What it leads to. */
  readonly severity: Severity;
  /** What the ids are ids of. */
  readonly of: 'annotations' | 'images' | 'categories';
  /** In the file's order; NaN where there is no id. */
  readonly ids: readonly number[];
  /** Entries in the file's list, from 0; beside `ids`. */
  readonly rows: readonly number[];
  /** The fault, how many have it, the first of them, and its effect, in one line. */
  readonly message: string;
}

const nouns = { annotations: 'annotation', images: 'image', categories: 'category' };

/** Makes a finding. */
export function findingOf(kind: FindingKind, ids: readonly number[], rows: readonly number[]): CocoFinding {
  const { severity, of } = FINDING_RULES[kind];
  const finding = { kind, severity, of, ids, rows };
  return { ...finding, message: findingText(finding, 5) };
}

/**
 * A finding in one line.
 * @param examples how many ids are named at most
 */
export function findingText({ kind, ids, rows }: Omit<CocoFinding, 'message'>, examples: number): string {
  const { severity, of, fault, effect } = FINDING_RULES[kind];
  const count = rows.length;
  const names = ids.slice(0, examples).map((id, i) => (Number.isNaN(id) ? `${of}[${rows[i]}]` : `${id}`));
  const who = count === 1 ? `1 ${nouns[of]} ${fault.replace(/^have|^are/, (verb) => (verb === 'have' ? 'has' : 'is'))}` : `${count} ${of} ${fault}`;
  const list = [...names, ...(count > names.length ? ['…'] : [])].join(', ');
  return `${kind} (${severity}): ${who}: ${list}; ${effect}`;
}
