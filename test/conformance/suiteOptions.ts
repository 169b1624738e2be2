// The suite's command line: suite.mjs RESULTS.json [--only TEXT] [--substitute KERNEL=OTHER]

import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, substitute: { type: 'string' } },
});

export const suiteOptions = {
  resultsPath: positionals[0] ?? 'conformance.json',
  /** Runs only specs whose full name contains this. */
  only: values.only ?? '',
  /** Breaks the backend on purpose: the first kernel computes what the second does. */
  substitute: values.substitute?.split('=') as [broken: string, other: string] | undefined,
};
