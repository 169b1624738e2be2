import type { Command } from 'commander';
import { withBackend, withThreads, type BackendFlags, type ThreadFlags } from './backendOptions.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';

interface PredictFlags extends ConfigFlags, BackendFlags, ThreadFlags {
  readonly checkpoint: string;
  readonly out: string;
}

export function addPredict(program: Command): void {
  const command = program.command('predict').description('Segments photos with a trained model: an overlay and a label image for each.');
  withThreads(withBackend(withConfig(command)))
    .argument('<photos...>', 'photos, or folders of photos')
    .requiredOption('--checkpoint <checkpoint>', 'a run, one of its checkpoints or a .safetensors file')
    .option('--out <dir>', 'where pictures and label images are written', 'predictions')
    .addHelpText('after', `
For each photo: NAME.png (photo and prediction side by side, with the classes that occur) and NAME.labels.png (pixels are class
numbers, from 0; a palette gives them the classes' colours). predictions.json lists the photos with their classes' shares of the
pixels. NAME is the photo's name, with its folders below a given folder, and a number where several photos have it.

A photo that cannot be read is named and passed over: exit code 2. Ctrl-C ends after the photo at hand; predictions.json lists what
is done. A further run into the same folder replaces what has the same name, and predictions.json.

Example:
  mpvg predict configs/quickstart/segmentation.ts --checkpoint runs/quickstart-segmentation holiday.jpg more_photos/`)
    .action(async (config: string, photos: string[], flags: PredictFlags) => {
      const { loadConfigFor } = await import('../config/loadConfig.ts');
      const { runPrediction } = await import('./runPrediction.ts');
      const { checkpoint, out, device, backend, threads } = flags;
      const loaded = await loadConfigFor('segmentation', config, overridesOf(flags));
      const options = { device, backend, ...(threads !== undefined && { threads }) };
      process.exitCode = await runPrediction(loaded, photos, { checkpoint, out, backend: options });
    });
}
