import type { Command } from 'commander';
import { withBackend, type BackendFlags } from './backendOptions.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';
import { outputOverrides, withTraining, type TrainingFlags } from './trainingOptions.ts';

interface FinetuneFlags extends ConfigFlags, BackendFlags, TrainingFlags {
  readonly pretrained?: string;
  readonly checkData: boolean;
}

export function addFinetune(program: Command): void {
  const command = program.command('finetune').description('Trains a segmentation model on photos with label images; Ctrl-C saves, --resume goes on.');
  withTraining(withBackend(withConfig(command)))
    .option('--data <dir>', 'where the data is: images/{training,validation} beside annotations/{training,validation}')
    .option('--pretrained <checkpoint>', 'start the backbone from a pretraining run, a checkpoint or a .safetensors file')
    .option('--no-check-data', 'do not look at every photo and label image first (what was looked at once is remembered)')
    .addHelpText('after', `
A run's folder gets config.json, env.json, log.jsonl, curve.svg, metrics.json, checkpoints/{last,best} and pictures/, in which photo,
truth and prediction are side by side. Stopped with Ctrl-C or killed, it goes on where it was with the same command and --resume.

Examples:
  mpvg finetune configs/quickstart/segmentation.ts --pretrained runs/quickstart
  mpvg finetune configs/camvid/upernet_vit_adapter_tiny_2core.ts --data camvid --out runs/camvid
  mpvg finetune configs/ade20k/upernet_vit_adapter_tiny.ts --join lape --pretrained runs/imagenet-lape --out runs/ade20k-lape`)
    .action(async (config: string, flags: FinetuneFlags) => {
      const { loadConfigFor } = await import('../config/loadConfig.ts');
      const { runFinetuning } = await import('./runFinetuning.ts');
      const { resume = false, init, pretrained, checkData, device, backend, threads } = flags;
      const overrides = overridesOf(flags);
      const set = [...(overrides.set ?? []), ...outputOverrides(flags)];
      process.exitCode = await runFinetuning(await loadConfigFor('segmentation', config, { ...overrides, set }), {
        resume,
        ...(init !== undefined && { init }),
        ...(pretrained !== undefined && { pretrained }),
        checkData,
        backend: { device, backend, ...(threads !== undefined && { threads }) },
      });
    });
}
