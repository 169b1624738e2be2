// npm packages, exactly those of the lock file.

import fs from 'node:fs';
import path from 'node:path';
import { findProgram, looksLikeDiskFull, looksLikeNoNetwork, runCommand } from './command.mjs';
import { SetupProblem } from './problem.mjs';

/** @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockedPackage */

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
function lockedPackages(file) {
  /** @type {{ packages: Record<string, LockedPackage> }} */
  const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
  return lock.packages;
}

/** @type {import('./context.mjs').Step} */
export const npmPackages = {
  doing: 'installing npm packages',

  // npm records what it installed. Versions are compared, not times: `npm install` touches the two files in either order.
  current({ root }) {
    const record = path.join(root, 'node_modules', '.package-lock.json');
    if (!fs.existsSync(record)) return false;
    const installed = lockedPackages(record);
    return Object.entries(lockedPackages(path.join(root, 'package-lock.json'))).every(([where, wanted]) => {
      if (where === '') return true;
      const found = installed[where];
      if (found === undefined) return Boolean(wanted.optional ?? wanted.devOptional ?? wanted.peer);
      return found.version === wanted.version;
    });
  },

  async make(context) {
    const npm = findProgram('npm', context.env);
    if (npm === undefined) throw new SetupProblem('npm not found: it comes with Node, https://nodejs.org');
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=10000'];
    const { code, output } = await runCommand(npm, args, context);
    if (code === 0) return;
    if (looksLikeDiskFull(output)) throw new SetupProblem('no space left on the disk for the npm packages (about 300 MB)');
    if (looksLikeNoNetwork(output)) {
      throw new SetupProblem('npm cannot reach its registry: connect to the network, or name a mirror with `npm config set registry <url>`, then run this again');
    }
    // npm says what is wrong first and explains its own usage after that.
    throw new SetupProblem(`npm ci failed:\n${output.trim().split('\n').slice(0, 12).join('\n')}`);
  },
};
