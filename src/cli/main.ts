#!/usr/bin/env node
// The `mpvg` command. Nothing heavy is imported here: each command loads what it needs when it runs, so that --help is quick.

import { hasTooFewAddresses, startWithFewAddresses } from './addressSpace.ts';
import { createProgram } from './program.ts';
import { runProgram } from './runProgram.ts';
import { tolerateClosedStreams } from './standardStreams.ts';

tolerateClosedStreams({ stdout: process.stdout, stderr: process.stderr, exit: (code) => process.exit(code) });
process.exitCode = await (hasTooFewAddresses() ? startWithFewAddresses() : runProgram(createProgram(), process.argv.slice(2)));
