import type { Command } from 'commander';
import { withBackend, type BackendFlags } from './backendOptions.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';

interface PredictFlags extends ConfigFlags, BackendFlags {
  readonly checkpoint: string;
  readonly out: string;
}

export function addPredict(program: Command): void {
  withBackend(withConfig(program.command('predict').description('Segments photos with a trained model: an overlay and a label image for each.')))
    .argument('<photos...>', 'photos, or folders of photos')
    .requiredOption('--checkpoint <checkpoint>', 'a run, one of its checkpoints or a .safetensors file')
    .option('--out <dir>', 'where pictures and label images are written', 'predictions')
    .addHelpText('after', `
For each photo: NAME.png (photo and prediction side by side, with the classes that occur), NAME.labels.png (class numbers), and its
classes with their shares of the pixels in predictions.json.

Example:
  mpvg predict configs/quickstart/segmentation.ts --checkpoint runs/quickstart-segmentation holiday.jpg more_photos/`)
    .action(async (config: string, photos: string[], flags: PredictFlags) => {
      const { loadConfigFor } = await import('../config/loadConfig.ts');
      const { runPrediction } = await import('./runPrediction.ts');
      const { checkpoint, out, device, backend } = flags;
      const loaded = await loadConfigFor('segmentation', config, overridesOf(flags));
      await runPrediction(loaded, photos, { checkpoint, out, backend: { device, backend } });
    });
}
