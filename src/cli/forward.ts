import { statSync } from 'node:fs';
import type { Command } from 'commander';
import type { PretrainConfig } from '../config/pretrainSchema.ts';
import type { ForwardInputs } from '../engine/forward.ts';
import type { StoredTensor, TensorMap } from '../checkpoint/storedTensor.ts';
import { ConfigError, DataError } from '../errors.ts';
import type { FloatTensor, LoadReport } from '../nn/module.ts';
import { withBackend, type BackendFlags } from './backendOptions.ts';
import { compareOutputs, describeComparison, expectWithin } from './compareOutputs.ts';
import { collect, overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';
import { floatsNamed, labelsNamed, weightsOf } from './forwardTensors.ts';
import { positiveNumber } from './optionValues.ts';

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

Inputs and outputs of a classification config: input.x and labels input.y (and input.teacher); output.logits, output.loss, one
output per block. Of a segmentation config, where the files decide which part of the model runs:
  whole      weights of backbone and heads; input.x, labels input.label [B, H, W]
             output.logits, output.aux_logits, output.loss_ce, output.aux_loss_ce, output.total, output.acc_seg, and the backbone's
  backbone   weights without decode_head; input.x; the loss is the sum of input.r1 … input.r4 times the four maps
             output.f1 … output.f4, output.spm_c1 …, output.injector0 …, output.interaction0_x …, output.loss
  heads      input.f0 … input.f3 in place of the backbone's maps, input.label
             output.eval_logits of the first image, output.train_logits and the losses of the batch
Random draws are the config's: --set model.dropPath=0 --set model.head.dropout=0 --set model.auxiliary.dropout=0 switches them off.

Examples:
  mpvg forward my_model.ts --join pvg --weights theirs.safetensors --inputs theirs.safetensors --out ours.safetensors --grad
  mpvg forward configs/ade20k/upernet_vit_adapter_tiny.ts --weights theirs.safetensors --inputs theirs.safetensors --out ours.safetensors --train`)
    .action(async (configFile: string, flags: ForwardFlags) => {
      const { loadConfig } = await import('../config/loadConfig.ts');
      const { loadCheckpoint, sourceOf } = await import('../checkpoint/checkpoint.ts');
      const { finiteTensors } = await import('../checkpoint/finiteTensors.ts');
      const { wrapperNotes } = await import('../checkpoint/wrapperNames.ts');
      const { readSafetensors, writeSafetensors } = await import('../checkpoint/safetensors.ts');
      const { selectBackend } = await import('../backends/select.ts');

      expectOwnPlace(flags.out, [flags.inputs, ...flags.weights]);
      const config = await loadConfig(configFile, overridesOf(flags));
      const weights = new Map<string, StoredTensor>();
      for (const path of flags.weights) {
        const stored = await loadCheckpoint(path, { parts: ['model'] });
        const { tensors, wrapper } = weightsOf(stored.model);
        for (const note of wrapperNotes(stored.path, (stored.wrapper ?? '') + wrapper)) console.error(note);
        for (const [name, tensor] of finiteTensors(tensors, await sourceOf(stored, 'model'))) weights.set(name, tensor);
      }
      const inputs = await readSafetensors(flags.inputs);
      const { grad = false, train = false } = flags;
      const start = () => selectBackend({ backend: flags.backend, device: flags.device });
      let outputs: ReadonlyMap<string, FloatTensor>;
      if (config.task === 'classification') {
        outputs = await classify(config, weights, inputsOf(inputs, flags.inputs), { grad, start });
      } else {
        const { segment } = await import('./forwardSegmentation.ts');
        outputs = await segment(config, weights, inputs, { grad, train, start, file: flags.inputs });
      }
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

async function classify(
  { model: options }: PretrainConfig, weights: TensorMap, inputs: ForwardInputs,
  { grad, start }: { readonly grad: boolean; readonly start: () => Promise<void> },
): Promise<ReadonlyMap<string, FloatTensor>> {
  const { createClassifier } = await import('../backbones/classifier.ts');
  const { runForward } = await import('../engine/forward.ts');
  const model = createClassifier(options);
  await start();
  checkLoaded(model.loadState(weights, { strict: false }));
  return runForward(model, inputs, { grad });
}

/**
 * Tells of weights that the model has no place for.
 * @throws DataError when some of the model's are missing
 */
export function checkLoaded({ missing, unexpected }: LoadReport): void {
  if (missing.length > 0) throw new DataError(`forward: expected all parameters of the model in --weights, got none for ${list(missing)}`);
  if (unexpected.length > 0) console.error(`not parameters of this model, left out: ${list(unexpected)}`);
}

function inputsOf(tensors: TensorMap, file: string): ForwardInputs {
  const y = labelsNamed(tensors, 'input.y', file)?.data;
  const teacher = labelsNamed(tensors, 'input.teacher', file)?.data;
  return { x: floatsNamed(tensors, 'input.x', file), ...(y && { y }), ...(teacher && { teacher }) };
}

/** A few names of many. */
function list(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
}
