import type { Command } from 'commander';
import type { ForwardInputs } from '../engine/forward.ts';
import type { StoredTensor, TensorMap } from '../checkpoint/storedTensor.ts';
import { DataError } from '../errors.ts';
import { withBackend, type BackendFlags } from './backendOptions.ts';
import { collect, overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';

interface ForwardFlags extends ConfigFlags, BackendFlags {
  readonly weights: readonly string[];
  readonly inputs: string;
  readonly out: string;
  readonly grad?: true;
}

export function addForward(program: Command): void {
  withBackend(withConfig(program.command('forward').description('Runs a model on given tensors and writes every stage: to check a port against another framework.')))
    .requiredOption('--weights <file>', 'safetensors with weight.<parameter>; can be repeated, later files win', collect, [])
    .requiredOption('--inputs <file>', 'safetensors with input.x [B, 3, H, W], normalised, and labels input.y; may be the same file')
    .requiredOption('--out <file>', 'safetensors to write: output.logits, output.loss, output.<stage>')
    .option('--grad', 'also grad.<parameter> and grad.input.x')
    .addHelpText('after', `
A file without any weight.<parameter> is taken as a checkpoint: its names are the parameters'.

Example:
  mpvg forward my_model.ts --join pvg --weights theirs.safetensors --inputs theirs.safetensors --out ours.safetensors --grad`)
    .action(async (config: string, flags: ForwardFlags) => {
      const { loadConfig } = await import('../config/loadConfig.ts');
      const { readSafetensors, writeSafetensors } = await import('../checkpoint/safetensors.ts');
      const { createClassifier } = await import('../backbones/classifier.ts');
      const { selectBackend } = await import('../backends/select.ts');
      const { runForward } = await import('../engine/forward.ts');

      const model = createClassifier((await loadConfig(config, overridesOf(flags))).model);
      const weights = new Map<string, StoredTensor>();
      for (const file of flags.weights) {
        for (const [name, tensor] of weightsOf(await readSafetensors(file))) weights.set(name, tensor);
      }
      const inputs = inputsOf(await readSafetensors(flags.inputs), flags.inputs);
      await selectBackend({ backend: flags.backend, device: flags.device });
      const { missing, unexpected } = model.loadState(weights, { strict: false });
      if (missing.length > 0) throw new DataError(`forward: expected all parameters of the model in --weights, got none for ${list(missing)}`);
      if (unexpected.length > 0) console.error(`not parameters of this model, left out: ${list(unexpected)}`);
      const outputs = await runForward(model, inputs, { grad: flags.grad ?? false });
      const stored = [...outputs].map(([name, tensor]) => [name, { ...tensor, data: new Float32Array(tensor.data) }] as const);
      await writeSafetensors(flags.out, stored);
    });
}

function weightsOf(tensors: TensorMap): TensorMap {
  const prefix = 'weight.';
  const named = [...tensors].filter(([name]) => name.startsWith(prefix));
  return named.length > 0 ? new Map(named.map(([name, tensor]) => [name.slice(prefix.length), tensor])) : tensors;
}

function inputsOf(tensors: TensorMap, file: string): ForwardInputs {
  const x = tensors.get('input.x');
  if (!(x?.data instanceof Float32Array)) throw new DataError(`forward: expected a float32 tensor input.x in ${file}, got ${x?.dtype ?? 'none'}`);
  const labels = (name: string) => {
    const tensor = tensors.get(name);
    return tensor && Int32Array.from(tensor.data as Iterable<number | bigint>, Number);
  };
  const y = labels('input.y');
  const teacher = labels('input.teacher');
  return { x: { shape: x.shape, data: x.data }, ...(y && { y }), ...(teacher && { teacher }) };
}

/** A few names of many. */
function list(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
}
