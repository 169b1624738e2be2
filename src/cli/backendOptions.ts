// The options of every command that computes.

import { Option, type Command } from 'commander';
import type { BackendOptions } from '../backends/select.ts';
import { wholeNumberFrom } from './optionValues.ts';

/** Adds --device and --backend. */
export function withBackend(command: Command): Command {
  return command
    .option('--device <name>', 'cpu, or a GPU such as cuda:0', 'cpu')
    .addOption(new Option('--backend <name>', 'what computes').choices(['torch', 'tensorflow']).default('torch'));
}

/** What withBackend's options parse to. */
export type BackendFlags = Required<Pick<BackendOptions, 'backend' | 'device'>>;

/** Adds --threads. */
export function withThreads(command: Command): Command {
  return command.option('--threads <count>', 'threads for computing (default: one per core)', wholeNumberFrom(1));
}

/** What withThreads' option parses to. */
export interface ThreadFlags {
  readonly threads?: number;
}
