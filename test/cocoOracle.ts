// Python's pycocotools as an oracle: a script beside the test reads a JSON file of cases and writes one of answers.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cocoPython } from '../src/cli/bench/cocoPython.ts';

/** The Python to ask, undefined where there is none; then it says which tests are left out. */
export async function findOracle(tests: string): Promise<string | undefined> {
  return await cocoPython().catch((error: unknown) => {
    console.warn(`SKIPPED: ${tests}. ${String(error)}`);
    return undefined;
  });
}

/** Runs `script cases.json answers.json`. */
export function askOracle(python: string, script: string, cases: unknown): unknown {
  const folder = mkdtempSync(path.join(tmpdir(), 'mpvg-oracle-'));
  try {
    const [input, output] = [path.join(folder, 'cases.json'), path.join(folder, 'answers.json')];
    writeFileSync(input, JSON.stringify(cases));
    execFileSync(python, [script, input, output], { stdio: ['ignore', 'ignore', 'inherit'] });
    return JSON.parse(readFileSync(output, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
