// Jasmine's globals (describe, it, expect …), which tfjs-core's test files expect. Imported before any of them.

import { boot } from 'jasmine-core';
import { Rng } from '../../src/random/rng.ts';

export const jasmineEnvironment = boot().getEnv();

// Some specs check statistics of unseeded draws, with bounds that one run in hundreds misses.
const rng = new Rng(1);
Math.random = () => rng.uniform();
