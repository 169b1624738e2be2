import type { Command } from 'commander';
import type { Config } from '../config/configSchema.ts';
import type { Module } from '../nn/module.ts';
import { overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';

interface Row {
  /** A module's path, or a parameter's that belongs to the model itself. */
  readonly name: string;
  readonly parameters: number;
  /** Multiply-adds for one image. */
  readonly flops: number;
}

/** A model, and its multiply-adds by module. */
interface CountedModel {
  readonly model: Module;
  readonly macs: ReadonlyMap<string, number>;
  /** Modules whose sums are told too. */
  readonly parts: readonly string[];
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
      const { loadConfig } = await import('../config/loadConfig.ts');
      const counted = await countedModel(await loadConfig(config, overridesOf(flags)));
      const modules = rows(counted);
      const parts = counted.parts.map((name) => ({ name, ...totals(modules.filter((row) => row.name.startsWith(`${name}.`))) }));
      const total = totals(modules);
      const report = { ...total, ...(parts.length > 0 && { parts }), modules };
      console.log(flags.json ? JSON.stringify(report, null, 2) : table([...modules, ...parts, { name: 'total', ...total }]));
    });
}

async function countedModel(config: Config): Promise<CountedModel> {
  if (config.task === 'classification') {
    const { createClassifier } = await import('../backbones/classifier.ts');
    const model = createClassifier(config.model);
    return { model, macs: model.macs(), parts: [] };
  }
  const { createSegmentor } = await import('../heads/upernet/createSegmentor.ts');
  const model = createSegmentor(config.model);
  const { cropPx } = config.augmentation.train;
  return { model, macs: model.macs(cropPx, cropPx), parts: ['backbone', 'decode_head', 'auxiliary_head'] };
}

/** One row for each module: a block's attention and MLP apart, parameters of the model itself by their names. */
function rows({ model, macs }: CountedModel): Row[] {
  const parameters = new Map<string, number>();
  for (const [name, { size }] of model.namedParameters()) {
    const module = moduleOf(name);
    parameters.set(module, (parameters.get(module) ?? 0) + size);
  }
  return [...parameters].map(([name, count]) => ({ name, parameters: count, flops: macs.get(name) ?? 0 }));
}

/** The path of the row that a parameter counts in. */
function moduleOf(parameter: string): string {
  const [, part = '', rest = ''] = /^(backbone\.|decode_head\.|auxiliary_head\.)?(.*)$/.exec(parameter)!;
  const path = rest.split('.');
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
  const cells = [
    ['module', 'parameters', 'FLOPs'],
    ...all.map(({ name, parameters, flops }) => [name, parameters.toLocaleString('en'), flops === 0 ? '' : flops.toLocaleString('en')]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map(([name = '', ...numbers]) =>
    [name.padEnd(widths[0]!), ...numbers.map((number, i) => number.padStart(widths[i + 1]!))].join('  ').trimEnd()).join('\n');
}
