// The order of set-up. Each step says whether it is up to date; only one that is not takes the lock and works.

import fs from 'node:fs';
import path from 'node:path';
import { addon } from './addon.mjs';
import { endWithPrograms } from './command.mjs';
import { gradients } from './gradients.mjs';
import { libtorch } from './libtorch.mjs';
import { withLock } from './lock.mjs';
import { npmPackages } from './npmPackages.mjs';
import { SetupProblem } from './problem.mjs';
import { typescript } from './typescript.mjs';

/** @typedef {import('./context.mjs').Context} Context */
/** @typedef {import('./context.mjs').Step} Step */

/**
 * A clone is built; a package that npm installed comes with its JavaScript, and packing one needs no more than that.
 * @param {string} root
 * @param {boolean} javascript
 * @returns {readonly Step[]}
 */
function stepsFor(root, javascript) {
  if (javascript) return [npmPackages, gradients, typescript];
  return fs.existsSync(path.join(root, 'src')) ? [npmPackages, libtorch, addon, gradients, typescript] : [libtorch, addon];
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`mpvg set-up: ${line}\n`);
}

/**
 * The first step that has work to do, or undefined.
 * @param {readonly Step[]} steps
 * @param {Context} context
 */
async function firstStale(steps, context) {
  for (const step of steps) {
    if (!await step.current(context)) return step;
  }
  return undefined;
}

/**
 * Brings everything up to date.
 * @param {{ javascript?: boolean }} [options] javascript: only what a package is packed from
 * @returns {Promise<number>} the exit code: 0, or 2 when the user has something to put right
 */
export async function setUp({ javascript = false } = {}) {
  /** @type {Context} */
  const context = { root: path.resolve(import.meta.dirname, '../..'), env: process.env };
  const steps = stepsFor(context.root, javascript);
  endWithPrograms();
  try {
    if (process.platform !== 'linux') {
      const remedy = process.platform === 'win32' ? 'use WSL' : 'use a Linux machine or container';
      throw new SetupProblem(`expected Linux, got ${process.platform}: the addon builds there only; ${remedy}`);
    }
    if (await firstStale(steps, context) === undefined) return 0;

    await withLock(
      path.join(context.root, 'build', 'setup.lock'),
      context.env,
      (pid) => say(`waiting for another set-up to finish (process ${pid})`),
      async (lock) => {
        context.lock = lock;
        for (let step = await firstStale(steps, context); step !== undefined; step = await firstStale(steps, context)) {
          process.stderr.write(`mpvg set-up: ${step.doing} … `);
          const start = Date.now();
          try {
            await step.make(context);
            process.stderr.write(`${Math.ceil((Date.now() - start) / 1000)} s\n`);
          } catch (error) {
            process.stderr.write('failed\n');
            throw error;
          }
          if (!await step.current(context)) throw new Error(`"${step.doing}" ended without an error and without its result`);
        }
      },
    );
    return 0;
  } catch (error) {
    const message = error instanceof SetupProblem ? error.message : unwritable(error);
    if (message === undefined) throw error;
    say(message);
    return 2;
  }
}

/** A message for a folder that is not ours to write, or undefined.
 * @param {unknown} error
 */
function unwritable(error) {
  if (!(error instanceof Error && 'code' in error && 'path' in error && /^(EACCES|EPERM|EROFS|ENOSPC)$/.test(String(error.code)))) return undefined;
  return `${error.path} cannot be written (${error.code}): set-up works in the package's own folder, as a user who may write there`;
}
