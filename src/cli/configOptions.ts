// The argument and the options of every command that takes a config.

import type { Command } from 'commander';
import type { ConfigOverrides } from '../config/loadConfig.ts';
import { ConfigError } from '../errors.ts';

/** Adds <config>, --join and --set. @param what the argument is */
export function withConfig(command: Command, what = 'a config file, such as configs/imagenet/deit_tiny.ts'): Command {
  return command
    .argument('<config>', what)
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

/**
 * The weights that are meant: those of --checkpoint, else of the run that stands in the place of a config.
 * @throws ConfigError when that is a config file
 */
export function checkpointOf(given: string, { checkpoint }: { readonly checkpoint?: string }): string {
  if (checkpoint !== undefined) return checkpoint;
  if (!/\.[cm]?[jt]s$/.test(given)) return given;
  throw new ConfigError(`--checkpoint: expected a run or a checkpoint beside the config ${given}, got none; or give the run alone in place of the config`);
}
