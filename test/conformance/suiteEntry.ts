// Entry of the bundle that runs tfjs-core's own specs on the backend `torch` and writes what came of each to a file. The
// order of the imports matters: Jasmine's globals, the backend, the tests.

import { writeFileSync } from 'node:fs';
import { jasmineEnvironment } from './suiteGlobals.ts';
import { countSpec, kernelRuns, specsByBackend } from './suiteBackend.ts';
import '@tensorflow/tfjs-core/dist/tests.js';
import { suiteOptions } from './suiteOptions.ts';
import type { SpecOutcome, SuiteResults } from './suiteResults.ts';

const specs: SpecOutcome[] = [];
const suiteFailures: string[] = [];
const messages = (failures: readonly { readonly message: string }[]): string => failures.map(({ message }) => message).join('\n');

jasmineEnvironment.configure({ random: false, specFilter: (spec) => spec.getFullName().includes(suiteOptions.only) });
jasmineEnvironment.clearReporters();
jasmineEnvironment.afterEach(countSpec);
jasmineEnvironment.addReporter({
  specDone: ({ fullName, status, failedExpectations }) => {
    if (status === 'passed' || status === 'failed') specs.push({ name: fullName, status, failure: messages(failedExpectations) });
  },
  suiteDone: ({ fullName, failedExpectations }) => {
    if (failedExpectations.length > 0) suiteFailures.push(`${fullName}: ${messages(failedExpectations)}`);
  },
  jasmineDone: ({ failedExpectations }) => {
    if (failedExpectations.length > 0) suiteFailures.push(messages(failedExpectations));
  },
});

await jasmineEnvironment.execute();
const results: SuiteResults = {
  specs,
  suiteFailures,
  kernelRuns: Object.fromEntries(kernelRuns),
  specsByBackend: Object.fromEntries(specsByBackend),
};
writeFileSync(suiteOptions.resultsPath, JSON.stringify(results));
// Specs leave servers and timers behind.
process.exit(0);
