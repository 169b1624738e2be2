#!/usr/bin/env node
// The `mpvg` command. Nothing heavy is imported here: each command loads what it needs when it runs, so that --help is quick.

import { hasTooFewAddresses, startWithFewAddresses } from './addressSpace.ts';
import { keepCompiledCode } from './compileCache.ts';
import { tolerateClosedStreams } from './standardStreams.ts';

tolerateClosedStreams({ stdout: process.stdout, stderr: process.stderr, exit: (code) => process.exit(code) });
process.exitCode = await (hasTooFewAddresses() ? startWithFewAddresses() : start());
// What is left behind of a failure, such as a thread that could not be started, does not keep the process.
if (process.exitCode !== 0) setTimeout(() => process.exit(), 1000).unref();

/** What is loaded from here on is kept compiled for the next run. */
async function start(): Promise<number> {
  keepCompiledCode();
  const [{ createProgram }, { runProgram }] = await Promise.all([import('./program.ts'), import('./runProgram.ts')]);
  return runProgram(createProgram(), process.argv.slice(2));
}
