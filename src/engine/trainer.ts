// The training loop: runs any Task. Everything random is drawn from (seed, number of the pass), the data from (seed, epoch), the
// learning rate from the number of the update, so a run that was interrupted anywhere and resumed has the weights of one that
// was not, bit for bit.

import { dispose } from '@tensorflow/tfjs-core';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConfigError, DataError } from '../errors.ts';
import { hashKey } from '../random/rng.ts';
import type { Metrics, Task } from '../tasks/task.ts';
import { expectRunFits } from './memoryNeed.ts';
import { nonFiniteError, nonFiniteIn } from './nonFinite.ts';
import { Optimizer, type OptimizerOptions } from './optimizer.ts';
import type { Progress } from './progress.ts';
import { checkpointPath, writeMetrics, type RunDirectory } from './runDirectory.ts';
import { learningRate, totalUpdates, type Schedule } from './schedule.ts';
import { TrainingStep, type PassResult } from './trainingStep.ts';
import { restoreTraining, savePosition, saveTraining, type Evaluation, type RunPosition, type TrainingMoment } from './trainingState.ts';
import { WeightAverage } from './weightAverage.ts';

/** How a task is trained. */
export interface TrainerOptions {
  /** How gradients become updates. */
  readonly optimizer: OptimizerOptions;
  /** The learning rate's course; it says how many epochs or updates there are. */
  readonly schedule: Schedule;
  /** Batches of the task whose gradients make one update; of an epoch's last batches, those that make none are left out. */
  readonly accumulationSteps: number;
  /** Greatest global norm of the gradient. */
  readonly clipGradNorm: 'none' | number;
  /** Moving average of the weights. */
  readonly ema: 'none' | { readonly decay: number };
  /** Of the order of batches and of what is drawn in the forward pass. */
  readonly seed: number;
  /** Evaluates and saves by epochs, or by updates; the end of the run is always evaluated. One of the two. */
  readonly evaluateEveryEpochs?: number | undefined;
  /** See `evaluateEveryEpochs`. */
  readonly evaluateEverySteps?: number;
  /** Saves `last` every so many updates too, besides at the end of each epoch or at each evaluation by updates. Default: no. */
  readonly checkpointEverySteps?: number;
  /** Factor on a parameter's learning rate, by its name. Default 1. */
  readonly learningRateScale?: (name: string) => number;
  /** Trace the step once and run it natively from then on. */
  readonly compile: boolean;
}

/** Who watches a run. */
export interface TrainerObservers {
  /** Asked after each update: true ends the run there, with a checkpoint. */
  readonly isStopped?: () => boolean;
  /** After an evaluation, before its checkpoint. */
  readonly onEvaluation?: (evaluation: Evaluation) => Promise<void> | void;
  /** Made when it is known how many updates there are. */
  readonly progress?: (totalSteps: number, doneSteps: number) => Progress;
}

/** How a run ended. */
export interface TrainingResult {
  /** Updates done, of `totalSteps`. Fewer when it was stopped. */
  readonly step: number;
  /** Updates of the whole run. */
  readonly totalSteps: number;
  /** The best evaluation so far; undefined before the first. */
  readonly best?: Evaluation | undefined;
  /** The latest evaluation; undefined before the first. */
  readonly last?: Evaluation | undefined;
  /** See RunPosition. */
  readonly trainSeconds: number;
}

/** At most about so many lines of a run's log are of training steps. */
const LOGGED_STEPS = 2000;

/**
 * Trains a task to the end of its schedule, or until it is stopped.
 *
 * @param run where it is logged and saved; where it has a checkpoint to resume from, the run goes on from there
 * @throws DataError with the step, the loss and the samples, when a loss is not finite: no checkpoint has those weights; or when
 *   a checkpoint cannot be written or read. ConfigError when there is no update in an epoch, or the run's epochs have changed.
 */
export async function train<Batch>(
  task: Task<Batch>,
  options: TrainerOptions,
  run: RunDirectory,
  observers: TrainerObservers = {},
): Promise<TrainingResult> {
  const trainer = new Trainer(task, options, run, observers, await averageOf(task, options));
  try {
    return await trainer.train();
  } finally {
    trainer.dispose();
  }
}

class Trainer<Batch> {
  readonly #task: Task<Batch>;
  readonly #options: TrainerOptions;
  readonly #run: RunDirectory;
  readonly #observers: TrainerObservers;
  readonly #average: WeightAverage | undefined;
  readonly #optimizer: Optimizer;
  readonly #pass: TrainingStep;
  readonly #updatesPerEpoch: number;
  readonly #totalSteps: number;
  readonly #logEvery: number;
  #progress: Progress | undefined;
  #step = 0;
  #last: Evaluation | undefined;
  #best: Evaluation | undefined;
  #trainSeconds = 0;
  /** Of the newest checkpoint, and of `last`; -1 where there is none. */
  #savedStep = -1;
  #lastStep = -1;
  #hasBegun = false;
  /** Batches without a label since one with a label. */
  #unlabelled = 0;
  #hasToldOfLabels = false;

  constructor(
    task: Task<Batch>,
    options: TrainerOptions,
    run: RunDirectory,
    observers: TrainerObservers,
    average: WeightAverage | undefined,
  ) {
    const { accumulationSteps, clipGradNorm, compile } = options;
    const { batchesPerEpoch } = task.training;
    this.#updatesPerEpoch = Math.floor(batchesPerEpoch / accumulationSteps);
    if (this.#updatesPerEpoch === 0) {
      throw new ConfigError(`train: expected at least ${accumulationSteps} batches in an epoch (accumulationSteps), got ${batchesPerEpoch}; lower batchSize or accumulationSteps`);
    }
    const parameters = task.model.namedParameters();
    this.#task = task;
    this.#options = options;
    this.#run = run;
    this.#observers = observers;
    this.#average = average;
    this.#optimizer = new Optimizer(parameters, options.optimizer, options.learningRateScale);
    this.#pass = new TrainingStep({
      parameters,
      loss: (inputs) => task.loss(inputs),
      optimizer: this.#optimizer,
      average,
      accumulationSteps,
      clipGradNorm,
      compile,
    });
    this.#totalSteps = totalUpdates(options.schedule, this.#updatesPerEpoch);
    this.#logEvery = Math.max(1, Math.floor(this.#totalSteps / LOGGED_STEPS));
  }

  async train(): Promise<TrainingResult> {
    this.#expectMemory();
    await this.#resume();
    this.#progress ??= this.#observers.progress?.(this.#totalSteps, this.#step);
    try {
      await this.#evaluateWhenDue(); // a run that was stopped during an evaluation makes up for it
      while (this.#step < this.#totalSteps && !this.#isStopped()) {
        await this.#trainOn();
        await this.#evaluateWhenDue();
      }
      await this.#saveLast();
    } finally {
      this.#progress?.finish();
    }
    return { step: this.#step, ...this.#metrics() };
  }

  dispose(): void {
    this.#pass.dispose();
    this.#optimizer.dispose();
    this.#average?.dispose();
  }

  #expectMemory(): void {
    const task = this.#task;
    const weights = [...task.model.namedTensors().values()].reduce((sum, { size }) => sum + 4 * size, 0);
    expectRunFits({
      batchSize: task.batchSize,
      accumulationSteps: this.#options.accumulationSteps,
      inputs: (pictures) => task.inputs(pictures),
      peakBytes: (inputs) => this.#pass.peakBytes(inputs),
      batchesAhead: task.training.batchesAhead,
      savedBytes: weights * (this.#average === undefined ? 1 : 2) + this.#optimizer.stateBytes,
    });
  }

  async #resume(): Promise<void> {
    const { resumeFrom, path } = this.#run;
    if (resumeFrom === undefined) return;
    const { metadata, model } = this.#task;
    const state = { model, optimizer: this.#optimizer, average: this.#average };
    const expected = { updatesPerEpoch: this.#updatesPerEpoch, totalSteps: this.#totalSteps, metadata };
    const { position, otherMeasure } = await restoreTraining(resumeFrom, state, expected);
    this.#step = this.#savedStep = position.step;
    if (resumeFrom === checkpointPath(path, 'last')) this.#lastStep = position.step;
    this.#last = position.last;
    this.#best = position.best;
    this.#trainSeconds = position.trainSeconds;
    this.#progress = this.#observers.progress?.(this.#totalSteps, this.#step);
    if (otherMeasure !== undefined) {
      this.#progress?.message(`the best score so far is not kept: it is ${otherMeasure}, and now it is ${metadata.measure}`);
    }
  }

  /** Makes the run this process's. Up to here nothing on disk has changed, so that what is refused costs no run anything. */
  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    await this.#run.begin();
    const step = this.#run.resumeFrom === undefined ? -1 : this.#step;
    this.#run.log.truncateAfter(step, { isEvaluated: this.#last?.step === step });
    this.#hasBegun = true;
  }

  /** Trains from where the run stands to the end of its epoch, to its next evaluation, or to where it is stopped. */
  async #trainOn(): Promise<void> {
    const { accumulationSteps, checkpointEverySteps, evaluateEverySteps: every } = this.#options;
    const epoch = Math.floor(this.#step / this.#updatesPerEpoch);
    const nextEvaluation = every === undefined ? Infinity : this.#step + every - (this.#step % every);
    const end = Math.min((epoch + 1) * this.#updatesPerEpoch, nextEvaluation, this.#totalSteps);
    const batches = this.#task.training.epoch(epoch, (this.#step % this.#updatesPerEpoch) * accumulationSteps);
    let upcoming = batches.next();
    let startedAt = performance.now();
    let images = 0;
    let part = 0;
    try {
      while (this.#step < end && !this.#isStopped()) {
        const next = await upcoming;
        if (next.done === true) break;
        const batch = next.value;
        const inputs = this.#task.upload(batch);
        const isUpdate = part === accumulationSteps - 1;
        const running = this.#pass.run(inputs, {
          isUpdate,
          learningRate: this.#learningRate(),
          update: this.#step + 1,
          seed: hashKey(this.#options.seed, this.#step * accumulationSteps + part),
        });
        upcoming = batches.next(); // is made while the pass runs
        upcoming.catch(() => undefined); // if it fails, it does so where it is awaited
        const result = await running;
        dispose(inputs);
        await this.#begin();
        this.#refuseNonFinite(result, batch);
        this.#expectLabels(batch);
        images += this.#task.size(batch);
        part = isUpdate ? 0 : part + 1;
        if (!isUpdate) continue;

        const seconds = (performance.now() - startedAt) / 1000;
        startedAt = performance.now();
        this.#trainSeconds += seconds;
        this.#step++;
        this.#report(result, images, seconds);
        images = 0;
        if (checkpointEverySteps !== undefined && this.#step % checkpointEverySteps === 0) {
          await this.#saveLast();
          startedAt = performance.now();
        }
        await nextTurn(); // signals are seen here
      }
    } finally {
      await batches.return?.();
    }
  }

  /** At the end of an epoch, or after so many updates: a checkpoint, and the evaluation that is due. */
  async #evaluateWhenDue(): Promise<void> {
    const { evaluateEveryEpochs, evaluateEverySteps } = this.#options;
    const isEnd = this.#step === this.#totalSteps;
    const isAtUpdates = evaluateEverySteps !== undefined && this.#step > 0 && this.#step % evaluateEverySteps === 0;
    const isAtEpoch = evaluateEverySteps === undefined && this.#step > 0 && this.#step % this.#updatesPerEpoch === 0;
    if (!isEnd && !isAtUpdates && !isAtEpoch) return;
    await this.#saveLast(); // first: what fails in an evaluation, or ends it, costs no step
    const isDue = isEnd || isAtUpdates || (evaluateEveryEpochs !== undefined && this.#epochsDone() % evaluateEveryEpochs === 0);
    if (!isDue || this.#last?.step === this.#step || this.#isStopped()) return;
    const evaluation = await this.#evaluate();
    if (evaluation === undefined) return;

    await this.#begin();
    const isBest = this.#best === undefined || this.#score(evaluation) > this.#score(this.#best);
    this.#last = evaluation;
    if (isBest) this.#best = evaluation;
    this.#run.log.append({ event: 'evaluate', ...evaluation });
    await this.#observers.onEvaluation?.(evaluation);
    await writeMetrics(this.#run.path, this.#metrics());
    if (isBest) await this.#save('best');
    // `last` knows of the evaluation in the end: a run that was killed before goes on from there and repeats it.
    this.#run.log.sync();
    await savePosition(checkpointPath(this.#run.path, 'last'), this.#moment());
  }

  async #evaluate(): Promise<Evaluation | undefined> {
    this.#progress?.pause();
    const options = { compile: this.#options.compile, isStopped: () => this.#isStopped() };
    const measure = async (): Promise<Metrics | undefined> => this.#task.evaluator.evaluate(options).catch((error: unknown) => {
      this.#progress?.message(`the evaluation failed; the weights after step ${this.#step} are saved, and --resume evaluates them again`);
      throw error;
    });
    const metrics = await measure();
    const ema = metrics && (await this.#average?.during(measure));
    this.#progress?.resume();
    if (metrics === undefined || (this.#average !== undefined && ema === undefined)) return undefined;
    const when = this.#options.evaluateEverySteps === undefined ? `epoch ${this.#epochsDone()}` : `step ${this.#step}`;
    this.#progress?.message(`${when}  ${this.#headline(metrics)}${ema === undefined ? '' : `  EMA ${this.#headline(ema)}`}`);
    return { step: this.#step, epoch: this.#epochsDone(), metrics, ...(ema && { ema }) };
  }

  /** Brings `last` to where the run stands. */
  async #saveLast(): Promise<void> {
    if (this.#lastStep === this.#step) return;
    await this.#save('last');
    this.#lastStep = this.#step;
  }

  async #save(name: string): Promise<void> {
    this.#progress?.pause();
    await this.#begin();
    this.#run.log.sync();
    const state = { model: this.#task.model, optimizer: this.#optimizer, average: this.#average };
    await saveTraining(checkpointPath(this.#run.path, name), state, this.#moment());
    this.#savedStep = this.#step;
    this.#progress?.resume();
  }

  #moment(): TrainingMoment {
    const position: RunPosition = {
      step: this.#step,
      updatesPerEpoch: this.#updatesPerEpoch,
      ...(this.#last && { last: this.#last }),
      ...(this.#best && { best: this.#best }),
      trainSeconds: this.#trainSeconds,
    };
    return { position, metadata: this.#task.metadata };
  }

  #report({ losses, gradientNorm }: PassResult, images: number, seconds: number): void {
    const [epoch, epochs] = [this.#step, this.#totalSteps].map((steps) => Math.ceil(steps / this.#updatesPerEpoch));
    const label = this.#options.evaluateEverySteps === undefined ? { label: `epoch ${epoch}/${epochs}` } : {};
    const { loss = NaN } = losses;
    this.#progress?.update({ step: this.#step, loss, images, ...label });
    if (this.#step % this.#logEvery !== 0) return;
    this.#run.log.append({
      event: 'train',
      step: this.#step,
      ...losses,
      learningRate: this.#learningRate(this.#step - 1),
      ...(gradientNorm !== undefined && { gradientNorm }),
      imagesPerSecond: Number((images / seconds).toPrecision(4)),
    });
  }

  #refuseNonFinite({ losses, gradientNorm }: PassResult, batch: Batch): void {
    const values = { ...losses, ...(gradientNorm !== undefined && { 'gradient norm': gradientNorm }) };
    const found = nonFiniteIn(values);
    if (found === undefined) return;
    const fault = { step: this.#step + 1, ...found, samples: this.#task.describe(batch) };
    this.#run.log.append({ event: 'nonFinite', ...fault });
    throw nonFiniteError(fault, this.#savedStep < 0 ? undefined : this.#savedStep);
  }

  /** Says once that a batch teaches nothing, and stops where an epoch's batches do not. */
  #expectLabels(batch: Batch): void {
    if (this.#task.isUnlabelled?.(batch) !== true) {
      this.#unlabelled = 0;
      return;
    }
    const samples = this.#task.describe(batch).slice(0, 3).join(', ');
    if (++this.#unlabelled === this.#task.training.batchesPerEpoch) {
      throw new DataError(`train: expected labels in the training data, got none in ${this.#unlabelled} batches, an epoch, last in ${samples}; ${this.#task.labelAdvice ?? 'look at the labels'}`);
    }
    if (this.#hasToldOfLabels) return;
    this.#hasToldOfLabels = true;
    this.#progress?.message(`the batch of step ${this.#step + 1} has no label, so it teaches nothing: ${samples}`);
  }

  #metrics(): Omit<TrainingResult, 'step'> {
    return { totalSteps: this.#totalSteps, best: this.#best, last: this.#last, trainSeconds: this.#trainSeconds };
  }

  /**
   * What tells the best evaluation: of the average, where there is one, for it is what people will use. Anything is better than a
   * score that is not a number.
   */
  #score({ metrics, ema }: Evaluation): number {
    const score = (ema ?? metrics)[this.#task.evaluator.mainMetric] ?? NaN;
    return Number.isNaN(score) ? -Infinity : score;
  }

  #learningRate(update = this.#step): number {
    return learningRate(this.#options.schedule, this.#options.optimizer.lr, update, this.#updatesPerEpoch);
  }

  /** `top1 0.5263  loss 1.2345`. */
  #headline(metrics: Metrics): string {
    const { headline = Object.keys(metrics) } = this.#task.evaluator;
    return headline.map((name) => `${name} ${metrics[name]?.toFixed(4)}`).join('  ');
  }

  #epochsDone(): number {
    return this.#step / this.#updatesPerEpoch;
  }

  #isStopped(): boolean {
    return this.#observers.isStopped?.() ?? false;
  }
}

async function averageOf<Batch>({ model }: Task<Batch>, { ema }: TrainerOptions): Promise<WeightAverage | undefined> {
  return ema === 'none' ? undefined : WeightAverage.of(model.namedTensors(), ema.decay);
}
