// Two sides that take turns, so that a machine that speeds up or slows down does so for both; the median of the turns' ratios is
// what counts.

import type { Steps } from './benchStep.ts';
import { median } from './numbers.ts';

/** One side: does something a number of times and says how long each took. */
export type Side<Result extends { readonly ms: readonly number[] } = Steps> = (count: number) => Promise<Result>;

export interface Comparison<Result> {
  /** Medians over all turns. */
  readonly oursMs: number;
  readonly torchMs: number;
  /** Median over the turns of ours / PyTorch's. */
  readonly ratio: number;
  /** What each side's warm-up came to. */
  readonly first: readonly [ours: Result, torch: Result];
}

const WARM_UP = 2;
/** About how long one turn is, at least one time; milliseconds. */
const TURN_MS = 500;

export async function takeTurns<Result extends { readonly ms: readonly number[] }>(
  ours: Side<Result>, torch: Side<Result>, rounds: number,
): Promise<Comparison<Result>> {
  const first = [await ours(WARM_UP), await torch(WARM_UP)] as const;
  const count = Math.max(1, Math.round(TURN_MS / first[0].ms.at(-1)!));
  const turns: [Result, Result][] = [];
  for (let round = 0; round < rounds; round++) turns.push([await ours(count), await torch(count)]);
  return {
    oursMs: median(turns.flatMap(([{ ms }]) => ms)),
    torchMs: median(turns.flatMap(([, { ms }]) => ms)),
    ratio: median(turns.map(([a, b]) => median(a.ms) / median(b.ms))),
    first,
  };
}

export function describeTimes({ oursMs, torchMs, ratio }: Omit<Comparison<unknown>, 'first'>): string {
  return `${oursMs.toFixed(1)} ms, PyTorch ${torchMs.toFixed(1)} ms, ratio ${ratio.toFixed(3)}`;
}
