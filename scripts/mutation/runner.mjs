// How tests are run for a mutation run: each test once as it is, to see which mutants it reaches, and again with each of those
// that nothing has caught yet. In one process, so that a mutant costs the time of its test. What was found goes to the journal.

import path from 'node:path';
import { TestRunner } from 'vitest';
import { appendJournal, readJournal, readPlan, stamped } from './journal.mjs';

const { mutants = [], wanted = new Set() } = readPlan() ?? {};
/** A mutant that is on from the start, for the whole process. */
const fixed = process.env['MPVG_MUTANT'];
/** Tests that take longer than so many ms wait for the next round. */
const slowest = process.env['MPVG_MUTATION_SLOWEST'] ?? '';
const reached = new Uint8Array(mutants.length);
let active = fixed === undefined ? -1 : Number(fixed);
let deadline = Infinity;
let calls = 0;

/** As they are outside tests, which may put others in their place. */
const { setTimeout, clearTimeout } = globalThis;
const now = performance.now.bind(performance);

/** Of this process, ms: what others do on the machine does not count. */
const processorTime = () => process.cpuUsage().user / 1000;

/** @param {number} id @returns {boolean} whether the mutant is on */
globalThis.$mutant = (id) => {
  reached[id] = 1;
  if ((++calls & 0xfff) === 0 && processorTime() > deadline) throw new Error('mutation: out of time');
  return id === active;
};

/** @returns {number[]} the wanted mutants that were reached since the last call */
function takeReached() {
  const ids = [...reached.keys()].filter((id) => reached[id] === 1 && wanted.has(id));
  reached.fill(0);
  return ids;
}

export default class MutationRunner extends TestRunner {
  /** @param {import('vitest').RunnerTestCase} test */
  async runTask(test) {
    const run = async () => TestRunner.getTestFn(test)();
    if (fixed !== undefined) return run();
    const file = nameOf(test.file);
    appendJournal({ kind: 'reached', outside: true, file, ids: takeReached() }); // by loading modules and in hooks
    const start = { time: now(), processor: processorTime() };
    await run();
    const took = processorTime() - start.processor;
    const limits = { processor: 5 * took + 2000, time: 5 * (now() - start.time) + 5000 };
    const ids = takeReached();
    appendJournal({ kind: 'reached', file, ids });
    const known = readJournal();
    const left = ids.filter((id) => !known.caught.has(id) && !known.tried.has(`${id} ${file} ${test.id}`));
    if (left.length === 0 || took > Number(slowest || Infinity)) return;
    const again = () => runAgain(test);
    if (!await passes(again)) { // a test that cannot be run twice leaves it to processes of their own
      return appendJournal({ kind: 'reached', outside: true, file, ids: takeReached() });
    }
    const repeated = new Set(takeReached());
    // What a module does once, at its first use, as it does what it does when it is loaded.
    appendJournal({ kind: 'reached', outside: true, file, ids: left.filter((id) => !repeated.has(id)) });
    for (const id of left.filter((one) => repeated.has(one))) {
      appendJournal({ kind: 'start', id, file, test: test.id, limit: limits.time });
      const survives = await passes(() => runAgain(test, id), limits);
      active = -1;
      appendJournal({ kind: survives ? 'tried' : 'caught', id, file, test: test.id, name: test.fullTestName });
      if (!survives && !await passes(again)) {
        process.kill(process.pid, 'SIGKILL'); // the mutant left something behind: what is left of this file goes on in a new process
      }
    }
    takeReached();
  }

  /** @override @param {import('vitest').RunnerTestFile[]} [files] */
  onAfterRunFiles(files = []) {
    super.onAfterRunFiles();
    if (fixed !== undefined) return;
    const ids = takeReached();
    for (const file of files) {
      appendJournal({ kind: 'reached', outside: true, file: nameOf(file), ids });
      appendJournal({ kind: 'done', file: `${nameOf(file)} ${process.env['MPVG_MUTATION_ROUND'] ?? ''}` });
    }
  }
}

/**
 * A test once more, from its `beforeEach` on, after the `afterEach` of its last run.
 * @param {import('vitest').RunnerTestCase} test @param {number} [id] of the mutant that is on
 */
async function runAgain(test, id = -1) {
  const suites = suitesOf(test.suite ?? test.file);
  for (const suite of suites.toReversed()) {
    for (const hook of TestRunner.getSuiteHooks(suite).afterEach.toReversed()) await hook(test.context, suite);
  }
  active = id;
  for (const suite of suites) {
    for (const hook of TestRunner.getSuiteHooks(suite).beforeEach) await hook(test.context, suite);
  }
  await TestRunner.getTestFn(test)();
}

/**
 * From the file on.
 * @param {import('vitest').RunnerTestSuite} suite @returns {import('vitest').RunnerTestSuite[]}
 */
function suitesOf(suite) {
  return 'filepath' in suite ? [suite] : [...suitesOf(suite.suite ?? suite.file), suite];
}

/** @param {import('vitest').RunnerTestFile} file */
function nameOf({ filepath }) {
  return stamped(path.relative(path.resolve(import.meta.dirname, '../..'), filepath));
}

/**
 * @param {() => Promise<unknown>} run
 * @param {{ processor: number, time: number }} [limits] ms
 */
async function passes(run, limits) {
  deadline = processorTime() + (limits?.processor ?? Infinity);
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    await Promise.race([run(), new Promise((_, reject) => {
      if (limits !== undefined) timer = setTimeout(reject, limits.time, new Error('mutation: out of time'));
    })]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    deadline = Infinity;
  }
}
