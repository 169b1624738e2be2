// The options of every command that computes.

import { Option, type Command } from 'commander';
import type { BackendOptions } from '../backends/select.ts';

/** Adds --device and --backend. */
export function withBackend(command: Command): Command {
  return command
    .option('--device <name>', 'cpu, or a GPU such as cuda:0', 'cpu')
    .addOption(new Option('--backend <name>', 'what computes').choices(['torch', 'tensorflow']).default('torch'));
}

/** What withBackend's options parse to. */
export type BackendFlags = Required<Pick<BackendOptions, 'backend' | 'device'>>;
