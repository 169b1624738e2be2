// `npm test`: lint, types, dead code and docstrings, then vitest; `--slow` runs the tests named *.slow.test.ts instead. Other
// arguments go to vitest. Ends with vitest's summary, what was skipped and why, and one line "N passed, N failed", in which a
// failed check counts like a failed test.

import fs from 'node:fs';
import path from 'node:path';
import { endWithPrograms, runCommand } from './setup/command.mjs';
import { skippedLines } from './skippedTests.mjs';

const root = path.resolve(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules', '.bin');
const slow = process.argv.includes('--slow');
const passedOn = process.argv.slice(2).filter((argument) => argument !== '--slow');

/**
 * @param {string} program a name in node_modules/.bin, or a path
 * @param {readonly string[]} args
 * @param {boolean} shown whether its output goes straight to the terminal
 * @returns {Promise<{ failed: boolean, output: string }>}
 */
async function run(program, args, shown) {
  const { code, output } = await runCommand(path.resolve(bin, program), args, { root, env: process.env, shown });
  return { failed: code !== 0, output };
}

/** @returns {Promise<number>} how many checks failed */
async function checks() {
  const all = {
    lint: run('eslint', ['.', '--cache', '--cache-location', 'build/eslintcache'], false),
    types: run('tsc', ['-p', 'tsconfig.json'], false),
    'dead code': run('knip', [], false),
    docstrings: run(process.execPath, ['scripts/docs.mjs', '--check'], false),
  };
  let failures = 0;
  for (const [name, running] of Object.entries(all)) {
    const { failed, output } = await running;
    console.log(`${failed ? '✗' : '✓'} ${name}`);
    if (failed) {
      failures += 1;
      console.log(output);
    }
  }
  return failures;
}

/** @returns {Promise<{ passed: number, failed: number, skipped: string[] }>} */
async function tests() {
  const report = path.join(root, 'build', slow ? 'test-slow.json' : 'test.json');
  fs.rmSync(report, { force: true });
  const { failed } = await run('vitest', [
    'run', '--project', slow ? 'slow' : 'fast', '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...passedOn,
  ], true);
  if (!fs.existsSync(report)) return { passed: 0, failed: 1, skipped: [] };
  /** @type {import('./skippedTests.mjs').Report & { numPassedTests: number, numFailedTests: number }} */
  const counts = JSON.parse(fs.readFileSync(report, 'utf8'));
  // A file that cannot be loaded and an error outside a test fail the run without failing a test.
  const { numPassedTests, numFailedTests } = counts;
  return { passed: numPassedTests, failed: failed ? Math.max(1, numFailedTests) : 0, skipped: skippedLines(counts) };
}

endWithPrograms();
const failedChecks = slow ? 0 : await checks();
const { passed, failed, skipped } = await tests();
skipped.forEach((line) => console.log(line));
console.log(`${passed} passed, ${failed + failedChecks} failed`);
process.exitCode = failed + failedChecks > 0 ? 1 : 0;
