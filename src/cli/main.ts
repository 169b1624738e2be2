#!/usr/bin/env node
// The `mpvg` command. Nothing heavy is imported here: each command loads what it needs when it runs, so that --help is quick.

import { hasTooFewAddresses, startWithFewAddresses } from './addressSpace.ts';
import { createProgram } from './program.ts';
import { runProgram } from './runProgram.ts';

// `mpvg … | head` closes the pipe before we are done; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`mpvg: standard output cannot be written: ${error.message}\n`);
  process.exit(2);
});

process.exitCode = await (hasTooFewAddresses() ? startWithFewAddresses() : runProgram(createProgram(), process.argv.slice(2)));
