// The options of every command that trains.

import { Option, type Command } from 'commander';
import { withThreads, type ThreadFlags } from './backendOptions.ts';

export interface TrainingFlags extends ThreadFlags {
  readonly out?: string;
  readonly resume?: true;
  readonly init?: string;
  readonly precision?: 'fp32' | 'bf16';
}

export function withTraining(command: Command): Command {
  return withThreads(command)
    .option('--out <dir>', "the run's folder, instead of the config's")
    .option('--resume', 'continue the run in that folder from its last checkpoint, exactly; start it when there is none')
    .option('--init <checkpoint>', 'start from the weights of a run, a checkpoint or a .safetensors file; a head for other classes starts anew')
    .addOption(new Option('--precision <name>', "instead of the config's").choices(['fp32', 'bf16']));
}

/** What these options override in a config. */
export function outputOverrides({ out, precision }: TrainingFlags): string[] {
  return [...(out === undefined ? [] : [`out=${out}`]), ...(precision === undefined ? [] : [`precision=${precision}`])];
}
