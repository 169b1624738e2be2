import { expect } from 'vitest';
import type { TideResult } from '../../../src/evaluation/coco/tide.ts';

/** What tidecv gives, in percent. */
export interface TidecvResult {
  readonly ap: number;
  /** dAP and count. */
  readonly errors: Readonly<Record<keyof typeof errorNames, readonly [number, number]>>;
  readonly special: { readonly FalsePos: number; readonly FalseNeg: number };
}

const errorNames = {
  Cls: 'classification', Loc: 'localisation', Both: 'both', Dupe: 'duplicate', Bkg: 'background', Miss: 'missed',
} as const;

/** Counts equal, the rest but for the last digits of sums. */
export function expectTidecv(result: TideResult, { ap, errors, special }: TidecvResult): void {
  expect(result.ap).toBeCloseTo(ap / 100, 12);
  for (const [theirs, ours] of Object.entries(errorNames)) {
    const [dAp, count] = errors[theirs as keyof typeof errorNames];
    expect(result.errors[ours].count, ours).toBe(count);
    expect(result.errors[ours].dAp, ours).toBeCloseTo(dAp / 100, 12);
  }
  expect(result.falsePositives).toBeCloseTo(special.FalsePos / 100, 12);
  expect(result.falseNegatives).toBeCloseTo(special.FalseNeg / 100, 12);
}
