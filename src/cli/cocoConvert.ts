// `mpvg coco convert`.

import { CocoDataset } from '../data/coco/cocoDataset.ts';
import { findClassNames, readClassNames } from '../data/coco/convert/classNames.ts';
import type { ConversionNotes, ConvertedFile, PhotoProgress } from '../data/coco/convert/conversion.ts';
import { isYaml, photosOfSplit, readDataYaml } from '../data/coco/convert/dataYaml.ts';
import { checkNewFolder } from '../data/coco/convert/newFolder.ts';
import { readVoc, writeVoc } from '../data/coco/convert/vocDataset.ts';
import { checkNewFile, writeCocoFile } from '../data/coco/convert/writeCocoFile.ts';
import { readYolo, writeYolo } from '../data/coco/convert/yoloDataset.ts';
import { Interrupt } from '../engine/interrupt.ts';
import { ConfigError } from '../errors.ts';
import { CountProgress } from './countProgress.ts';
import { reading } from './readingProgress.ts';

export interface CocoConvertFlags {
  readonly from?: 'yolo' | 'voc';
  readonly to?: 'yolo' | 'voc';
  readonly labels?: string;
  readonly names?: string;
  readonly split?: string;
  readonly outlines?: true;
  readonly zeroBased?: true;
  readonly overwrite?: true;
}

/** Which ways an option belongs to. */
const belongsTo = {
  labels: ['from yolo'],
  names: ['from yolo', 'from voc'],
  split: ['from yolo', 'from voc'],
  outlines: ['to yolo'],
  zeroBased: ['from voc', 'to voc'],
  overwrite: ['from yolo', 'from voc'],
} as const;

interface Conversion {
  readonly input: string;
  readonly output: string;
  readonly flags: CocoConvertFlags;
  readonly onProgress: PhotoProgress;
  /** @throws Stopped after Ctrl-C */
  readonly checkStop: () => void;
}

interface Converted {
  readonly what: string;
  readonly notes: ConversionNotes;
}

/** Ctrl-C was pressed. */
class Stopped extends Error {}

/** @returns the exit code */
export async function cocoConvert(input: string, output: string, flags: CocoConvertFlags): Promise<number> {
  if (input === '' || output === '') throw new ConfigError('coco convert: expected paths for <in> and <out>, got an empty one');
  checkFlags(flags);
  const interrupt = new Interrupt();
  let progress: CountProgress | undefined;
  const checkStop = (): void => { if (interrupt.isRequested) throw new Stopped(); };
  const onProgress: PhotoProgress = (photos, inAll) => {
    checkStop();
    progress ??= new CountProgress({ unit: 'photos', total: inAll });
    progress.update(photos);
  };
  try {
    const convert = flags.from === undefined ? fromCoco : toCoco;
    const { what, notes } = await convert({ input, output, flags, onProgress, checkStop });
    progress?.finish();
    for (const [note, count] of notes) process.stderr.write(`note: ${count.toLocaleString('en')} ${note}\n`);
    console.log(`${output}: ${what}`);
    return 0;
  } catch (error) {
    progress?.finish();
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write(`stopped; nothing was written to ${output}\n`);
    return interrupt.exitCode;
  } finally {
    interrupt.dispose();
  }
}

function checkFlags(flags: CocoConvertFlags): void {
  const { from, to } = flags;
  if ((from === undefined) === (to === undefined)) {
    throw new ConfigError(`coco convert: expected either --from or --to, with yolo or voc, got ${from === undefined ? 'neither' : 'both'}`);
  }
  const way = from === undefined ? `to ${to}` : `from ${from}`;
  for (const [flag, ways] of Object.entries(belongsTo)) {
    if (flags[flag as keyof typeof belongsTo] === undefined || (ways as readonly string[]).includes(way)) continue;
    const option = flag.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
    throw new ConfigError(`coco convert: expected --${option} only with --${ways.join(' or --')}, got it with --${way}`);
  }
}

async function toCoco({ input, output, flags, onProgress, checkStop }: Conversion): Promise<Converted> {
  await checkNewFile(output, flags.overwrite === true);
  const read = flags.from === 'yolo' ? fromYolo : fromVoc;
  const { file, notes } = await read(input, flags, onProgress);
  await writeCocoFile(output, file, checkStop);
  const counts = [[file.images, 'photos'], [file.annotations, 'annotations'], [file.categories, 'categories']] as const;
  return { what: counts.map(([list, noun]) => `${(list?.length ?? 0).toLocaleString('en')} ${noun}`).join(', '), notes };
}

async function fromYolo(input: string, flags: CocoConvertFlags, onProgress: PhotoProgress): Promise<ConvertedFile> {
  const { labels, names, split } = flags;
  const data = isYaml(input) ? await readDataYaml(input) : undefined;
  if (split !== undefined && !data) throw new ConfigError(`coco convert: expected a data.yaml as <in> with --split, got ${input}`);
  const photos = data ? photosOfSplit(data, split) : [input];
  const classNames = names === undefined && data ? data.names : await readClassNames(names ?? findClassNames(input));
  return readYolo({ photos, labels, names: classNames, onProgress });
}

async function fromVoc(folder: string, flags: CocoConvertFlags, onProgress: PhotoProgress): Promise<ConvertedFile> {
  const { names, split, zeroBased } = flags;
  return readVoc({
    folder,
    ...(split !== undefined && { split }),
    ...(names !== undefined && { names: await readClassNames(names) }),
    isZeroBased: zeroBased === true,
    onProgress,
  });
}

async function fromCoco({ input, output, flags, onProgress, checkStop }: Conversion): Promise<Converted> {
  await checkNewFolder(output);
  const dataset = await reading(input, (onBytes) => CocoDataset.open(input, (bytes, inAll) => {
    checkStop();
    onBytes(bytes, inAll);
  }));
  const options = { folder: output, onProgress };
  const notes = flags.to === 'yolo' ? await writeYolo(dataset, { ...options, outlines: flags.outlines === true }) :
    await writeVoc(dataset, { ...options, isZeroBased: flags.zeroBased === true });
  return { what: `labels of ${dataset.images.count.toLocaleString('en')} photos`, notes };
}
