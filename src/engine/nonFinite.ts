// A loss or a gradient that is not finite: found, and told with all that helps to find its cause.

import { DataError } from '../errors.ts';

/** What was not finite, where. */
export interface NonFinite {
  /** Updates done, this one included. */
  readonly step: number;
  /** Of the value: `loss`, `gradient norm` … */
  readonly name: string;
  readonly value: number;
  /** The batch's, as a message to a user names them. */
  readonly samples: readonly string[];
}

/** A message that names samples names so many at most. */
const NAMED_SAMPLES = 8;

/** The first of the values that is not finite. */
export function nonFiniteIn(values: Readonly<Record<string, number>>): Pick<NonFinite, 'name' | 'value'> | undefined {
  const wrong = Object.entries(values).find(([, value]) => !Number.isFinite(value));
  return wrong && { name: wrong[0], value: wrong[1] };
}

/** @param savedStep the step of the newest checkpoint; undefined: there is none */
export function nonFiniteError({ step, name, value, samples }: NonFinite, savedStep: number | undefined): DataError {
  const rest = samples.length > NAMED_SAMPLES ? ` and ${samples.length - NAMED_SAMPLES} more, which log.jsonl lists` : '';
  const kept = savedStep === undefined ? 'no checkpoint was written yet' : `the checkpoint of step ${savedStep} is intact`;
  return new DataError(`train: expected a finite ${name} at step ${step}, got ${value} for the samples ${samples.slice(0, NAMED_SAMPLES).join(', ')}${rest}; ${kept}; a lower learning rate or clipGradNorm may help`);
}
