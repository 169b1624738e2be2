// Looks at every photo and label image before a training run starts.

import { dirname } from 'node:path';
import { exifRemedy } from '../exifTurn.ts';
import type { FileFacts } from '../files/checkedFiles.ts';
import { FileCheck, type CheckOptions, type CheckReport, type DataFault } from '../files/fileCheck.ts';
import { readLabelImage, type LabelImage } from '../labelImage.ts';
import { lookAtPhoto } from '../lookAtPhoto.ts';
import { IGNORED, LabelReader } from './labelRules.ts';
import type { SegmentationFolder } from './segmentationFolder.ts';
import { valuesRemedy } from './valuesRemedy.ts';

/** What was found in maps besides. */
export interface SegmentationCheckReport extends CheckReport {
  /** What is no fault but surprises, a line each. */
  readonly notes: readonly string[];
}

interface NamedFacts extends FileFacts {
  readonly file: string;
}

const MASK = 'only 0 and 255, a black-and-white mask instead of class numbers; store white as 1, or set data.classes.ignoreValues: [255] ' +
  'if it is no class';

/**
 * Finds photos without a map and maps without a photo, files that cannot be decoded, maps of another size than their photo,
 * black-and-white masks, values that are no class, and folders whose maps label nothing. A map with only 0 and 255 is such a mask
 * unless another map of its folder has 255 beside other classes, or ignoreValues names 255, as one to be ignored. Faults of
 * unpaired files of a folder come first.
 */
export async function checkSegmentationData(
  folders: readonly SegmentationFolder[],
  options: CheckOptions = {},
): Promise<SegmentationCheckReport> {
  const samples = folders.reduce((sum, { size }) => sum + size, 0);
  const check = await FileCheck.open(samples, options);
  const faults: DataFault[] = [];
  const notes: string[] = [];
  const seen = new Set<number>();
  try {
    for (const folder of folders) {
      for (const { file, missing } of folder.unpaired) faults.push({ file, found: `no ${missing}` });
      const labels = new LabelReader(folder.classes);
      const values = new Set<number>();
      let ignores255 = folder.classes.ignoreValues.includes(255);
      const found = await check.faultsOf(folder.size, async (index) => {
        const [photo, map] = [folder.describe(index), folder.mapPath(index)];
        const [photoFacts, mapFacts] = await Promise.all([check.factsOf(photo, lookAtPhoto), check.factsOf(map, lookAtMap)]);
        for (const [value] of mapFacts.values ?? []) values.add(value);
        ignores255 ||= hasClassesAnd255(mapFacts);
        return faultOf({ file: photo, ...photoFacts }, { file: map, ...mapFacts }, labels);
      });
      const real = found.filter((fault) => !(ignores255 && fault.found === MASK));
      faults.push(...real);
      for (const value of values) seen.add(value);
      if (real.length > 0 || folder.size === 0) continue;
      const place = dirname(folder.mapPath(0));
      const [only, ...others] = classesAmong(values, labels);
      if (only === undefined) {
        const all = [...values].sort((a, b) => a - b).join(', ');
        faults.push({ file: place, found: `no pixel of any map has a class: all are ${all}, ignored; expected ${labels.expected()}` });
      } else if (others.length === 0) {
        notes.push(`all labelled pixels in ${place} are of one class, ${folder.classes.names[only] ?? only}: there is nothing to tell apart`);
      }
    }
  } finally {
    await check.close();
  }
  const remedy = folders[0] && valuesRemedy(folders[0].classes, seen);
  return { samples, decoded: check.decoded, faults, notes, ...(remedy !== undefined && { remedy }) };
}

async function lookAtMap(file: string): Promise<FileFacts> {
  const { data, width, height } = await readLabelImage(file);
  return { width, height, values: countValues(data) };
}

function countValues(data: LabelImage['data']): [number, number][] {
  const counts = new Uint32Array(data instanceof Uint8Array ? 256 : 65536);
  for (let i = 0; i < data.length; i++) counts[data[i]!]!++;
  return Array.from(counts, (pixels, value): [number, number] => [value, pixels]).filter(([, pixels]) => pixels > 0);
}

function classesAmong(values: Iterable<number>, labels: LabelReader): number[] {
  const classes = new Set(Array.from(values, (value) => labels.classOf(value)));
  return [...classes].filter((label) => label !== undefined).filter((label) => label !== IGNORED);
}

/** Whether 255 stands beside a class other than 0. */
function hasClassesAnd255({ values = [] }: FileFacts): boolean {
  return values.some(([value]) => value === 255) && values.some(([value]) => value > 0 && value < 255);
}

async function faultOf(photo: NamedFacts, map: NamedFacts, labels: LabelReader): Promise<DataFault | undefined> {
  if (photo.fault !== undefined) return { file: photo.file, found: photo.fault };
  if (map.fault !== undefined) return { file: map.file, found: map.fault };
  if (map.width !== photo.width || map.height !== photo.height) {
    const found = `${map.width} x ${map.height} pixels, its photo ${photo.file} has ${photo.width} x ${photo.height}`;
    return { file: map.file, found: found + await exifRemedy(photo.file, map) };
  }
  const values = map.values ?? [];
  if (values.length === 2 && values[0]?.[0] === 0 && values[1]?.[0] === 255) return { file: map.file, found: MASK };
  const wrong = values.filter(([value]) => labels.classOf(value) === undefined);
  if (wrong.length === 0) return undefined;
  const named = wrong.slice(0, 3).map(([value, pixels]) => `${value} in ${pixels} pixels`).join(', ');
  const more = wrong.length > 3 ? ` and ${wrong.length - 3} other values` : '';
  return { file: map.file, found: `${named}${more}, expected ${labels.expected()}` };
}
