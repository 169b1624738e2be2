// `npm run test:mutation -- src/ops …`: changes the sources in small ways, one at a time, and lists what no test sees.
//   --sample N   only N mutants, drawn with --seed (default 0)
//   --jobs N     processes at a time (default 1)
//   --slowest N  leave out tests that take longer than N ms
//   --near       only the tests of the mirrored folder
// Every test runs with all mutants it reaches, in one process. What survives that and is reached outside tests too, where modules
// are loaded or in hooks, gets processes of its own. A run that was stopped goes on where it was; results come to
// build/mutation/<folder>.json. Files on disk are not touched.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { appendJournal, journalFile, readJournal, writePlan } from './mutation/journal.mjs';
import { mutate, projectProgram } from './mutation/mutants.mjs';
import { nearestTests } from './mutation/testFiles.mjs';

const root = path.resolve(import.meta.dirname, '..');
const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' }, seed: { type: 'string', default: '0' }, jobs: { type: 'string', default: '1' },
    slowest: { type: 'string', default: '' }, near: { type: 'boolean', default: false },
  },
});
/** Rounds of tests by what they take, in ms: most mutants are caught by a quick one. */
const [QUICK, SLOW] = ['300', options.slowest];
/** What a mutant's own process may take, and how many test files it gets at most. */
const FRESH_LIMIT = 120_000;
const FRESH_FILES = 3;

/** @param {string} text */
const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);
/** @type {Record<string, string[]>} reason → mutants that change no result: `file: change`, or a pattern of it between slashes */
const reasons = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'mutation/equivalent.json'), 'utf8'));
const listed = new Set(Object.values(reasons).flat());
const patterns = [...listed].filter((entry) => entry.startsWith('/')).map((entry) => new RegExp(entry.slice(1, -1), 'u'));
const isEquivalent = (/** @type {string} */ key) => listed.has(key) || patterns.some((pattern) => pattern.test(key));

/**
 * Runs vitest; ends it when the journal has stood still for longer than the mutant that is on may take.
 * @param {readonly string[]} files @param {NodeJS.ProcessEnv} env @param {() => number} limit ms
 * @returns {Promise<boolean>} whether all tests passed
 */
function vitest(files, env, limit) {
  return new Promise((resolve) => {
    const args = ['run', '--config', 'scripts/mutation/vitest.config.mjs', '--bail', '1', ...files];
    const child = spawn(path.join(root, 'node_modules/.bin/vitest'), args, {
      cwd: root, stdio: 'ignore', detached: true, env: { ...process.env, ...env },
    });
    let since = Date.now();
    let size = -1;
    const watch = setInterval(() => {
      const now = fs.existsSync(journalFile()) ? fs.statSync(journalFile()).size : 0;
      if (env['MPVG_MUTANT'] === undefined && now !== size) [size, since] = [now, Date.now()];
      if (Date.now() - since > limit() && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, 500);
    child.on('close', (status) => {
      clearInterval(watch);
      resolve(status === 0);
    });
  });
}

/** @template T @param {readonly T[]} items @param {(item: T) => Promise<void>} work @param {string} what */
async function inTurn(items, work, what) {
  const start = Date.now();
  const queue = [...items];
  let done = 0;
  await Promise.all(Array.from({ length: Number(options.jobs) }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item);
      const seconds = (Date.now() - start) / 1000;
      const left = (seconds / ++done) * (items.length - done);
      console.log(`  ${what} ${done}/${items.length}, ${readJournal().caught.size} caught, ${seconds.toFixed()} s, about ${left.toFixed()} s left`);
    }
  }));
}

/** @param {string} test path @returns the name under which the journal knows it */
const stamped = (test) => `${test}#${hash(fs.readFileSync(path.join(root, test), 'utf8'))}`;

/**
 * The tests of a file that take at most `slowest` ms, with all mutants they reach.
 * @param {string} test path @param {string} slowest
 */
async function tryTogether(test, slowest) {
  const file = stamped(test);
  for (let attempt = 0; attempt < 50 && !readJournal().done.has(file + slowest); attempt++) {
    const before = fs.existsSync(journalFile()) ? fs.statSync(journalFile()).size : 0;
    const limit = () => (readJournal().begun.get(file)?.limit ?? FRESH_LIMIT) + 10_000;
    await vitest([test], { MPVG_MUTATION_TEST: file, MPVG_MUTATION_SLOWEST: slowest }, limit);
    const begun = readJournal().begun.get(file);
    if (begun !== undefined) appendJournal({ kind: 'caught', id: begun.id, file, test: begun.test, name: `${test}: did not end` });
    if (fs.existsSync(journalFile()) && fs.statSync(journalFile()).size === before) break; // the file does not load
  }
}

/** A mutant in a process of its own, on from the start. @param {number} id */
async function tryAlone(id) {
  const known = readJournal();
  const files = [...known.reached.get(id) ?? []].filter((file) => file === stamped(file.split('#')[0] ?? ''))
    .slice(0, FRESH_FILES).filter((file) => !known.tried.has(`${id} ${file} alone`));
  if (files.length === 0) return;
  const passed = await vitest(files.map((file) => file.split('#')[0] ?? ''), { MPVG_MUTANT: String(id) }, () => FRESH_LIMIT);
  for (const file of files) appendJournal({ kind: passed ? 'tried' : 'caught', id, file, test: 'alone', name: 'in its own process' });
}

const program = projectProgram(root);
for (const folder of folders.map((name) => name.replace(/\/$/, ''))) {
  const sources = program.getSourceFiles().map(({ fileName }) => path.relative(root, fileName))
    .filter((name) => name.startsWith(`${folder}/`) || name === folder).sort();
  /** @type {import('./mutation/mutants.mjs').Mutant[]} */
  const mutants = [];
  /** @type {Record<string, string>} */
  const code = {};
  for (const source of sources) {
    const found = mutate(program, path.join(root, source), source, mutants.length);
    mutants.push(...found.mutants);
    code[source] = found.code;
  }
  const key = (/** @type {number} */ id) => `${mutants[id]?.file}: ${mutants[id]?.change}`;
  const all = [...mutants.keys()];
  const shuffled = all.map((id) => ({ id, at: hash(`${options.seed} ${key(id)}`) })).sort((a, b) => a.at.localeCompare(b.at));
  const sample = shuffled.slice(0, Number(options.sample ?? Infinity)).map(({ id }) => id);
  const wanted = new Set(sample.filter((id) => !isEquivalent(key(id))));
  process.env['MPVG_MUTATION'] = path.join(root, 'build/mutation', `${folder.replaceAll('/', '-')}-${hash(Object.values(code).join())}`);
  writePlan({ mutants, code, wanted });

  const tests = nearestTests(root, sources).filter((test) => !options.near || test.startsWith(folder.replace(/^src/, 'test')));
  console.log(`${folder}: ${all.length} mutants, ${sample.length} drawn, ${wanted.size} not listed as equivalent; ${tests.length} test files`);
  await inTurn(tests, (test) => tryTogether(test, QUICK), 'quick tests of file');
  const { caught, reached } = readJournal();
  const open = [...reached].flatMap(([id, files]) => (caught.has(id) ? [] : [...files]));
  const isNeeded = (/** @type {string} */ test) => open.includes(stamped(test));
  await inTurn(tests.filter(isNeeded), (test) => tryTogether(test, SLOW), 'slower tests of file');
  const left = readJournal();
  await inTurn([...wanted].filter((id) => !left.caught.has(id) && left.outside.has(id)), tryAlone, 'survivor');

  const known = readJournal();
  const survivors = [...wanted].filter((id) => !known.caught.has(id)).sort((a, b) => a - b);
  const report = {
    folder, mutants: all.length, drawn: sample.length, seed: Number(options.seed), equivalent: sample.length - wanted.size,
    caught: wanted.size - survivors.length, share: (wanted.size - survivors.length) / wanted.size,
    survivors: survivors.map((id) => ({ mutant: key(id), line: mutants[id]?.line, reached: known.reached.has(id) })),
  };
  fs.writeFileSync(path.join(root, 'build/mutation', `${folder.replaceAll('/', '-')}.json`), JSON.stringify(report, null, 1));
  for (const id of survivors) {
    console.log(`${known.reached.has(id) ? 'survives ' : 'unreached'} ${mutants[id]?.file}:${mutants[id]?.line} ${mutants[id]?.change}`);
  }
  console.log(`| ${folder} | ${all.length} | ${sample.length} | ${report.equivalent} | ${report.caught} | ${(100 * report.share).toFixed(1)} % |`);
}
