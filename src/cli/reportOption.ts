// --report, of commands that evaluate. This build has no pages to write yet, and says so before any work is done.

import type { Command } from 'commander';
import { ConfigError } from '../errors.ts';

export interface ReportFlags {
  readonly report?: string;
}

/** Adds --report. */
export function withReport(command: Command): Command {
  return command.option('--report <dir>', 'write a page with tables and curves there (not in this build yet)');
}

/** @throws ConfigError when a report is asked for */
export function checkReport({ report }: ReportFlags, command: string): void {
  if (report !== undefined) throw new ConfigError(`${command}: expected no --report, since this build does not write reports yet, got ${report}; --json gives the numbers`);
}
