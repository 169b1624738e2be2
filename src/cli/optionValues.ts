// What options may hold, for commander: each parser names what it expected.

import { InvalidArgumentError, Option } from 'commander';

/** A whole number from `least` on. */
export function wholeNumberFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
  };
}

/** A number above 0, such as 1e-5. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('expected a number above 0, such as 1e-5.');
}

/** Whole numbers from 0 on, with commas between them: 1,10,100. */
export function wholeNumbers(text: string): number[] {
  return text.split(',').map(wholeNumberFrom(0));
}

/** Numbers above 0, with commas between them: 0.026,0.025. */
export function positiveNumbers(text: string): number[] {
  return text.split(',').map((part) => {
    const value = Number(part);
    if (value > 0 && value < Infinity) return value;
    throw new InvalidArgumentError('expected numbers above 0 with commas between them.');
  });
}

/** Pairs of whole numbers, with commas between them: 255:1,3:0. */
export function numberMap(text: string): Map<number, number> {
  return new Map(text.split(',').map((pair) => {
    const match = /^\s*(-?\d+)\s*:\s*(-?\d+)\s*$/.exec(pair);
    if (!match) throw new InvalidArgumentError('expected value:class pairs with commas between them, such as 255:1,3:0.');
    return [Number(match[1]), Number(match[2])];
  }));
}

/** --precision. */
export function precisionOption(): Option {
  return new Option('--precision <name>', "instead of the config's").choices(['fp32', 'bf16']);
}
