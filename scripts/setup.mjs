#!/usr/bin/env node
// Set-up: everything between a fresh clone and a program that runs. `npm start` and `npm test` call it first; once all is up
// to date it takes a fraction of a second and prints nothing. This file is kept to syntax that an old Node can parse, so that
// it is refused by name rather than by a syntax error.

const minimum = '20.19';
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`mpvg set-up: expected Node ${minimum} or newer, got ${process.versions.node}: install it from https://nodejs.org`);
  process.exit(2);
}

import('./setup/steps.mjs')
  .then((steps) => steps.setUp({ javascript: process.argv.includes('--javascript') }))
  .then((exitCode) => {
    process.exitCode = exitCode;
  });
