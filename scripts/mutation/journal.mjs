// A mutation run's folder: `plan.json`, the mutants, and `journal.jsonl`, what has been found about them line by line, so that a
// run that was stopped goes on where it was. The folder is handed down in MPVG_MUTATION.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/**
 * @typedef {object} Plan
 * @property {import('./mutants.mjs').Mutant[]} mutants by number
 * @property {Record<string, string>} code file, from the project's root → its code with the mutants in it
 * @property {Set<number>} wanted those that are to be tried
 */

/**
 * `file` is a test file's path and its content's hash: what was found with another content does not count.
 * @typedef {(
 *   { kind: 'reached', outside?: boolean, file: string, ids: number[] } | { kind: 'done', file: string } |
 *   { kind: 'start', id: number, file: string, test: string, limit: number } |
 *   { kind: 'tried' | 'caught', id: number, file: string, test: string, name?: string }
 * )} Entry
 */

const folder = () => process.env['MPVG_MUTATION'] ?? '';
const planFile = () => path.join(folder(), 'plan.json');
export const journalFile = () => path.join(folder(), 'journal.jsonl');

const root = path.resolve(import.meta.dirname, '../..');

/** @param {string} text */
export const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** @param {string} test path from the root @returns the name under which the journal knows it */
export const stamped = (test) => `${test}#${hash(fs.readFileSync(path.join(root, test), 'utf8'))}`;

/** @returns {Plan | undefined} */
export function readPlan() {
  if (!fs.existsSync(planFile())) return undefined;
  /** @type {{ mutants: Plan['mutants'], code: Plan['code'], wanted: number[] }} */
  const { mutants, code, wanted } = JSON.parse(fs.readFileSync(planFile(), 'utf8'));
  return { mutants, code, wanted: new Set(wanted) };
}

/** @param {Plan} plan */
export function writePlan({ mutants, code, wanted }) {
  fs.mkdirSync(folder(), { recursive: true });
  fs.writeFileSync(planFile(), JSON.stringify({ mutants, code, wanted: [...wanted] }));
}

/** @param {Entry} entry */
export function appendJournal(entry) {
  fs.appendFileSync(journalFile(), `${JSON.stringify(entry)}\n`);
}

export function readJournal() {
  const known = {
    /** @type {Map<number, string>} number → the test that caught it */
    caught: new Map(),
    /** @type {Set<string>} `number file test` of what a test did not notice */
    tried: new Set(),
    /** @type {Map<number, Set<string>>} number → test files that reach it */
    reached: new Map(),
    /** @type {Set<number>} what is reached outside tests too: when modules are loaded, in hooks */
    outside: new Set(),
    /** @type {Set<string>} `file round` of test files that are through */
    done: new Set(),
    /** @type {Map<string, Extract<Entry, { kind: 'start' }>>} test file → what it began and did not end */
    begun: new Map(),
  };
  if (!fs.existsSync(journalFile())) return known;
  for (const line of fs.readFileSync(journalFile(), 'utf8').split('\n')) {
    if (!line.endsWith('}')) continue; // the last line of a run that was killed
    const entry = /** @type {Entry} */ (JSON.parse(line));
    if (entry.kind === 'start') known.begun.set(entry.file, entry);
    else if (entry.kind === 'done') known.done.add(entry.file);
    else if (entry.kind === 'reached') {
      for (const id of entry.ids) {
        known.reached.set(id, (known.reached.get(id) ?? new Set()).add(entry.file));
        if (entry.outside === true) known.outside.add(id);
      }
    } else {
      known.begun.delete(entry.file);
      if (entry.kind === 'caught') known.caught.set(entry.id, entry.name ?? entry.file);
      known.tried.add(`${entry.id} ${entry.file} ${entry.test}`);
    }
  }
  return known;
}
