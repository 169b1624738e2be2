// Learning rate as a pure function of the update's number, so that a resumed run needs nothing but that number.
// Sources: cosine: Loshchilov & Hutter, SGDR (ICLR 2017), with warm-up, minimum and cool-down as in timm 1.0.31's
// CosineLRScheduler with one cycle; poly and step with linear warm-up: mmcv 1.x's learning-rate hooks.

/** Half a cosine from the base rate down to `minLr`, after a linear warm-up, before a cool-down at `minLr`. */
export interface CosineSchedule {
  readonly kind: 'cosine';
  /** From the start to the end of the cosine; the warm-up takes its first part, unless `warmupPrefix`. */
  readonly epochs: number;
  /** Of the warm-up; 0 for none. */
  readonly warmupEpochs: number;
  /** The rate of the first update; the warm-up rises from it to the base rate. */
  readonly warmupLr: number;
  /** The rate at the end of the cosine. */
  readonly minLr: number;
  /** Epochs at `minLr` at the end, in addition to `epochs`. */
  readonly cooldownEpochs: number;
  /** Whether the rate changes with each update or stays within an epoch. Default 'update'. */
  readonly by?: 'update' | 'epoch';
  /** Whether the warm-up comes before the cosine and in addition to `epochs`. Default false. */
  readonly warmupPrefix?: boolean;
}

/** A linear warm-up whose factor on the schedule's rate rises from `warmupRatio` to 1. */
export interface LinearWarmup {
  /** How many updates it takes; 0 for none. */
  readonly warmupUpdates: number;
  /** The factor of the first update. */
  readonly warmupRatio: number;
}

/** From the base rate to `minLr` along (1 - update / updates) ^ power. */
export interface PolySchedule extends LinearWarmup {
  readonly kind: 'poly';
  /** The length of the run. */
  readonly updates: number;
  /** 1 is a straight line. */
  readonly power: number;
  /** The rate at the end. */
  readonly minLr: number;
}

/** The base rate, multiplied by `gamma` from each of the given epochs (counted from 0) on. */
export interface StepSchedule extends LinearWarmup {
  readonly kind: 'step';
  /** The length of the run. */
  readonly epochs: number;
  /** Where the rate falls. */
  readonly stepEpochs: readonly number[];
  /** The factor of each fall. */
  readonly gamma: number;
}

/** How the learning rate goes over a run; plain data. */
export type Schedule = CosineSchedule | PolySchedule | StepSchedule;

/**
 * The learning rate of one update.
 * @param baseLr the rate that the schedule scales: after the warm-up, before the decay
 * @param update the number of updates before this one (0 for the first)
 * @param updatesPerEpoch optimizer steps in an epoch
 */
export function learningRate(schedule: Schedule, baseLr: number, update: number, updatesPerEpoch: number): number {
  switch (schedule.kind) {
    case 'cosine':
      return cosineRate(schedule, baseLr, update, updatesPerEpoch);
    case 'poly': {
      const remaining = Math.max(0, 1 - update / schedule.updates);
      const rate = (baseLr - schedule.minLr) * remaining ** schedule.power + schedule.minLr;
      return rate * warmupFactor(schedule, update);
    }
    case 'step': {
      const passed = schedule.stepEpochs.filter((start) => update >= start * updatesPerEpoch).length;
      return baseLr * schedule.gamma ** passed * warmupFactor(schedule, update);
    }
  }
}

/** How many updates a run with this schedule takes, warm-up and cool-down included. */
export function totalUpdates(schedule: Schedule, updatesPerEpoch: number): number {
  switch (schedule.kind) {
    case 'cosine': {
      const prefix = schedule.warmupPrefix ? schedule.warmupEpochs : 0;
      return (prefix + schedule.epochs + schedule.cooldownEpochs) * updatesPerEpoch;
    }
    case 'poly':
      return schedule.updates;
    case 'step':
      return schedule.epochs * updatesPerEpoch;
  }
}

function cosineRate(schedule: CosineSchedule, baseLr: number, update: number, updatesPerEpoch: number): number {
  const { minLr, warmupLr, by = 'update', warmupPrefix = false } = schedule;
  const perEpoch = by === 'epoch' ? 1 : updatesPerEpoch;
  const time = by === 'epoch' ? Math.floor(update / updatesPerEpoch) : update;
  const warmup = schedule.warmupEpochs * perEpoch;
  const duration = schedule.epochs * perEpoch;
  if (time < warmup) return warmupLr + (time * (baseLr - warmupLr)) / warmup;
  const elapsed = warmupPrefix ? time - warmup : time;
  if (elapsed >= duration) return minLr;
  return minLr + 0.5 * (baseLr - minLr) * (1 + Math.cos((Math.PI * elapsed) / duration));
}

function warmupFactor({ warmupUpdates, warmupRatio }: LinearWarmup, update: number): number {
  if (update >= warmupUpdates) return 1;
  return 1 - (1 - update / warmupUpdates) * (1 - warmupRatio);
}
