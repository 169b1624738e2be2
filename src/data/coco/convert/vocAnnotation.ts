// Annotations of Pascal VOC: one XML file per photo. Corners count pixels from 1 and belong to the box, so that a box of one
// pixel has equal corners, and xmin = 1, xmax = width is the whole photo: 0 to width in COCO's coordinates.
// Source: Everingham et al., The PASCAL VOC Challenge 2012 Development Kit, sections 2.1 and 9; detectron2 reads them so too.

import { DataError } from '../../../errors.ts';
import { roundBox, type PhotoSize, type PixelBox } from './conversion.ts';
import { childOf, escapeXml, parseXml, type XmlElement } from './xmlTree.ts';

export interface VocObject {
  readonly name: string;
  /** As COCO has it: pixels from 0, edges. */
  readonly bbox: PixelBox;
  /** Not counted in evaluation. */
  readonly difficult: boolean;
}

export interface VocAnnotation {
  /** With `/` between folders; undefined where the file has none. */
  readonly fileName: string | undefined;
  /** Undefined where the file has none, or 0. */
  readonly size: PhotoSize | undefined;
  readonly objects: readonly VocObject[];
}

/**
 * Reads an annotation. Boxes of an object's parts (heads, hands, feet) are not read.
 * @param where what errors call the file
 * @param isZeroBased whether corners are edges from 0, as some programs write them
 * @throws DataError naming the line where something is missing or no number
 */
export function parseVoc(xml: string, where: string, isZeroBased = false): VocAnnotation {
  const root = parseXml(xml, where);
  if (root.name !== 'annotation') throw new DataError(`parseVoc: expected <annotation> as the root of ${where}, got <${root.name}>`);
  const first = isZeroBased ? 0 : 1;
  const objects = root.children.filter(({ name }) => name === 'object').map((object): VocObject => {
    const box = child(object, 'bndbox', where);
    const corner = (key: string): number => number(child(box, key, where), where);
    const [left, top, right, bottom] = [corner('xmin'), corner('ymin'), corner('xmax'), corner('ymax')];
    if (right < left || bottom < top) {
      throw new DataError(`parseVoc: expected xmin <= xmax and ymin <= ymax at line ${box.line} of ${where}, got ${[left, top, right, bottom].join(' ')}`);
    }
    return {
      name: child(object, 'name', where).text,
      bbox: roundBox([left - first, top - first, right - left + first, bottom - top + first]),
      difficult: childOf(object, 'difficult')?.text === '1',
    };
  });
  const size = childOf(root, 'size');
  const [width = 0, height = 0] = size ? ['width', 'height'].map((key) => number(child(size, key, where), where)) : [];
  const fileName = childOf(root, 'filename')?.text.replaceAll('\\', '/') ?? '';
  return {
    // A whole path is that of another machine.
    fileName: (/^([a-z]:)?\//i.test(fileName) ? fileName.slice(fileName.lastIndexOf('/') + 1) : fileName) || undefined,
    size: width > 0 && height > 0 ? { width, height } : undefined,
    objects,
  };
}

/** An annotation as it is written. */
export type CompleteAnnotation = VocAnnotation & { readonly fileName: string; readonly size: PhotoSize };

/** Writes an annotation; corners have at most six decimals. @throws DataError for a name that XML cannot hold */
export function formatVoc(annotation: CompleteAnnotation, isZeroBased = false): string {
  const { fileName, size, objects } = annotation;
  const first = isZeroBased ? 0 : 1;
  const corner = (value: number): string => String(Number(value.toFixed(6)));
  return [
    '<annotation>',
    `\t<filename>${escapeXml(fileName)}</filename>`,
    `\t<size><width>${size.width}</width><height>${size.height}</height><depth>3</depth></size>`,
    '\t<segmented>0</segmented>',
    ...objects.flatMap(({ name, bbox: [x, y, width, height], difficult }) => [
      '\t<object>',
      `\t\t<name>${escapeXml(name)}</name>`,
      '\t\t<pose>Unspecified</pose>',
      '\t\t<truncated>0</truncated>',
      `\t\t<difficult>${difficult ? 1 : 0}</difficult>`,
      `\t\t<bndbox><xmin>${corner(x + first)}</xmin><ymin>${corner(y + first)}</ymin>` +
        `<xmax>${corner(x + width)}</xmax><ymax>${corner(y + height)}</ymax></bndbox>`,
      '\t</object>',
    ]),
    '</annotation>',
    '',
  ].join('\n');
}

function child(element: XmlElement, name: string, where: string): XmlElement {
  const found = childOf(element, name);
  if (found === undefined) throw new DataError(`parseVoc: expected <${name}> in <${element.name}> at line ${element.line} of ${where}, got none`);
  return found;
}

function number({ name, text, line }: XmlElement, where: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new DataError(`parseVoc: expected a number for <${name}> at line ${line} of ${where}, got "${text}"`);
  return value;
}
