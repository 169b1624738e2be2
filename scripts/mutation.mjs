// `npm run test:mutation -- src/ops …`: changes the sources in small ways, one at a time, and lists what no test sees.
//   --sample N   only N mutants, drawn with --seed (default 0)
//   --slowest N  leave out tests that take longer than N ms
//   --near       only the tests of the mirrored folder
// Every test runs with all mutants it reaches, in one process. What survives that and is reached outside tests too, where modules
// are loaded or in hooks, gets processes of its own. A run that was stopped goes on where it was; results come to
// build/mutation/<folder>.json. Files on disk are not touched.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { equivalents } from './mutation/equivalents.mjs';
import { appendJournal, hash, journalFile, readJournal, readPlan, stamped, writePlan } from './mutation/journal.mjs';
import { nearestTests } from './mutation/testFiles.mjs';

const root = path.resolve(import.meta.dirname, '..');
const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' }, seed: { type: 'string', default: '0' },
    slowest: { type: 'string', default: '' }, near: { type: 'boolean', default: false },
  },
});
/** Rounds of tests by what they take, in ms: most mutants are caught by a quick one. */
const [QUICK, SLOW] = ['300', options.slowest];
/** What a mutant's own process may take, and how many test files it gets at most. */
const FRESH_LIMIT = 600_000;
const FRESH_FILES = 3;

const listed = equivalents(JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'mutation/equivalent.json'), 'utf8')));
for (const entry of listed.gone(root)) console.log(`equivalent.json: no such file: ${entry}`);

const journalSize = () => (fs.existsSync(journalFile()) ? fs.statSync(journalFile()).size : 0);

/**
 * Runs vitest; ends it when the journal has stood still for longer than the mutant that is on may take.
 * @param {readonly string[]} args @param {NodeJS.ProcessEnv} env @param {() => number} limit ms
 * @returns {Promise<boolean>} whether all tests passed
 */
function vitest(args, env, limit) {
  return new Promise((resolve) => {
    const child = spawn(path.join(root, 'node_modules/.bin/vitest'), ['run', '--config', 'scripts/mutation/vitest.config.mjs', ...args], {
      cwd: root, stdio: 'ignore', detached: true, env: { ...process.env, ...env },
    });
    let since = Date.now();
    let size = -1;
    const watch = setInterval(() => {
      const now = journalSize();
      if (env['MPVG_MUTANT'] === undefined && now !== size) [size, since] = [now, Date.now()];
      if (Date.now() - since > limit() && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, 1000);
    child.on('close', (status) => {
      clearInterval(watch);
      resolve(status === 0);
    });
  });
}

/**
 * The tests that take at most `slowest` ms, with all mutants they reach.
 * @param {readonly string[]} tests paths @param {string} slowest @param {number} wanted mutants
 */
async function tryTogether(tests, slowest, wanted) {
  const start = Date.now();
  // A file that is through with a sample is not through with other mutants.
  const round = `${slowest} ms, ${options.sample ?? 'all'}, seed ${options.seed}`;
  const isLeft = (/** @type {string} */ test) => !readJournal().done.has(`${stamped(test)} ${round}`);
  const progress = setInterval(() => {
    const seconds = (Date.now() - start) / 1000;
    const done = tests.length - tests.filter(isLeft).length;
    const eta = done === 0 ? '?' : ((seconds / done) * (tests.length - done)).toFixed();
    console.log(`  ${done}/${tests.length} test files, ${readJournal().caught.size}/${wanted} caught, ${seconds.toFixed()} s, about ${eta} s left`);
  }, 20_000);
  for (let attempt = 0; attempt < 50 && tests.some(isLeft); attempt++) {
    const left = tests.filter(isLeft);
    const before = journalSize();
    const limit = () => Math.max(FRESH_LIMIT, ...[...readJournal().begun.values()].map((entry) => entry.limit + 10_000));
    await vitest(left, { MPVG_MUTATION_SLOWEST: slowest, MPVG_MUTATION_ROUND: round, MPVG_MUTATION_ORDER: left.join(' ') }, limit);
    for (const { id, file, test } of readJournal().begun.values()) appendJournal({ kind: 'caught', id, file, test, name: 'did not end' });
    if (journalSize() === before) break; // what is left does not load
  }
  clearInterval(progress);
}

/**
 * A mutant in a process of its own, on from the start.
 * @param {number} id @param {readonly import('./mutation/mutants.mjs').Mutant[]} mutants
 */
async function tryAlone(id, mutants) {
  const known = readJournal();
  // The file's own test first: that of a constant is one of many files that load it.
  const own = `${(mutants[id]?.file ?? '').replace(/^src/, 'test').replace(/\.ts$/, '.test.ts')}#`;
  const files = [...known.reached.get(id) ?? []].filter((file) => file === stamped(file.split('#')[0] ?? ''))
    .sort((a, b) => Number(b.startsWith(own)) - Number(a.startsWith(own)))
    .slice(0, FRESH_FILES).filter((file) => !known.tried.has(`${id} ${file} alone`));
  if (files.length === 0) return;
  const passed = await vitest(['--bail', '1', ...files.map((file) => file.split('#')[0] ?? '')], { MPVG_MUTANT: String(id) }, () => FRESH_LIMIT);
  for (const file of files) appendJournal({ kind: passed ? 'tried' : 'caught', id, file, test: 'alone', name: 'in its own process' });
}

/** @type {import('typescript').Program | undefined} */
let program;
for (const folder of folders.map((name) => name.replace(/\/$/, ''))) {
  const sources = fs.readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|\/)assembly\//.test(name)).map((name) => path.join(folder, name)).sort();
  const maker = fs.readFileSync(path.join(root, 'scripts/mutation/mutants.mjs'), 'utf8');
  const state = hash([maker, ...sources.map((source) => fs.readFileSync(path.join(root, source), 'utf8'))].join());
  process.env['MPVG_MUTATION'] = path.join(root, 'build/mutation', `${folder.replaceAll('/', '-')}-${state}`);
  /** @type {Pick<import('./mutation/journal.mjs').Plan, 'mutants' | 'code'>} */
  const { mutants, code } = readPlan() ?? { mutants: [], code: {} };
  for (const source of mutants.length > 0 ? [] : sources) {
    const { mutate, projectProgram } = await import('./mutation/mutants.mjs');
    program ??= projectProgram(root);
    const found = mutate(program, path.join(root, source), source, mutants.length);
    mutants.push(...found.mutants);
    code[source] = found.code;
  }
  const key = (/** @type {number} */ id) => `${mutants[id]?.file}: ${mutants[id]?.change}`;
  const all = [...mutants.keys()];
  const shuffled = all.map((id) => ({ id, at: hash(`${options.seed} ${key(id)}`) })).sort((a, b) => a.at.localeCompare(b.at));
  const sample = shuffled.slice(0, Number(options.sample ?? Infinity)).map(({ id }) => id);
  const wanted = new Set(sample.filter((id) => !listed.has(key(id))));
  writePlan({ mutants, code, wanted });

  const tests = nearestTests(root, sources).filter((test) => !options.near || test.startsWith(folder.replace(/^src/, 'test')));
  console.log(`${folder}: ${all.length} mutants, ${sample.length} drawn, ${wanted.size} not listed as equivalent; ${tests.length} test files`);
  await tryTogether(tests, QUICK, wanted.size);
  const { caught, reached } = readJournal();
  const open = [...reached].flatMap(([id, files]) => (caught.has(id) ? [] : [...files]));
  await tryTogether(tests.filter((test) => open.includes(stamped(test))), SLOW, wanted.size);
  const left = readJournal();
  for (const id of wanted) if (!left.caught.has(id) && left.outside.has(id)) await tryAlone(id, mutants);

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
