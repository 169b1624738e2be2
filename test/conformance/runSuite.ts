// Bundles tfjs-core's own tests together with the backend and runs them in a process of their own.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { SuiteResults } from './suiteResults.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Three folders deep, as src/backends/torch is: the addon is found relative to the file that loads it.
const folder = path.join(root, 'build/conformance/suite');
const bundlePath = path.join(folder, 'suite.mjs');

/** Writes build/conformance/suite/suite.mjs. */
export async function bundleSuite(): Promise<void> {
  await build({
    entryPoints: [path.join(root, 'test/conformance/suiteEntry.ts')],
    outfile: bundlePath,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // tfjs-core declares its tests free of side effects; without this most of them would be dropped.
    ignoreAnnotations: true,
    external: ['jasmine-core'],
    // One copy of tfjs-core for the tests and the backend: the ES modules that the tests import by relative path.
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" },
    logLevel: 'error',
  });
}

export interface SuiteRun {
  /** Only specs whose full name contains this. */
  readonly only?: string;
  /** Breaks the backend on purpose: `[broken, other]`, the first kernel computes what the second does. */
  readonly substitute?: readonly [broken: string, other: string];
}

/** Runs the bundle; `name` keeps the results of different runs apart. */
export async function runSuite(name: string, { only, substitute }: SuiteRun = {}): Promise<SuiteResults> {
  const resultsPath = path.join(folder, `${name}.json`);
  const options = [
    ...(only === undefined ? [] : ['--only', only]),
    ...(substitute === undefined ? [] : ['--substitute', substitute.join('=')]),
  ];
  await promisify(execFile)(process.execPath, [bundlePath, resultsPath, ...options], { cwd: folder, maxBuffer: 1 << 26 });
  return JSON.parse(await readFile(resultsPath, 'utf8')) as SuiteResults;
}
