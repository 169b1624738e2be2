// Looks at every photo and label image before a training run starts: an epoch later is a bad time to learn that one is broken.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DataError } from '../../errors.ts';
import { decodeImage } from '../decode.ts';
import { readLabelImage, type LabelImage } from '../labelImage.ts';
import { CheckedFiles, type FileFacts, type FileStamp } from './checkedFiles.ts';
import { LabelReader } from './labelRules.ts';
import type { SegmentationFolder } from './segmentationFolder.ts';

export interface CheckOptions {
  /** Where findings are kept, so that the next check looks at new and changed files only. Default: nowhere. */
  readonly cacheFile?: string;
  /** Told how many samples have been looked at, now and then and at the end. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A file that cannot be trained with. */
interface DataFault {
  readonly file: string;
  /** What is wrong with it. */
  readonly found: string;
}

export interface CheckReport {
  /** Samples looked at. */
  readonly samples: number;
  /** Files that had to be decoded; the others were known. */
  readonly decoded: number;
  /** In the order of folders and samples; unpaired files of a folder come first. */
  readonly faults: readonly DataFault[];
}

interface NamedFacts extends FileFacts {
  readonly file: string;
}

/** Decoding runs on libuv's threads; twice as many samples keep them busy. */
const SAMPLES_IN_FLIGHT = 2 * Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
const SAMPLES_PER_REPORT = 16;
const UNREADABLE = 'cannot be read: ';
const MASK = 'only 0 and 255, a black-and-white mask instead of class numbers';

/**
 * Finds photos without a map and maps without a photo, files that cannot be decoded, maps of another size than their photo,
 * black-and-white masks, and values that are no class. A map with only 0 and 255 is such a mask unless another map of its folder
 * has 255 beside other classes, as one to be ignored.
 */
export async function checkSegmentationData(
  folders: readonly SegmentationFolder[],
  { cacheFile, onProgress }: CheckOptions = {},
): Promise<CheckReport> {
  const known = await CheckedFiles.open(cacheFile);
  const total = folders.reduce((sum, { size }) => sum + size, 0);
  const faults: DataFault[] = [];
  const decoded = new Set<string>();
  let done = 0;
  const factsOf = async (file: string, look: (file: string) => Promise<FileFacts>): Promise<FileFacts> => {
    const path = resolve(file);
    const stamp = stampOf(path);
    const recalled = stamp && known.recall(path, stamp);
    if (recalled) return recalled;
    decoded.add(path);
    const facts = await look(file).catch((error: unknown): FileFacts => ({ width: 0, height: 0, fault: reasonOf(error) }));
    // What cannot be read may be readable the next time, with other rights.
    if (stamp && facts.fault === undefined) known.remember(path, stamp, facts);
    return facts;
  };
  try {
    for (const folder of folders) {
      for (const { file, missing } of folder.unpaired) faults.push({ file, found: `no ${missing}` });
      const labels = new LabelReader(folder.classes);
      const found = new Array<DataFault | undefined>(folder.size);
      let ignores255 = false;
      const lookAt = async (index: number): Promise<DataFault | undefined> => {
        const [photo, map] = [folder.describe(index), folder.mapPath(index)];
        const [photoFacts, mapFacts] = await Promise.all([factsOf(photo, lookAtPhoto), factsOf(map, lookAtMap)]);
        ignores255 ||= hasClassesAnd255(mapFacts);
        return faultOf({ file: photo, ...photoFacts }, { file: map, ...mapFacts }, labels);
      };
      let next = 0;
      const lookOn = async (): Promise<void> => {
        while (next < folder.size) {
          const index = next++;
          found[index] = await lookAt(index);
          done++;
          if (done % SAMPLES_PER_REPORT === 0 && done < total) onProgress?.(done, total);
        }
      };
      await Promise.all(Array.from({ length: SAMPLES_IN_FLIGHT }, lookOn));
      // libvips keeps one text for the errors of all threads: alone, a file gets its own.
      for (const [index, fault] of found.entries()) if (fault?.found.startsWith(UNREADABLE)) found[index] = await lookAt(index);
      faults.push(...found.filter((fault) => fault !== undefined).filter((fault) => !(ignores255 && fault.found === MASK)));
    }
  } finally {
    await known.save();
  }
  onProgress?.(done, total);
  return { samples: total, decoded: decoded.size, faults };
}

/**
 * Stops where a check has found something.
 * @param mostNamed how many faults are named one by one
 * @throws DataError naming files and what is wrong with them
 */
export function expectSoundData({ samples, faults }: CheckReport, mostNamed = 10): void {
  if (faults.length === 0) return;
  const lines = faults.slice(0, mostNamed).map(({ file, found }) => `\n  ${file}: ${found}`);
  const more = faults.length > mostNamed ? `\n  and ${faults.length - mostNamed} more` : '';
  throw new DataError(`checkSegmentationData: expected sound photos and label images, got ${faults.length} faults among ${samples} samples:${lines.join('')}${more}`);
}

async function lookAtPhoto(file: string): Promise<FileFacts> {
  const { width, height } = await decodeImage(file);
  return { width, height };
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

/** Whether 255 stands beside a class other than 0. */
function hasClassesAnd255({ values = [] }: FileFacts): boolean {
  return values.some(([value]) => value === 255) && values.some(([value]) => value > 0 && value < 255);
}

function faultOf(photo: NamedFacts, map: NamedFacts, labels: LabelReader): DataFault | undefined {
  if (photo.fault !== undefined) return { file: photo.file, found: photo.fault };
  if (map.fault !== undefined) return { file: map.file, found: map.fault };
  if (map.width !== photo.width || map.height !== photo.height) {
    return { file: map.file, found: `${map.width} x ${map.height} pixels, its photo ${photo.file} has ${photo.width} x ${photo.height}` };
  }
  const values = map.values ?? [];
  if (values.length === 2 && values[0]?.[0] === 0 && values[1]?.[0] === 255) {
    return { file: map.file, found: MASK };
  }
  const wrong = values.filter(([value]) => labels.classOf(value) === undefined);
  if (wrong.length === 0) return undefined;
  const named = wrong.slice(0, 3).map(([value, pixels]) => `${value} in ${pixels} pixels`).join(', ');
  const more = wrong.length > 3 ? ` and ${wrong.length - 3} other values` : '';
  const { classes, reduceZeroLabel, merge } = labels.rules;
  const isOneMore = wrong.length === 1 && wrong[0]![0] === (merge?.length ?? classes);
  const remedy = !reduceZeroLabel && isOneMore ? '; if its classes are numbered from 1, set reduceZeroLabel' : '';
  return { file: map.file, found: `${named}${more}, expected ${labels.expected()}${remedy}` };
}

function stampOf(path: string): FileStamp | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && { bytes: stats.size, changedMs: stats.mtimeMs };
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^.*?, got:? /s, UNREADABLE);
}
