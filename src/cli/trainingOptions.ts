// The options of every command that trains.

import { InvalidArgumentError, Option, type Command } from 'commander';

export interface TrainingFlags {
  readonly out?: string;
  readonly resume?: true;
  readonly init?: string;
  readonly threads?: number;
  readonly precision?: 'fp32' | 'bf16';
}

export function withTraining(command: Command): Command {
  return command
    .option('--out <dir>', "the run's folder, instead of the config's")
    .option('--resume', 'continue the run in that folder from its last checkpoint, exactly; start it when there is none')
    .option('--init <checkpoint>', 'start from the weights of a run, a checkpoint or a .safetensors file; a head for other classes starts anew')
    .option('--threads <count>', 'threads for computing (default: one per core)', wholeNumber)
    .addOption(new Option('--precision <name>', "instead of the config's").choices(['fp32', 'bf16']));
}

/** What these options override in a config. */
export function outputOverrides({ out, precision }: TrainingFlags): string[] {
  return [...(out === undefined ? [] : [`out=${out}`]), ...(precision === undefined ? [] : [`precision=${precision}`])];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('expected a whole number of at least 1.');
}
