// The classes of a segmentation data set: names, colours for overlays, and how label images number them.

import { ConfigError } from '../../errors.ts';
import { ADE20K_CLASSES } from './ade20kClasses.ts';
import { CAMVID_CLASSES } from './camvidClasses.ts';
import { COCO12_CLASSES, COCO12_MEMBERS } from './coco12Classes.ts';
import { COCO133_CLASSES } from './coco133Classes.ts';
import type { LabelRules } from './labelRules.ts';

/** The classes of label images, and how values become class numbers. */
export interface ClassSet extends LabelRules {
  /** In the order of their numbers. */
  readonly names: readonly string[];
  /** RGB bytes, [classes, 3]. */
  readonly palette: Uint8Array;
}

/** coco12: label images of coco133, its classes in 12 groups. */
export type KnownClasses = 'ade20k' | 'camvid' | 'coco133' | 'coco12';

/** Other classes than the known ones. */
export interface ClassOptions {
  /** In the order of their numbers. */
  readonly names: readonly string[];
  /** `#rrggbb` for each. Default: colours that tell neighbours apart. */
  readonly colours?: readonly string[];
  /** Label images number them from 1 and 0 is ignored. Default false. */
  readonly reduceZeroLabel?: boolean;
  /** Values of label images that are ignored, besides 255. */
  readonly ignoreValues?: readonly number[];
  /** Label images number other classes; entry i is the class that those numbered i (from 0) belong to. */
  readonly merge?: readonly number[];
}

const MOST_CLASSES = 255;

/**
 * What is known of classes.
 * @throws ConfigError for no class or more than 255, a name given twice, colours that are not one `#rrggbb` per class, or a merge
 *   into classes that do not exist
 */
export function classSet(classes: KnownClasses | ClassOptions): ClassSet {
  switch (classes) {
    case 'ade20k': return known(ADE20K_CLASSES, { reduceZeroLabel: true, ignoreValues: [] });
    case 'coco133': return known(COCO133_CLASSES, { reduceZeroLabel: true, ignoreValues: [] });
    case 'coco12': return known(COCO12_CLASSES, { reduceZeroLabel: true, ignoreValues: [], merge: coco12Merge() });
    case 'camvid': return known(CAMVID_CLASSES, { reduceZeroLabel: false, ignoreValues: [11] });
    default: return own(classes);
  }
}

function known(list: string, rules: Omit<LabelRules, 'classes'>): ClassSet {
  const entries = entriesOf(list);
  return {
    names: entries.map(({ name }) => name),
    palette: Uint8Array.from(Buffer.from(entries.map(({ colour }) => colour).join(''), 'hex')),
    classes: entries.length,
    ...rules,
  };
}

function entriesOf(list: string): { readonly name: string; readonly colour: string }[] {
  return list.split(', ').map((entry) => ({ name: entry.slice(0, -7), colour: entry.slice(-6) }));
}

/** The group of each of the 133. */
function coco12Merge(): number[] {
  const groups = entriesOf(COCO12_CLASSES).map(({ name }) => COCO12_MEMBERS[name]?.split(', ') ?? []);
  return entriesOf(COCO133_CLASSES).map(({ name }) => groups.findIndex((members) => members.includes(name)));
}

function own({ names, colours, reduceZeroLabel = false, ignoreValues = [], merge }: ClassOptions): ClassSet {
  if (names.length < 1 || names.length > MOST_CLASSES) {
    throw new ConfigError(`classSet: expected 1 to ${MOST_CLASSES} names, got ${names.length}`);
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ConfigError(`classSet: expected each name once, got '${twice}' again`);
  if (colours && (colours.length !== names.length || colours.some((colour) => !/^#[0-9a-f]{6}$/i.test(colour)))) {
    throw new ConfigError(`classSet: expected ${names.length} colours like #1f5fa8, one per name, got ${JSON.stringify(colours)}`);
  }
  const wrong = merge?.find((label) => !Number.isInteger(label) || label < 0 || label >= names.length);
  if (wrong !== undefined) throw new ConfigError(`classSet: expected classes in [0, ${names.length}) for merge, got ${wrong}`);
  const palette = colours ? Uint8Array.from(Buffer.from(colours.join('').replaceAll('#', ''), 'hex')) : bitPalette(names.length);
  return { names, palette, classes: names.length, reduceZeroLabel, ignoreValues, ...(merge && { merge }) };
}

/** Pascal VOC's palette without its black: the bits of a class' number spread over the three channels, high bits first. */
function bitPalette(classes: number): Uint8Array {
  return Uint8Array.from({ length: classes * 3 }, (_, i) => {
    const channel = i % 3;
    const number = Math.floor(i / 3) + 1;
    const bits = Array.from({ length: 3 }, (__, bit) => (number >> (3 * bit + channel)) & 1);
    return bits.reduce((sum, isSet, bit) => sum + (isSet << (7 - bit)), 0);
  });
}
