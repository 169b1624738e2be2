// The `predict` command's work: photos in, label images and overlays out.

import { stat, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { selectBackend, type BackendOptions } from '../backends/select.ts';
import { writeFileAtomically } from '../checkpoint/atomicWrite.ts';
import { makeFolder } from '../checkpoint/makeFolder.ts';
import { explainWriteError } from '../checkpoint/writeError.ts';
import type { FinetuneConfig } from '../config/finetuneSchema.ts';
import type { RawImage } from '../data/dataset.ts';
import { decodeImage } from '../data/decode.ts';
import { photosAmong } from '../data/files/fileNames.ts';
import { walkFiles } from '../data/files/walkFolders.ts';
import { encodeLabelPng } from '../data/labelPng.ts';
import { classSet, type ClassSet } from '../data/segmentation/classSet.ts';
import { testPhotos } from '../data/segmentation/testPhotos.ts';
import type { LabelMap } from '../data/transforms/resizeNearest.ts';
import { Interrupt } from '../engine/interrupt.ts';
import { setPrecision } from '../engine/precision.ts';
import { formatDuration } from '../engine/progress.ts';
import { loadWeights } from '../engine/trainingState.ts';
import { DataError, UserError } from '../errors.ts';
import { createSegmentor } from '../heads/upernet/createSegmentor.ts';
import { resultNames, sameName } from '../report/resultNames.ts';
import { segmentationPicture } from '../report/segmentationPicture.ts';
import { PhotoSegmenter } from '../tasks/photoSegmenter.ts';
import { tell } from './runTraining.ts';
import { inferenceMode, testScales } from './segmentationRun.ts';

export interface PredictionOptions {
  /** A run, a checkpoint or a .safetensors file. */
  readonly checkpoint: string;
  /** Folder for what is written. */
  readonly out: string;
  readonly backend: BackendOptions;
}

interface Predicted {
  readonly photo: string;
  readonly picture: string;
  /** Shares of the pixels by class, largest first. */
  readonly classes: Readonly<Record<string, number>>;
}

/** A photo, and where its results go: a path without an ending. */
interface Job {
  readonly photo: string;
  readonly target: string;
}

const PICTURE = '.png';
const LABELS = '.labels.png';

/**
 * Segments photos. One that cannot be read is told and passed over; what was done is listed in predictions.json, also after a
 * signal.
 * @returns the exit code: 0, 2 when photos were passed over, 130, 143 or 129 after a signal
 * @throws DataError when there is no photo or the checkpoint is of another model, or results cannot be written
 */
export async function runPrediction(
  config: FinetuneConfig,
  given: readonly string[],
  { checkpoint, out, backend }: PredictionOptions,
): Promise<number> {
  const jobs = jobsFor((await Promise.all(given.map((path) => photosAt(path, out)))).flat(), out);
  setPrecision(config.precision);
  await selectBackend(backend);
  const model = createSegmentor(config.model);
  const classes = classSet(config.data.classes);
  for (const note of await loadWeights(checkpoint, model, classes.names)) tell(note);
  model.initialise(0); // counts of batches, which files may leave out
  const { augmentation: { mean, std }, evaluation: { flip } } = config;
  const segmenter = new PhotoSegmenter(model, { mode: inferenceMode(config), flip, mean, std });
  await makeFolder(out).catch((error: unknown) => { throw explainWriteError(error, out, 'nothing was written'); });

  const predicted: Predicted[] = [];
  let skipped = 0;
  const start = performance.now();
  const interrupt = new Interrupt({ onRequest: () => tell('stopping after this photo; once more (Ctrl-C) ends at once') });
  try {
    for (const [i, { photo: file, target }] of jobs.entries()) {
      const seen = await segmented(file, segmenter, config).catch(userErrorOf);
      if (seen instanceof UserError) {
        skipped++;
        tell(`${i + 1} of ${jobs.length}  ${file}  skipped: ${seen.message}`);
      } else {
        await writeResults(seen, target, classes);
        predicted.push({ photo: file, picture: target + PICTURE, classes: shares(seen.map.data, classes) });
        const seconds = (performance.now() - start) / 1000;
        tell(`${i + 1} of ${jobs.length}  ${file}  ${topClasses(predicted.at(-1)!)}${timeLeft(i + 1, jobs.length, seconds)}`);
      }
      await new Promise(setImmediate); // a signal is heard when the event loop turns
      if (interrupt.isRequested) break;
    }
  } finally {
    interrupt.dispose();
    const summary = `${JSON.stringify(predicted, undefined, 2)}\n`;
    await writeFileAtomically(join(out, 'predictions.json'), (temporary) => writeFile(temporary, summary));
    segmenter.dispose();
    model.dispose();
  }
  const done = predicted.length + skipped;
  if (skipped > 0) tell(`${skipped} of ${done} photos skipped`);
  if (done < jobs.length) tell(`stopped after ${done} of ${jobs.length} photos`);
  console.log(`pictures    ${out}`);
  return done < jobs.length ? interrupt.exitCode : skipped > 0 ? 2 : 0;
}

interface Segmented {
  readonly photo: RawImage;
  readonly map: LabelMap;
}

async function segmented(file: string, segmenter: PhotoSegmenter, config: FinetuneConfig): Promise<Segmented> {
  const photo = await decodeImage(file);
  const data = await segmenter.segment(testPhotos(photo, testScales(config)), photo, config.compile);
  return { photo, map: { data, width: photo.width, height: photo.height } };
}

async function writeResults({ photo, map }: Segmented, target: string, classes: ClassSet): Promise<void> {
  const picture = await segmentationPicture({ photo, prediction: map, classes });
  await writeFileAtomically(target + PICTURE, (temporary) => writeFile(temporary, picture));
  const labels = await encodeLabelPng(map, classes.palette);
  await writeFileAtomically(target + LABELS, (temporary) => writeFile(temporary, labels));
}

/** An error that is the photo's; others are thrown on. */
function userErrorOf(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}

function timeLeft(done: number, total: number, seconds: number): string {
  if (done === total || done < 2) return '';
  const rate = done / seconds;
  return `  ${rate.toPrecision(2)} photos/s  ETA ${formatDuration((total - done) / rate)}`;
}

/** A photo with its name under `given`. */
interface GivenPhoto {
  readonly file: string;
  readonly name: string;
}

/** The photo itself, or a folder's, without what an earlier prediction wrote into a folder in it. */
async function photosAt(path: string, out: string): Promise<GivenPhoto[]> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) throw new DataError(`predict: expected a photo or a folder of photos, got ${path}: there is no such file`);
  if (!status.isDirectory() && !status.isFile()) throw new DataError(`predict: expected a photo or a folder of photos, got ${path}: a pipe or device`);
  if (!status.isDirectory()) return [{ file: resolve(path), name: basename(path) }];
  const written = relative(path, out);
  const isInside = written !== '' && !isAbsolute(written) && written.split(sep)[0] !== '..';
  const files = (await walkFiles(path, { caller: 'predict', what: 'photos' })).filter((file) => !isInside || !file.startsWith(`${written}/`));
  const photos = photosAmong(files, path, 'predict');
  if (photos.length === 0) throw new DataError(`predict: expected photos in ${path}, got none`);
  return photos.map((file) => ({ file: resolve(path, file), name: file }));
}

/**
 * Each photo once, and where its results go.
 * @throws DataError when a result would take the place of a photo
 */
function jobsFor(given: readonly GivenPhoto[], out: string): Job[] {
  const photos = [...new Map(given.map(({ file, name }) => [file, name]))];
  const names = resultNames(photos.map(([, name]) => name), [PICTURE, LABELS]);
  const own = new Set(photos.map(([file]) => sameName(file)));
  return photos.map(([photo], i) => {
    const target = join(out, names[i]!);
    for (const written of [target + PICTURE, target + LABELS]) {
      if (!own.has(sameName(resolve(written)))) continue;
      throw new DataError(`predict: expected another folder than that of the photos for --out, got ${out}: ${written} would be overwritten`);
    }
    return { photo, target };
  });
}

function shares(data: Uint8Array, { names }: ClassSet): Record<string, number> {
  const counts = new Float64Array(names.length);
  for (const value of data) counts[value]!++;
  const occurring = [...counts.entries()].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  return Object.fromEntries(occurring.map(([label, count]) => [names[label]!, count / data.length]));
}

function topClasses({ classes }: Predicted): string {
  return Object.entries(classes).slice(0, 3).map(([name, share]) => `${name} ${(100 * share).toFixed(0)} %`).join(', ');
}
