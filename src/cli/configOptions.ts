// The argument and the options of every command that takes a config.

import type { Command } from 'commander';
import type { ConfigOverrides } from '../config/loadConfig.ts';

/** Adds <config>, --join and --set. */
export function withConfig(command: Command): Command {
  return command
    .argument('<config>', 'a config file, such as configs/imagenet/deit_tiny.ts')
    .option('--join <preset>', 'how the position embedding joins: default, lape, share, unshare, pvg or mpvg')
    .option('--set <path=value>', 'overrides one value of the config, such as optimizer.lr=1e-3; can be repeated', collect, []);
}

/** The value of an option that can be repeated, for commander. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** What withConfig's options parse to; `data` where the command has it. */
export interface ConfigFlags {
  readonly join?: string;
  readonly data?: string;
  readonly set: readonly string[];
}

/** The overrides that the options ask for. */
export function overridesOf({ join, data, set }: ConfigFlags): ConfigOverrides {
  return { set, ...(join === undefined ? {} : { join }), ...(data === undefined ? {} : { data }) };
}
