import { statSync } from 'node:fs';
import type { Command } from 'commander';
import type { StoredTensor } from '../checkpoint/storedTensor.ts';
import { ConfigError } from '../errors.ts';
import { recipes } from '../recipes/table.ts';
import { withBackend, type BackendFlags } from './backendOptions.ts';
import { collect, overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';
import { positiveNumber } from './optionValues.ts';
import { tell } from './tell.ts';

interface ForwardFlags extends ConfigFlags, BackendFlags {
  readonly weights: readonly string[];
  readonly inputs: string;
  readonly out: string;
  readonly grad?: true;
  readonly train?: true;
  readonly tolerance?: number;
}

export function addForward(program: Command): void {
  withBackend(withConfig(program.command('forward').description('Runs a model on given tensors and writes every stage: to check a port against another framework.')))
    .requiredOption('--weights <checkpoint>', 'a run, a checkpoint or a .safetensors file, in which weight.<parameter> are the weights; can be repeated, later ones win', collect, [])
    .requiredOption('--inputs <file>', 'safetensors with input.<name>, images as [B, 3, H, W], normalised; may be the same file')
    .requiredOption('--out <file>', 'safetensors to write: output.<stage>, and grad.<parameter> with --grad')
    .option('--grad', 'also the gradients of the loss, grad.<parameter> and grad.input.<name>')
    .option('--train', "segmentation: with the batch's statistics in batch norms; output.after.<buffer> are the running ones afterwards")
    .option('--tolerance <share>', 'fail when an output differs by more than this share of its largest value from the one in --inputs', positiveNumber)
    .addHelpText('after', `
Outputs and gradients that stand in the file of --inputs too (output.logits, grad.head.weight …) are compared, worst first.

A file without any weight.<parameter> is taken as a checkpoint: its names are the parameters'.

Inputs and outputs by task:
${recipes.map(({ task, stages }) => `${task}\n${stages}`).join('\n')}
Random draws are the config's: --set model.dropPath=0 --set model.head.dropout=0 --set model.auxiliary.dropout=0 switches them off.

Examples:
  mpvg forward my_model.ts --join pvg --weights theirs.safetensors --inputs theirs.safetensors --out ours.safetensors --grad
  mpvg forward configs/ade20k/upernet_vit_adapter_tiny.ts --weights theirs.safetensors --inputs theirs.safetensors --out ours.safetensors --train`)
    .action(async (configFile: string, flags: ForwardFlags) => {
      const { openExperiment } = await import('../config/loadConfig.ts');
      const { loadCheckpoint, sourceOf } = await import('../checkpoint/checkpoint.ts');
      const { finiteTensors } = await import('../checkpoint/finiteTensors.ts');
      const { wrapperNotes } = await import('../checkpoint/wrapperNames.ts');
      const { readSafetensors, writeSafetensors } = await import('../checkpoint/safetensors.ts');
      const { selectBackend } = await import('../backends/select.ts');
      const { compareOutputs, describeComparison, expectWithin } = await import('./compareOutputs.ts');
      const { expectPart } = await import('../recipes/recipe.ts');
      const { weightsOf } = await import('../parity/given.ts');

      expectOwnPlace(flags.out, [flags.inputs, ...flags.weights]);
      const experiment = await openExperiment(configFile, overridesOf(flags));
      const weights = new Map<string, StoredTensor>();
      for (const path of flags.weights) {
        const stored = await loadCheckpoint(path, { parts: ['model'] });
        const { tensors, wrapper } = weightsOf(stored.model);
        for (const note of wrapperNotes(stored.path, (stored.wrapper ?? '') + wrapper)) console.error(note);
        for (const [name, tensor] of finiteTensors(tensors, await sourceOf(stored, 'model'))) weights.set(name, tensor);
      }
      const inputs = await readSafetensors(flags.inputs);
      const { grad = false, train = false, inputs: file } = flags;
      await selectBackend({ backend: flags.backend, device: flags.device });
      const outputs = await expectPart(experiment, 'runStages')({ weights, inputs, file, grad, train, tell });
      const stored = [...outputs].map(([name, tensor]) => [name, { ...tensor, data: new Float32Array(tensor.data) }] as const);
      await writeSafetensors(flags.out, stored);
      const comparison = compareOutputs(outputs, inputs, flags.inputs);
      const text = describeComparison(comparison, flags.inputs);
      if (text !== '') console.log(text);
      if (flags.tolerance !== undefined) expectWithin(comparison, flags.tolerance, flags.inputs);
    });
}

/** @throws ConfigError when a file that is read would be overwritten */
function expectOwnPlace(out: string, read: readonly string[]): void {
  const fileOf = (path: string) => statSync(path, { throwIfNoEntry: false });
  const place = fileOf(out);
  const same = place && read.find((path) => fileOf(path)?.ino === place.ino && fileOf(path)?.dev === place.dev);
  if (same !== undefined) throw new ConfigError(`forward: expected another file for --out than those that are read, got ${out}: ${same} would be overwritten`);
}
