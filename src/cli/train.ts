import type { Command } from 'commander';
import { withBackend, withThreads, type BackendFlags, type ThreadFlags } from './backendOptions.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';
import { precisionOption } from './optionValues.ts';

interface TrainFlags extends ConfigFlags, BackendFlags, ThreadFlags {
  readonly out?: string;
  readonly resume?: true;
  readonly init?: string;
  readonly pretrained?: string;
  readonly precision?: 'fp32' | 'bf16';
  readonly checkData: boolean;
}

/** The same command under the names that people look for. */
const NAMES = [
  ['train', 'Trains what a config says, whatever its task; Ctrl-C saves, --resume goes on.'],
  ['pretrain', 'The same, for a classifier that is to be a backbone.'],
  ['finetune', 'The same, for a model on a pretrained backbone.'],
] as const;

export function addTrain(program: Command): void {
  for (const [name, description] of NAMES) addNamed(program.command(name).description(description));
}

function addNamed(command: Command): void {
  withThreads(withBackend(withConfig(command)))
    .option('--data <dir>', "where the data is: photos in folders train/ and val/, with one folder per class; images/ and annotations/ with training/ and validation/; or CIFAR's binary files")
    .option('--pretrained <checkpoint>', 'start the backbone from a pretraining run, a checkpoint or a .safetensors file')
    .option('--init <checkpoint>', 'start from the weights of a run, a checkpoint or a .safetensors file; a head for other classes starts anew')
    .option('--out <dir>', "the run's folder, instead of the config's")
    .option('--resume', 'continue the run in that folder from its last checkpoint, exactly; start it when there is none')
    .addOption(precisionOption())
    .option('--no-check-data', 'do not look at every file of the data first (what was looked at once is remembered)')
    .addHelpText('after', `
A run's folder gets config.json, env.json, log.jsonl, curve.svg, metrics.json and checkpoints/{last,best}, a segmentation's also
pictures/, in which photo, truth and prediction are side by side. Stopped with Ctrl-C or killed, it goes on where it was with the same
command and --resume. model.classes: 'data' takes as many classes as the data has. train, pretrain and finetune are one command.

Examples:
  mpvg train configs/quickstart/pretrain.ts
  mpvg train configs/quickstart/segmentation.ts --pretrained runs/quickstart
  mpvg train configs/quickstart/pretrain.ts --data my_photos --set model.classes=data --out runs/my_photos
  mpvg pretrain configs/cifar100/vit_lite.ts --data cifar-100-binary --join lape --out runs/lape --resume
  mpvg finetune configs/ade20k/upernet_vit_adapter_tiny.ts --join lape --pretrained runs/imagenet-lape --out runs/ade20k-lape`)
    .action(async (config: string, flags: TrainFlags) => {
      const { runTraining } = await import('./runTraining.ts');
      const { resume = false, init, pretrained, checkData, device, backend, threads } = flags;
      const { set = [], ...overrides } = overridesOf(flags);
      process.exitCode = await runTraining(config, { ...overrides, set: [...set, ...outputOverrides(flags)] }, {
        resume,
        ...(init !== undefined && { init }),
        ...(pretrained !== undefined && { pretrained }),
        checkData,
        backend: { device, backend, ...(threads !== undefined && { threads }) },
      });
    });
}

/** What options of their own override in a config. */
function outputOverrides({ out, precision }: TrainFlags): string[] {
  return [...(out === undefined ? [] : [`out=${out}`]), ...(precision === undefined ? [] : [`precision=${precision}`])];
}
