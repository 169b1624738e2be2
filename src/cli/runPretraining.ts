// The `pretrain` command's work: from a checked config to a trained checkpoint, and what is told on the way.

import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createClassifier } from '../backbones/classifier.ts';
import { joinPresets } from '../backbones/position/join.ts';
import { selectBackend, type BackendOptions } from '../backends/select.ts';
import type { PretrainConfig } from '../config/pretrainSchema.ts';
import { fitWarmup } from '../config/warmup.ts';
import { checkPictures } from '../data/checkPictures.ts';
import { expectSoundFiles } from '../data/files/fileCheck.ts';
import { openDatasets } from '../data/openDatasets.ts';
import { loadInitialWeights } from '../engine/initialWeights.ts';
import { setPrecision } from '../engine/precision.ts';
import { formatDuration } from '../engine/progress.ts';
import { checkpointPath, openRun } from '../engine/runDirectory.ts';
import { lockRun } from '../engine/runLock.ts';
import type { TrainingResult } from '../engine/trainer.ts';
import { top1Curve } from '../report/learningCurve.ts';
import { ClassificationTask } from '../tasks/classification.ts';
import { checkOptions } from './checkOptions.ts';
import { runTraining, tell } from './runTraining.ts';
import { shellCommand } from './shellCommand.ts';

export interface PretrainingOptions {
  readonly resume: boolean;
  /** A checkpoint whose weights the run starts from. */
  readonly init?: string;
  /** Look at every photo first. */
  readonly checkData: boolean;
  readonly backend: BackendOptions;
}

/**
 * Trains what a config says, until its end or a signal.
 * @returns the exit code: 0, or 130, 143 or 129 after a signal
 * @throws UserError
 */
export async function runPretraining(given: PretrainConfig, options: PretrainingOptions): Promise<number> {
  const { resume, init, checkData, backend } = options;
  const { config, note } = fitWarmup(given);
  const { accumulationSteps, batchSize, seed, workers } = config;
  await openRun({ path: config.out, config, resume }); // what can be said at once, before data and weights are looked at
  setPrecision(config.precision);
  const { training, validation } = await openDatasets(config.data);
  if (checkData && config.data.kind === 'imageFolder') {
    const report = await checkPictures([training, validation], checkOptions(config.data.trainDir, 'photos'));
    expectSoundFiles(report, 'checkPictures', 'photos');
  }
  const model = createClassifier(config.model);
  const task = new ClassificationTask({
    model,
    training,
    validation,
    augmentation: config.augmentation,
    batchSize: batchSize / accumulationSteps,
    labelSmoothing: config.labelSmoothing,
    seed,
    ...(workers !== undefined && { workers }),
  });
  await selectBackend(backend);
  if (init !== undefined) for (const line of await loadInitialWeights(init, model, task.metadata.classNames)) tell(line);
  model.initialise(seed); // what has no values yet

  const unlock = await lockRun(config.out);
  try {
    const run = await openRun({ path: config.out, config, resume });
    const parameters = [...model.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);
    tell(`${config.model.kind} with ${parameters.toLocaleString('en')} parameters, ${training.size.toLocaleString('en')} training and ${validation.size.toLocaleString('en')} validation images of ${training.classNames.length} classes`);
    tell(`writing to ${run.path}`);
    if (note !== undefined) tell(note);
    for (const change of run.configChanges) tell(`the config is not the one that this run began with: ${change}`);
    return await runTraining(task, config, run, { curve: top1Curve, summary: (result) => summary(result, config) });
  } finally {
    unlock();
    await task.close();
    model.dispose();
  }
}

function summary({ best, totalSteps, trainSeconds }: TrainingResult, config: PretrainConfig): string {
  const { out } = config;
  const weights = best?.ema === undefined ? '' : ' (moving average of the weights)';
  const { top1 = 0, top5 } = best?.ema ?? best?.metrics ?? {};
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return [
    `trained ${totalSteps} steps in ${formatDuration(trainSeconds)}`,
    `best top-1  ${percent(top1)},${top5 === undefined ? '' : ` top-5 ${percent(top5)},`} after epoch ${best?.epoch ?? 0}${weights}`,
    `checkpoint  ${checkpointPath(out, 'best')}`,
    `curve       ${join(out, 'curve.svg')}`,
    `next        ${compareCommand(config)}`,
  ].join('\n');
}

/** The other row of the papers' tables that this run wants to be held against. */
function compareCommand({ model, out }: PretrainConfig): string {
  const join = isDeepStrictEqual(model.join, joinPresets.default) ? 'mpvg' : 'default';
  const without = { flags: ['--resume'], options: ['--join', '--out'] };
  return shellCommand(process.argv.slice(2), { without, and: ['--join', join, '--out', `${out}-${join}`] });
}
