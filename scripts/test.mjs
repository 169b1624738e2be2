// `npm test`: lint, types and dead code, then vitest; `--slow` runs the tests named *.slow.test.ts instead. Other arguments go
// to vitest. Ends with vitest's summary and one line "N passed, N failed", in which a failed check counts like a failed test.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules', '.bin');
const slow = process.argv.includes('--slow');
const passedOn = process.argv.slice(2).filter((argument) => argument !== '--slow');

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {boolean} shown whether its output goes straight to the terminal
 * @returns {Promise<{ failed: boolean, output: string }>}
 */
function run(program, args, shown) {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(bin, program), args, { cwd: root, stdio: shown ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ failed: code !== 0, output }));
  });
}

/** @returns {Promise<number>} how many checks failed */
async function checks() {
  const all = {
    lint: run('eslint', ['.', '--cache', '--cache-location', 'build/eslintcache'], false),
    types: run('tsc', ['-p', 'tsconfig.json'], false),
    'dead code': run('knip', [], false),
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

/** @returns {Promise<{ passed: number, failed: number }>} */
async function tests() {
  const report = path.join(root, 'build', slow ? 'test-slow.json' : 'test.json');
  fs.rmSync(report, { force: true });
  const { failed } = await run('vitest', [
    'run', '--project', slow ? 'slow' : 'fast', '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...passedOn,
  ], true);
  if (!fs.existsSync(report)) return { passed: 0, failed: 1 };
  /** @type {{ numPassedTests: number, numFailedTests: number }} */
  const counts = JSON.parse(fs.readFileSync(report, 'utf8'));
  // A file that cannot be loaded and an error outside a test fail the run without failing a test.
  return { passed: counts.numPassedTests, failed: failed ? Math.max(1, counts.numFailedTests) : 0 };
}

const failedChecks = slow ? 0 : await checks();
const { passed, failed } = await tests();
console.log(`${passed} passed, ${failed + failedChecks} failed`);
process.exitCode = failed + failedChecks > 0 ? 1 : 0;
