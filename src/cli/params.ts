import type { Command } from 'commander';
import type { DeiT } from '../backbones/deit.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';

interface Row {
  /** A module's path, or a parameter's that belongs to the model itself. */
  readonly name: string;
  readonly parameters: number;
  /** Multiply-adds for one image. */
  readonly flops: number;
}

export function addParams(program: Command): void {
  withConfig(program.command('params').description('Parameters and FLOPs of a model, module by module.'))
    .option('--json', 'as JSON')
    .addHelpText('after', `
FLOPs are counted as papers do: one for a multiplication with its addition, in convolutions, linear layers and attention, for
one image.

Examples:
  mpvg params configs/imagenet/deit_tiny.ts
  mpvg params configs/cifar100/vit_lite.ts --join lape --json`)
    .action(async (config: string, flags: ConfigFlags & { json?: true }) => {
      const { loadConfig } = await import('../config/loadConfig.ts');
      const { createClassifier } = await import('../backbones/classifier.ts');
      const { model } = await loadConfig(config, overridesOf(flags));
      const modules = rows(createClassifier(model));
      const total = { parameters: sum(modules, 'parameters'), flops: sum(modules, 'flops') };
      console.log(flags.json ? JSON.stringify({ ...total, modules }, null, 2) : table([...modules, { name: 'total', ...total }]));
    });
}

/** One row for each module: a block's attention and MLP apart, parameters of the model itself by their names. */
function rows(model: DeiT): Row[] {
  const macs = model.macs();
  const parameters = new Map<string, number>();
  for (const [name, { size }] of model.namedParameters()) {
    const module = moduleOf(name);
    parameters.set(module, (parameters.get(module) ?? 0) + size);
  }
  return [...parameters].map(([name, count]) => ({ name, parameters: count, flops: macs.get(name) ?? 0 }));
}

function moduleOf(parameter: string): string {
  const path = parameter.split('.').slice(0, -1);
  if (path.length === 0) return parameter;
  return path.slice(0, path[0] === 'blocks' ? 3 : 1).join('.');
}

function sum(of: readonly Row[], column: 'parameters' | 'flops'): number {
  return of.reduce((total, row) => total + row[column], 0);
}

function table(all: readonly Row[]): string {
  const cells = [
    ['module', 'parameters', 'FLOPs'],
    ...all.map(({ name, parameters, flops }) => [name, parameters.toLocaleString('en'), flops === 0 ? '' : flops.toLocaleString('en')]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map(([name = '', ...numbers]) =>
    [name.padEnd(widths[0]!), ...numbers.map((number, i) => number.padStart(widths[i + 1]!))].join('  ').trimEnd()).join('\n');
}
