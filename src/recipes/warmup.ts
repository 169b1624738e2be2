// A run that was made short, with --set schedule.epochs=1 say, and is over before its recipe's warm-up is.

type Schedule =
  | { readonly kind: 'poly'; readonly iterations: number; readonly warmupIterations: number }
  | { readonly kind: 'cosine'; readonly epochs: number; readonly warmupEpochs: number };

export interface FittedWarmup<Config> {
  readonly config: Config;
  /** What was changed, a line each. */
  readonly notes: readonly string[];
}

/** A warm-up that is longer than the run becomes half of it, rounded down: the rate comes to its peak and falls again. */
export function fitWarmup<Config extends { readonly schedule: Schedule }>(config: Config): FittedWarmup<Config> {
  const { schedule } = config;
  const [key, warmup, unit, length] = schedule.kind === 'poly' ?
    ['warmupIterations', schedule.warmupIterations, 'iterations', schedule.iterations] as const :
    ['warmupEpochs', schedule.warmupEpochs, 'epochs', schedule.epochs] as const;
  if (warmup <= length) return { config, notes: [] };
  const fitted = Math.floor(length / 2);
  return {
    config: { ...config, schedule: { ...schedule, [key]: fitted } },
    notes: [`schedule.${key} is ${fitted} instead of ${warmup}, since schedule.${unit} is ${length}`],
  };
}
