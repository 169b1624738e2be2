// A run that was made short, with --set schedule.epochs=1 say, and is over before its recipe's warm-up is.

import type { FinetuneConfig } from './finetuneSchema.ts';
import type { PretrainConfig } from './pretrainSchema.ts';

export interface FittedWarmup<C> {
  readonly config: C;
  /** What was changed; absent where the warm-up fits. */
  readonly note?: string;
}

/** A warm-up that is longer than the run becomes half of it, rounded down: the rate comes to its peak and falls again. */
export function fitWarmup<C extends PretrainConfig | FinetuneConfig>(config: C): FittedWarmup<C> {
  const { schedule } = config;
  const [key, warmup, unit, length] = schedule.kind === 'poly' ?
    ['warmupIterations', schedule.warmupIterations, 'iterations', schedule.iterations] as const :
    ['warmupEpochs', schedule.warmupEpochs, 'epochs', schedule.epochs] as const;
  if (warmup <= length) return { config };
  const fitted = Math.floor(length / 2);
  return {
    config: { ...config, schedule: { ...schedule, [key]: fitted } },
    note: `schedule.${key} is ${fitted} instead of ${warmup}, since schedule.${unit} is ${length}`,
  };
}
