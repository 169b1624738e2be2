import type { Command } from 'commander';
import { withBackend, withThreads, type BackendFlags, type ThreadFlags } from './backendOptions.ts';
import { checkpointOf, overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';

interface PredictFlags extends ConfigFlags, BackendFlags, ThreadFlags {
  readonly checkpoint?: string;
  readonly out: string;
}

export function addPredict(program: Command): void {
  const command = program.command('predict').description('Asks a trained model about photos: their likeliest classes, or an overlay and a label image for each.');
  withThreads(withBackend(withConfig(command, 'a run; or a config file, with --checkpoint')))
    .argument('<photos...>', 'photos, or folders of photos')
    .option('--checkpoint <checkpoint>', 'a run, one of its checkpoints or a .safetensors file (default: the run that is given)')
    .option('--out <dir>', 'where results are written', 'predictions')
    .addHelpText('after', `
predictions.json lists the photos: of a classifier with the five likeliest classes, of a segmentation model with the classes' shares
of the pixels. A segmentation model also gives NAME.png for each photo (photo and prediction side by side, with the classes that
occur) and NAME.labels.png (pixels are class numbers, from 0; a palette gives them the classes' colours). NAME is the photo's name,
with its folders below a given folder, and a number where several photos have it.

A photo that cannot be read is named and passed over: exit code 2. Ctrl-C ends after the photo at hand; predictions.json lists what
is done. A further run into the same folder replaces what has the same name, and predictions.json.

Examples:
  mpvg predict runs/quickstart holiday.jpg more_photos/
  mpvg predict runs/quickstart-segmentation holiday.jpg --set evaluation.flip=true
  mpvg predict configs/ade20k/upernet_vit_adapter_tiny.ts --checkpoint weights.safetensors holiday.jpg`)
    .action(async (given: string, photos: string[], flags: PredictFlags) => {
      const { runPrediction } = await import('./runPrediction.ts');
      const { out, device, backend, threads } = flags;
      process.exitCode = await runPrediction(given, overridesOf(flags), photos, {
        checkpoint: checkpointOf(given, flags),
        out,
        backend: { device, backend, ...(threads !== undefined && { threads }) },
      });
    });
}
