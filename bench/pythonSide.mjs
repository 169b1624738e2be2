// The other side of the benchmarks of data: a Python process that measures a round each time it is told to.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { median } from '../dist/cli/bench/numbers.js';

/**
 * Starts Python. The program writes a line with one number per name for each line that it reads.
 * @param {string} python the interpreter
 * @param {readonly string[]} args the program and its arguments
 * @param {readonly string[]} names of the numbers
 * @param {string} expected what errors say that Python needs
 * @returns {{ round: () => Promise<Record<string, number>>, end: () => void }}
 */
export function startPython(python, args, names, expected) {
  const child = spawn(python, ['-c', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.on('error', () => undefined); // its output then ends
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    round: async () => {
      child.stdin.write('go\n');
      const { value, done } = await lines.next();
      if (done) throw new Error(`expected ${expected} at ${python}, got its end`);
      const numbers = value.split(' ').map(Number);
      return Object.fromEntries(names.map((name, i) => [name, numbers[i]]));
    },
    end: () => child.stdin.end(),
  };
}

/**
 * Lets two sides take turns, once unmeasured. Who goes first changes, so that a machine that slows down favours neither.
 * @param {(round: number) => Promise<Record<string, number>>} ours
 * @param {() => Promise<Record<string, number>>} theirs
 * @param {number} count rounds
 * @returns what a number was: the medians of both sides, and the median of the rounds' ratios
 */
export async function compare(ours, theirs, count) {
  const rounds = [];
  await ours(0);
  await theirs();
  for (let round = 1; round <= count; round++) {
    const first = round % 2 === 0 ? await theirs() : undefined;
    const own = await ours(round);
    rounds.push({ own, their: first ?? (await theirs()) });
  }
  return (/** @type {string} */ name, decimals = 2) => ({
    ours: rounded(median(rounds.map(({ own }) => own[name])), decimals),
    python: rounded(median(rounds.map(({ their }) => their[name])), decimals),
    ratio: rounded(median(rounds.map(({ own, their }) => own[name] / their[name])), 2),
  });
}

function rounded(/** @type {number} */ value, /** @type {number} */ decimals) {
  return Number(value.toFixed(decimals));
}
