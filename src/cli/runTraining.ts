// The work of `train`: from a config to a trained checkpoint, and what is told on the way: progress, what a signal did, the
// learning curve, a summary.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describePretrained, loadPretrained } from '../adapter/loadPretrained.ts';
import { selectBackend, type BackendOptions } from '../backends/select.ts';
import { writeFileAtomically } from '../files/atomicWrite.ts';
import { loadCheckpoint, sourceOf } from '../checkpoint/checkpoint.ts';
import { expectFinite } from '../checkpoint/finiteTensors.ts';
import { wrapperNotes } from '../checkpoint/wrapperNames.ts';
import { openExperiment, type ConfigOverrides } from '../config/loadConfig.ts';
import { loadInitialWeights } from '../engine/initialWeights.ts';
import { Interrupt } from '../engine/interrupt.ts';
import { setPrecision } from '../engine/precision.ts';
import { formatDuration, Progress } from '../engine/progress.ts';
import { checkpointPath, openRun, type RunDirectory } from '../engine/runDirectory.ts';
import { lockRun } from '../files/runLock.ts';
import { readRunLog } from '../engine/runLog.ts';
import { train, type TrainingResult } from '../engine/trainer.ts';
import type { Module } from '../nn/module.ts';
import type { Score, Training } from '../recipes/recipe.ts';
import { learningCurve, type CurveMetric } from '../report/learningCurve.ts';
import type { Evaluator } from '../tasks/task.ts';
import { checkOptions } from './checkOptions.ts';
import { shellCommand } from './shellCommand.ts';
import { tell } from './tell.ts';

export interface RunTrainingOptions {
  readonly resume: boolean;
  /** A checkpoint of the same model, whose weights the run starts from. */
  readonly init?: string;
  /** A pretraining checkpoint whose weights the backbone starts from. */
  readonly pretrained?: string;
  /** Look at every file of the data first. */
  readonly checkData: boolean;
  readonly backend: BackendOptions;
}

/**
 * Trains what a config says, until its end or a signal. What can be refused is looked at in the order of what it takes: the
 * config, the place of the run, the device, the data, the weights.
 * @returns the exit code: 0, or 130, 143 or 129 after a signal
 * @throws UserError
 */
export async function runTraining(file: string, overrides: ConfigOverrides, options: RunTrainingOptions): Promise<number> {
  const experiment = await openExperiment(file, overrides);
  const { config, notes = [] } = experiment;
  const place = { path: config.out, config, resume: options.resume };
  await openRun(place);
  const unlock = await lockRun(config.out);
  try {
    const run = await openRun(place);
    setPrecision(config.precision);
    await selectBackend(options.backend);
    const training = await experiment.openTraining(options.checkData ? checkOptions : undefined);
    const { task } = training;
    const { model } = task;
    try {
      await startFrom(training, config.seed, options);
      const parameters = [...model.namedParameters().values()].reduce((sum, { size }) => sum + size, 0);
      tell(`${training.name} with ${parameters.toLocaleString('en')} parameters, ${training.data}`);
      tell(`writing to ${run.path}`);
      for (const note of notes) tell(note);
      for (const change of run.configChanges) tell(`the config is not the one that this run began with: ${change}`);
      return await trainIn(run, training);
    } finally {
      await task.close();
      model.dispose();
    }
  } finally {
    unlock();
  }
}

/** Gives every tensor of the model a value. */
async function startFrom({ task, notes = [] }: Training, seed: number, { init, pretrained }: RunTrainingOptions): Promise<void> {
  const { model, metadata } = task;
  for (const note of notes) tell(note);
  if (init !== undefined) for (const line of await loadInitialWeights(init, model, metadata.classNames)) tell(line);
  model.initialise(seed); // what has no values yet
  if (pretrained !== undefined) await startBackbone(model, pretrained);
}

async function startBackbone(model: Module, pretrained: string): Promise<void> {
  const stored = await loadCheckpoint(pretrained, { parts: ['model'] });
  const report = await loadPretrained(model, stored.model);
  const isTaken = (name: string) => report.taken.includes(name) || report.taken.includes(`backbone.${name}`);
  expectFinite(new Map([...stored.model].filter(([name]) => isTaken(name))), await sourceOf(stored, 'model'));
  for (const note of wrapperNotes(stored.path, stored.wrapper)) tell(note);
  tell(`from ${stored.path}:`);
  for (const line of describePretrained(report)) tell(`  ${line}`);
}

/** To the end of the schedule or to a signal; closes the run's log. */
async function trainIn(run: RunDirectory, training: Training): Promise<number> {
  let progress: Progress | undefined;
  const interrupt = new Interrupt({
    onRequest: () => (progress ?? { message: tell }).message('stopping after this step; once more (Ctrl-C) ends at once'),
  });
  try {
    const result = await train(training.task, training.options, run, {
      isStopped: () => interrupt.isRequested,
      onEvaluation: () => drawCurve(run, training.curve ?? curveOf(training.task.evaluator)),
      progress: (totalSteps, doneSteps) => (progress = new Progress({ totalSteps, doneSteps })),
    });
    const isStopped = result.step < result.totalSteps || result.last?.step !== result.step; // the last evaluation included
    if (isStopped) {
      tell(`stopped after step ${result.step} of ${result.totalSteps}; go on with: ${resumeCommand()}`);
      return interrupt.exitCode;
    }
    const made = await training.finish?.(result) ?? [];
    console.log(summary(result, run, training, made));
    return 0;
  } finally {
    interrupt.dispose();
    run.log.close();
  }
}

function curveOf({ mainMetric }: Evaluator): CurveMetric {
  return { key: mainMetric, label: mainMetric, axis: `${mainMetric} (%)` };
}

async function drawCurve({ path, log }: RunDirectory, curve: CurveMetric): Promise<void> {
  const picture = learningCurve(readRunLog(log.path), path, curve);
  await writeFileAtomically(join(path, 'curve.svg'), (temporary) => writeFile(temporary, picture));
}

function summary(
  { best, totalSteps, trainSeconds }: TrainingResult, { path }: RunDirectory, training: Training, made: readonly Score[],
): string {
  const { rival } = training;
  const [main, ...others] = training.scores(best?.ema ?? best?.metrics ?? {});
  const when = training.options.evaluateEverySteps === undefined ? `epoch ${best?.epoch ?? 0}` : `step ${best?.step ?? 0}`;
  const weights = best?.ema === undefined ? '' : ' (moving average of the weights)';
  const line = (label: string, text: string) => `${label.padEnd(11)} ${text}`;
  return [
    `trained ${totalSteps} steps in ${formatDuration(trainSeconds)}`,
    line(`best ${main?.[0] ?? ''}`, `${[main?.[1] ?? '', ...others.map((score) => score.join(' '))].join(', ')}, after ${when}${weights}`),
    line('checkpoint', checkpointPath(path, 'best')),
    line('curve', join(path, 'curve.svg')),
    ...made.map(([label, text]) => line(label, text)),
    ...(rival === undefined ? [] : [line('next', rivalCommand(path, rival))]),
  ].join('\n');
}

function resumeCommand(): string {
  return shellCommand(process.argv.slice(2), { without: { flags: ['--resume'], options: [] }, and: ['--resume'] });
}

/** The other row of the papers' tables that this run wants to be held against. */
function rivalCommand(out: string, join: string): string {
  const without = { flags: ['--resume'], options: ['--join', '--out'] };
  return shellCommand(process.argv.slice(2), { without, and: ['--join', join, '--out', `${out}-${join}`] });
}
