import { InvalidArgumentError, Option, type Command } from 'commander';
import { withBackend, type BackendFlags } from './backendOptions.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';

interface PretrainFlags extends ConfigFlags, BackendFlags {
  readonly out?: string;
  readonly resume?: true;
  readonly init?: string;
  readonly threads?: number;
  readonly precision?: 'fp32' | 'bf16';
}

export function addPretrain(program: Command): void {
  withBackend(withConfig(program.command('pretrain').description('Trains a classifier on labelled photos; Ctrl-C saves, --resume goes on.')))
    .option('--data <dir>', "where the data is: a folder with train/ and val/ that hold one folder per class, or CIFAR's binary files")
    .option('--out <dir>', "the run's folder, instead of the config's")
    .option('--resume', 'continue the run in that folder from its last checkpoint, exactly; start it when there is none')
    .option('--init <checkpoint>', 'start from the weights of a run, a checkpoint or a .safetensors file')
    .option('--threads <count>', 'threads for computing (default: one per core)', wholeNumber)
    .addOption(new Option('--precision <name>', "instead of the config's").choices(['fp32', 'bf16']))
    .addHelpText('after', `
A run's folder gets config.json, env.json, log.jsonl, curve.svg, metrics.json and checkpoints/{last,best}.
Stopped with Ctrl-C or killed, it goes on where it was with the same command and --resume.

Examples:
  mpvg pretrain configs/quickstart/pretrain.ts
  mpvg pretrain configs/quickstart/pretrain.ts --data my_photos --set model.classes=3 --out runs/my_photos
  mpvg pretrain configs/cifar100/vit_lite.ts --data cifar-100-binary --join lape --out runs/lape
  mpvg pretrain configs/cifar100/vit_lite.ts --data cifar-100-binary --join lape --out runs/lape --resume`)
    .action(async (config: string, flags: PretrainFlags) => {
      const { loadConfigFor } = await import('../config/loadConfig.ts');
      const { runPretraining } = await import('./runPretraining.ts');
      const { out, precision, resume = false, init, device, backend, threads } = flags;
      const overrides = overridesOf(flags);
      const set = [
        ...(overrides.set ?? []),
        ...(out === undefined ? [] : [`out=${out}`]),
        ...(precision === undefined ? [] : [`precision=${precision}`]),
      ];
      process.exitCode = await runPretraining(await loadConfigFor('classification', config, { ...overrides, set }), {
        resume,
        ...(init !== undefined && { init }),
        backend: { device, backend, ...(threads !== undefined && { threads }) },
      });
    });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('expected a whole number of at least 1.');
}
