#!/usr/bin/env node
// The `mpvg` command. Nothing heavy is imported here: each command loads what it needs when it runs, so that --help is quick.

import { createProgram } from './program.ts';
import { runProgram } from './runProgram.ts';

process.exitCode = await runProgram(createProgram(), process.argv.slice(2));
