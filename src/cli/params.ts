import type { Command } from 'commander';
import type { ModelCount } from '../recipes/recipe.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';
import { tableText } from './table.ts';

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
one image: of a segmentation model, one of the size that it is trained on, its auxiliary head included.

Examples:
  mpvg params configs/imagenet/deit_tiny.ts
  mpvg params configs/ade20k/upernet_vit_adapter_tiny.ts --join default
  mpvg params configs/cifar100/vit_lite.ts --join lape --json`)
    .action(async (config: string, flags: ConfigFlags & { json?: true }) => {
      const { openExperiment } = await import('../config/loadConfig.ts');
      const { expectPart } = await import('../recipes/recipe.ts');
      const counted = expectPart(await openExperiment(config, overridesOf(flags)), 'count')();
      const modules = rows(counted);
      const parts = counted.parts.map((name) => ({ name, ...totals(modules.filter((row) => row.name.startsWith(`${name}.`))) }));
      const total = totals(modules);
      const report = { ...total, ...(parts.length > 0 && { parts }), modules };
      console.log(flags.json ? JSON.stringify(report, null, 2) : table([...modules, ...parts, { name: 'total', ...total }]));
    });
}

/** One row for each module: a block's attention and MLP apart, parameters of the model itself by their names. */
function rows({ model, macs, parts }: ModelCount): Row[] {
  const parameters = new Map<string, number>();
  for (const [name, { size }] of model.namedParameters()) {
    const module = moduleOf(name, parts);
    parameters.set(module, (parameters.get(module) ?? 0) + size);
  }
  return [...parameters].map(([name, count]) => ({ name, parameters: count, flops: macs.get(name) ?? 0 }));
}

/** The path of the row that a parameter counts in. */
function moduleOf(parameter: string, parts: readonly string[]): string {
  const part = parts.map((name) => `${name}.`).find((prefix) => parameter.startsWith(prefix)) ?? '';
  const path = parameter.slice(part.length).split('.');
  const modules = path.slice(0, -1);
  if (modules.length === 0) return parameter;
  const shown = path[2] === 'extra_extractors' ? 4 : path[0] === 'blocks' || path[0] === 'interactions' ? 3 : 1;
  return part + modules.slice(0, shown).join('.');
}

function totals(of: readonly Row[]): { parameters: number; flops: number } {
  return { parameters: sum(of, 'parameters'), flops: sum(of, 'flops') };
}

function sum(of: readonly Row[], column: 'parameters' | 'flops'): number {
  return of.reduce((total, row) => total + row[column], 0);
}

function table(all: readonly Row[]): string {
  return tableText([
    ['module', 'parameters', 'FLOPs'],
    ...all.map(({ name, parameters, flops }) => [name, parameters.toLocaleString('en'), flops === 0 ? '' : flops.toLocaleString('en')]),
  ]);
}
