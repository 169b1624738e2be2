// The work of `predict`: photos in, what a model says of them out.

import { stat, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { selectBackend, type BackendOptions } from '../backends/select.ts';
import { writeFileAtomically } from '../files/atomicWrite.ts';
import { makeFolder } from '../files/makeFolder.ts';
import { explainWriteError } from '../files/writeError.ts';
import { openExperiment, type ConfigOverrides } from '../config/loadConfig.ts';
import { photosAmong } from '../data/files/fileNames.ts';
import { walkFiles } from '../data/files/walkFolders.ts';
import { Interrupt } from '../engine/interrupt.ts';
import { setPrecision } from '../engine/precision.ts';
import { formatDuration } from '../engine/progress.ts';
import { loadWeights } from '../engine/trainingState.ts';
import { DataError, UserError } from '../errors.ts';
import { expectPart, type Predicted } from '../recipes/recipe.ts';
import { resultNames, sameName } from '../report/resultNames.ts';
import { tell } from './tell.ts';

export interface PredictionOptions {
  /** A run, a checkpoint or a .safetensors file. */
  readonly checkpoint: string;
  /** Folder for what is written. */
  readonly out: string;
  readonly backend: BackendOptions;
}

/** A photo, and where its results go: a path without an ending. */
interface Job {
  readonly photo: string;
  readonly target: string;
}

/** An entry of predictions.json. */
interface Entry {
  readonly photo: string;
  /** The first of the pictures. */
  readonly picture?: string;
  readonly [field: string]: unknown;
}

/**
 * Asks a model about photos. One that cannot be read is told and passed over; what was done is listed in predictions.json, also
 * after a signal.
 * @param file a config, or the run that is asked
 * @returns the exit code: 0, 2 when photos were passed over, 130, 143 or 129 after a signal
 * @throws DataError when there is no photo or the checkpoint is of another model, or results cannot be written
 */
export async function runPrediction(
  file: string,
  overrides: ConfigOverrides,
  given: readonly string[],
  { checkpoint, out, backend }: PredictionOptions,
): Promise<number> {
  const experiment = await openExperiment(file, overrides);
  const prediction = await expectPart(experiment, 'openPrediction')();
  const { model, classNames, endings } = prediction;
  const jobs = jobsFor((await Promise.all(given.map((path) => photosAt(path, out)))).flat(), out, endings);
  setPrecision(experiment.config.precision);
  await selectBackend(backend);
  const { notes, classNames: stored } = await loadWeights(checkpoint, model, classNames);
  for (const note of notes) tell(note);
  model.initialise(0); // counts of batches, which files may leave out
  const predictor = prediction.predictor(stored);
  await makeFolder(out).catch((error: unknown) => { throw explainWriteError(error, out, 'nothing was written'); });

  const entries: Entry[] = [];
  let skipped = 0;
  const start = performance.now();
  const interrupt = new Interrupt({ onRequest: () => tell('stopping after this photo; once more (Ctrl-C) ends at once') });
  try {
    for (const [i, { photo, target }] of jobs.entries()) {
      const seen = await predictor.predict(photo).catch(userErrorOf);
      if (seen instanceof UserError) {
        skipped++;
        tell(`${i + 1} of ${jobs.length}  ${photo}  skipped: ${seen.message}`);
      } else {
        await writePictures(seen, target);
        const [ending] = endings;
        entries.push({ photo, ...(ending !== undefined && { picture: target + ending }), ...seen.result });
        const seconds = (performance.now() - start) / 1000;
        tell(`${i + 1} of ${jobs.length}  ${photo}  ${seen.headline}${timeLeft(i + 1, jobs.length, seconds)}`);
      }
      await new Promise(setImmediate); // a signal is heard when the event loop turns
      if (interrupt.isRequested) break;
    }
  } finally {
    interrupt.dispose();
    const summary = `${JSON.stringify(entries, undefined, 2)}\n`;
    await writeFileAtomically(join(out, 'predictions.json'), (temporary) => writeFile(temporary, summary));
    predictor.dispose();
    model.dispose();
  }
  const done = entries.length + skipped;
  if (skipped > 0) tell(`${skipped} of ${done} photos skipped`);
  if (done < jobs.length) tell(`stopped after ${done} of ${jobs.length} photos`);
  console.log(endings.length > 0 ? `pictures    ${out}` : `results     ${join(out, 'predictions.json')}`);
  return done < jobs.length ? interrupt.exitCode : skipped > 0 ? 2 : 0;
}

async function writePictures({ pictures }: Predicted, target: string): Promise<void> {
  for (const [ending, make] of pictures) {
    const picture = await make();
    await writeFileAtomically(target + ending, (temporary) => writeFile(temporary, picture));
  }
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
function jobsFor(given: readonly GivenPhoto[], out: string, endings: readonly string[]): Job[] {
  const photos = [...new Map(given.map(({ file, name }) => [file, name]))];
  const names = resultNames(photos.map(([, name]) => name), endings);
  const own = new Set(photos.map(([file]) => sameName(file)));
  return photos.map(([photo], i) => {
    const target = join(out, names[i]!);
    const written = endings.map((ending) => target + ending).find((file) => own.has(sameName(resolve(file))));
    if (written === undefined) return { photo, target };
    throw new DataError(`predict: expected another folder than that of the photos for --out, got ${out}: ${written} would be overwritten`);
  });
}
