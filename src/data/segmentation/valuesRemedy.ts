// What helps where label images hold values that are no class.

import { LabelReader, type LabelRules } from './labelRules.ts';

/** More values than these are hardly all to be ignored. */
const MOST_IGNORED = 8;

/**
 * Advice that fits all values.
 * @param seen every value of every map
 * @returns undefined when all of them are classes or ignored
 */
export function valuesRemedy(rules: LabelRules, seen: ReadonlySet<number>): string | undefined {
  const wrong = strangers(rules, seen);
  if (wrong.length === 0) return undefined;
  const advice: string[] = [];
  if (wrong.length <= MOST_IGNORED) {
    advice.push(`if ${wrong.join(', ')} ${wrong.length > 1 ? 'are' : 'is'} no class, ignore ${wrong.length > 1 ? 'them' : 'it'}: ` +
      `data.classes: { names: [...], ignoreValues: [${[...rules.ignoreValues, ...wrong].join(', ')}]${rules.reduceZeroLabel ? ', reduceZeroLabel: true' : ''} }`);
  }
  if (!rules.reduceZeroLabel && strangers({ ...rules, reduceZeroLabel: true }, seen).length === 0) {
    const zero = seen.has(0) ? ' and 0 is none' : '';
    advice.push(`if classes are numbered from 1${zero}: data.classes: { names: [...], reduceZeroLabel: true }`);
  }
  advice.push('if they are classes too, name all in data.classes.names, in the order of their numbers, and set model.classes');
  return advice.join('\n');
}

function strangers(rules: LabelRules, seen: ReadonlySet<number>): number[] {
  const labels = new LabelReader(rules);
  return [...seen].filter((value) => labels.classOf(value) === undefined).sort((a, b) => a - b);
}
