// The `predict` command's work: photos in, label images and overlays out.

import { stat, writeFile } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import sharp from 'sharp';
import { selectBackend, type BackendOptions } from '../backends/select.ts';
import { writeFileAtomically } from '../checkpoint/atomicWrite.ts';
import { makeFolder } from '../checkpoint/makeFolder.ts';
import { explainWriteError } from '../checkpoint/writeError.ts';
import type { FinetuneConfig } from '../config/finetuneSchema.ts';
import { decodeImage } from '../data/decode.ts';
import { photosAmong } from '../data/files/fileNames.ts';
import { walkFiles } from '../data/files/walkFolders.ts';
import { classSet, type ClassSet } from '../data/segmentation/classSet.ts';
import { testPhotos } from '../data/segmentation/testPhotos.ts';
import { setPrecision } from '../engine/precision.ts';
import { loadWeights } from '../engine/trainingState.ts';
import { DataError } from '../errors.ts';
import { createSegmentor } from '../heads/upernet/createSegmentor.ts';
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

/** @throws DataError when there is no photo, one cannot be decoded, or the checkpoint is of another model */
export async function runPrediction(
  config: FinetuneConfig,
  given: readonly string[],
  { checkpoint, out, backend }: PredictionOptions,
): Promise<void> {
  const files = [...new Set((await Promise.all(given.map((path) => photosAt(path, out)))).flat())];
  const targets = targetsFor(files, out);
  setPrecision(config.precision);
  await selectBackend(backend);
  const model = createSegmentor(config.model);
  await loadWeights(checkpoint, model);
  const classes = classSet(config.data.classes);
  const { augmentation: { mean, std }, evaluation: { flip } } = config;
  const segmenter = new PhotoSegmenter(model, { mode: inferenceMode(config), flip, mean, std });
  await makeFolder(out).catch((error: unknown) => { throw explainWriteError(error, out, 'nothing was written'); });
  const predicted: Predicted[] = [];
  for (const [i, file] of files.entries()) {
    const photo = await decodeImage(file);
    const data = await segmenter.segment(testPhotos(photo, testScales(config)), photo, config.compile);
    const map = { data, width: photo.width, height: photo.height };
    const target = targets[i]!;
    const picture = await segmentationPicture({ photo, prediction: map, classes });
    await writeFileAtomically(`${target}.png`, (temporary) => writeFile(temporary, picture));
    const raw = { width: map.width, height: map.height, channels: 1 } as const;
    const labels = await sharp(data, { raw }).toColourspace('b-w').png().toBuffer(); // grey as it is, not sRGB
    await writeFileAtomically(`${target}.labels.png`, (temporary) => writeFile(temporary, labels));
    predicted.push({ photo: file, picture: `${target}.png`, classes: shares(data, classes) });
    tell(`${i + 1} of ${files.length}  ${file}  ${topClasses(predicted.at(-1)!)}`);
  }
  const summary = `${JSON.stringify(predicted, undefined, 2)}\n`;
  await writeFileAtomically(join(out, 'predictions.json'), (temporary) => writeFile(temporary, summary));
  segmenter.dispose();
  model.dispose();
  console.log(`pictures    ${out}`);
}

/** The photo itself, or a folder's, without what an earlier prediction wrote into a folder in it. */
async function photosAt(path: string, out: string): Promise<string[]> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) throw new DataError(`predict: expected a photo or a folder of photos, got ${path}: there is no such file`);
  if (!status.isDirectory()) return [resolve(path)];
  const written = relative(path, out);
  const isInside = written !== '' && !isAbsolute(written) && written.split(sep)[0] !== '..';
  const files = (await walkFiles(path, { caller: 'predict', what: 'photos' })).filter((file) => !isInside || !file.startsWith(`${written}/`));
  const photos = photosAmong(files, path, 'predict');
  if (photos.length === 0) throw new DataError(`predict: expected photos in ${path}, got none`);
  return photos.map((file) => resolve(path, file));
}

/**
 * Where each photo's results go, without an ending: its name, with a number where photos of several folders have the same.
 * @throws DataError when a result would take the place of a photo
 */
function targetsFor(files: readonly string[], out: string): string[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const name = basename(file, extname(file));
    let target = join(out, name);
    for (let number = 2; taken.has(target); number++) target = join(out, `${name}-${number}`);
    taken.add(target);
    for (const written of [`${target}.png`, `${target}.labels.png`]) {
      if (files.includes(resolve(written))) {
        throw new DataError(`predict: expected another folder than that of the photos for --out, got ${out}: ${written} would be overwritten`);
      }
    }
    return target;
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
