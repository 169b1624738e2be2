// What the suite's process reports to the test that started it.

export interface SpecOutcome {
  readonly name: string;
  readonly status: 'passed' | 'failed';
  /** The messages of the expectations that failed. */
  readonly failure: string;
}

export interface SuiteResults {
  readonly specs: readonly SpecOutcome[];
  /** Failures outside specs: a hook, a load error. */
  readonly suiteFailures: readonly string[];
  readonly kernelRuns: Readonly<Record<string, number>>;
  readonly specsByBackend: Readonly<Record<string, number>>;
}
