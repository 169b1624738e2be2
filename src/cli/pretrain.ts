import type { Command } from 'commander';
import { withBackend, type BackendFlags } from './backendOptions.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';
import { outputOverrides, withTraining, type TrainingFlags } from './trainingOptions.ts';

interface PretrainFlags extends ConfigFlags, BackendFlags, TrainingFlags {
  readonly checkData: boolean;
}

export function addPretrain(program: Command): void {
  const command = program.command('pretrain').description('Trains a classifier on labelled photos; Ctrl-C saves, --resume goes on.');
  withTraining(withBackend(withConfig(command)))
    .option('--data <dir>', "where the data is: a folder with train/ and val/ that hold one folder per class, or CIFAR's binary files")
    .option('--no-check-data', 'do not look at every photo first (what was looked at once is remembered)')
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
      const { resume = false, init, checkData, device, backend, threads } = flags;
      const overrides = overridesOf(flags);
      const set = [...(overrides.set ?? []), ...outputOverrides(flags)];
      process.exitCode = await runPretraining(await loadConfigFor('classification', config, { ...overrides, set }), {
        resume,
        checkData,
        ...(init !== undefined && { init }),
        backend: { device, backend, ...(threads !== undefined && { threads }) },
      });
    });
}
