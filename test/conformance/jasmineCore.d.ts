// The part of jasmine-core that the suite needs; the package has no types of its own.

declare module 'jasmine-core' {
  export interface SpecResult {
    readonly fullName: string;
    readonly status: 'passed' | 'failed' | 'pending' | 'excluded';
    readonly failedExpectations: readonly { readonly message: string }[];
  }

  export interface Reporter {
    specDone?(result: SpecResult): void;
    suiteDone?(result: SpecResult): void;
    jasmineDone?(result: { readonly failedExpectations: readonly { readonly message: string }[] }): void;
  }

  export interface Environment {
    configure(options: { random?: boolean; specFilter?: (spec: { getFullName(): string }) => boolean }): void;
    addReporter(reporter: Reporter): void;
    clearReporters(): void;
    afterEach(action: () => void): void;
    execute(): Promise<unknown>;
  }

  export function boot(): { getEnv(): Environment };
}
