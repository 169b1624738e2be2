// The `finetune` command's work: from a checked config to a trained segmentation model, its scores and pictures of what it sees.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selectBackend, type BackendOptions } from '../backends/select.ts';
import { describePretrained, loadPretrained } from '../adapter/loadPretrained.ts';
import { writeFileAtomically } from '../checkpoint/atomicWrite.ts';
import { loadCheckpoint, sourceOf } from '../checkpoint/checkpoint.ts';
import { expectFinite } from '../checkpoint/finiteTensors.ts';
import { wrapperNotes } from '../checkpoint/wrapperNames.ts';
import type { FinetuneConfig } from '../config/finetuneSchema.ts';
import { fitWarmup } from '../config/warmup.ts';
import { expectSoundFiles } from '../data/files/fileCheck.ts';
import { checkSegmentationData } from '../data/segmentation/checkSegmentationData.ts';
import { decodeImage } from '../data/decode.ts';
import { loadInitialWeights } from '../engine/initialWeights.ts';
import { setPrecision } from '../engine/precision.ts';
import { formatDuration } from '../engine/progress.ts';
import { checkpointPath, openRun } from '../engine/runDirectory.ts';
import { lockRun } from '../engine/runLock.ts';
import type { TrainingResult } from '../engine/trainer.ts';
import { loadWeights } from '../engine/trainingState.ts';
import { createSegmentor } from '../heads/upernet/createSegmentor.ts';
import { meanIouCurve } from '../report/learningCurve.ts';
import { resultNames, withoutCommonFolder } from '../report/resultNames.ts';
import { segmentationPicture } from '../report/segmentationPicture.ts';
import type { SegmentationTask } from '../tasks/segmentation.ts';
import { checkOptions } from './checkOptions.ts';
import { runTraining, tell } from './runTraining.ts';
import { expectNormalisableBatches, openFolders, segmentationTask, trainerOptions, type SegmentationFolders } from './segmentationRun.ts';

export interface FinetuningOptions {
  readonly resume: boolean;
  /** A pretraining checkpoint whose weights the backbone starts from. */
  readonly pretrained?: string;
  /** A checkpoint of the same model, whose weights the run starts from. */
  readonly init?: string;
  /** Look at every photo and map first. */
  readonly checkData: boolean;
  readonly backend: BackendOptions;
}

/** Of the validation photos, so many get a picture. */
const PICTURES = 8;

/**
 * Trains what a config says, until its end or a signal.
 * @returns the exit code: 0, or 130, 143 or 129 after a signal
 * @throws UserError
 */
export async function runFinetuning(given: FinetuneConfig, options: FinetuningOptions): Promise<number> {
  const { config, note } = fitWarmup(given);
  const place = { path: config.out, config, resume: options.resume };
  await openRun(place); // what can be said at once, before data and weights are looked at
  expectNormalisableBatches(config);
  setPrecision(config.precision);
  const folders = await openFolders(config);
  if (options.checkData) await checkFolders(folders, config.data.dir);
  const model = createSegmentor(config.model);
  const task = segmentationTask(config, model, folders);
  await selectBackend(options.backend);
  const { classNames } = task.metadata;
  if (options.init !== undefined) for (const line of await loadInitialWeights(options.init, model, classNames)) tell(line);
  model.initialise(config.seed); // what has no values yet
  if (options.pretrained !== undefined) {
    const stored = await loadCheckpoint(options.pretrained, { parts: ['model'] });
    const report = await loadPretrained(model, stored.model);
    const isTaken = (name: string) => report.taken.includes(name) || report.taken.includes(`backbone.${name}`);
    expectFinite(new Map([...stored.model].filter(([name]) => isTaken(name))), await sourceOf(stored, 'model'));
    for (const note of wrapperNotes(stored.path, stored.wrapper)) tell(note);
    tell(`from ${stored.path}:`);
    for (const line of describePretrained(report)) tell(`  ${line}`);
  }

  const unlock = await lockRun(config.out);
  try {
    const run = await openRun(place);
    const parameters = [...model.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);
    const count = ({ size }: { readonly size: number }) => size.toLocaleString('en');
    tell(`${config.model.kind} with ${parameters.toLocaleString('en')} parameters, ${count(folders.training)} training and ${count(folders.validation)} validation photos of ${model.classes} classes`);
    tell(`writing to ${run.path}`);
    if (note !== undefined) tell(note);
    for (const change of run.configChanges) tell(`the config is not the one that this run began with: ${change}`);
    return await runTraining(task, trainerOptions(config, model.backbone.vit.blocks.length), run, {
      curve: meanIouCurve,
      summary: (result) => summary(result, config, task, folders),
    });
  } finally {
    unlock();
    await task.close();
    model.dispose();
  }
}

async function checkFolders({ training, validation }: SegmentationFolders, dataFolder: string): Promise<void> {
  const report = await checkSegmentationData([training, validation], checkOptions(dataFolder, 'photos with maps'));
  expectSoundFiles(report, 'checkSegmentationData', 'photos and label images');
  for (const note of report.notes) tell(note);
}

async function summary(
  { best, totalSteps, trainSeconds }: TrainingResult,
  config: FinetuneConfig,
  task: SegmentationTask,
  folders: SegmentationFolders,
): Promise<string> {
  const { out } = config;
  const { mIoU = 0, mAcc = 0, aAcc = 0 } = best?.ema ?? best?.metrics ?? {};
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  await loadWeights(checkpointPath(out, 'best'), task.model);
  const pictures = await drawPictures(task, folders, config);
  return [
    `trained ${totalSteps} steps in ${formatDuration(trainSeconds)}`,
    `best mIoU   ${percent(mIoU)}, mAcc ${percent(mAcc)}, aAcc ${percent(aAcc)}, after step ${best?.step ?? 0}`,
    `checkpoint  ${checkpointPath(out, 'best')}`,
    `curve       ${join(out, 'curve.svg')}`,
    `pictures    ${pictures}`,
  ].join('\n');
}

/** Photo, truth and prediction side by side for the first photos of the validation data. @returns their folder */
async function drawPictures(
  task: SegmentationTask,
  { validation }: SegmentationFolders,
  { out, compile }: FinetuneConfig,
): Promise<string> {
  const folder = join(out, 'pictures');
  const files = Array.from({ length: validation.size }, (_, i) => validation.describe(i));
  const names = resultNames(withoutCommonFolder(files), ['.png']);
  let drawn = 0;
  await task.count({ compile, isStopped: () => drawn >= PICTURES }, async ({ map, index }, data) => {
    const file = files[index]!;
    const prediction = { data, width: map.width, height: map.height };
    const photo = await decodeImage(file);
    const picture = await segmentationPicture({ photo, truth: map, prediction, classes: validation.classes });
    const target = join(folder, `${names[index]!}.png`);
    await writeFileAtomically(target, (temporary) => writeFile(temporary, picture));
    drawn++;
  });
  return folder;
}
