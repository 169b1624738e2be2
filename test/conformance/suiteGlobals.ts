// Jasmine's globals (describe, it, expect …), which tfjs-core's test files expect. Imported before any of them.

import { boot } from 'jasmine-core';

export const jasmineEnvironment = boot().getEnv();
