import type { Command } from 'commander';
import { ConfigError } from '../errors.ts';

interface OperationFlags {
  readonly rounds: string;
  readonly threads?: string;
  readonly python?: string;
  readonly only?: string;
  readonly batch?: string;
  readonly json?: true;
}

export function addBenchOperations(bench: Command): void {
  operationCommand(bench, 'deform', 'Deformable attention at the sizes of ViT-Adapter-Ti for 512 x 512, against grid sampling in eager PyTorch.');
  operationCommand(bench, 'convolution', 'Convolutions, norms, resizing and loss at the sizes of UperNet ViT-Adapter-Ti for 512 x 512, against eager PyTorch.')
    .option('--batch <n>', 'images', '2');
}

function operationCommand(bench: Command, name: 'deform' | 'convolution', description: string): Command {
  return bench.command(name)
    .description(description)
    .option('--rounds <n>', 'turns that each side takes', '7')
    .option('--threads <n>', 'threads of both sides (default: all processors)')
    .option('--python <path>', 'a Python that has PyTorch (default: .venv/bin/python of this project, else python3)')
    .option('--only <text>', 'only operations whose title has this text')
    .option('--json', 'as JSON')
    .addHelpText('after', `
Forward and backward pass of one operation at a time; ours as a step program. The two sides take turns; the ratio is the median of
the turns' ratios, below 1 where ours is faster; times are the fastest of all runs.`)
    .action(async (flags: OperationFlags) => {
      const { availableParallelism } = await import('node:os');
      const { deformCases, convolutionCases } = await import('./bench/operationCases.ts');
      const { benchOperations } = await import('./bench/operations.ts');
      const threads = positive(name, '--threads', flags.threads ?? `${availableParallelism()}`);
      const cases = name === 'deform' ? deformCases : convolutionCases(positive(name, '--batch', flags.batch ?? '2'));
      const wanted = cases.filter(({ title }) => title.includes(flags.only ?? ''));
      if (wanted.length === 0) throw new ConfigError(`bench ${name}: expected part of a title for --only, got ${flags.only}; titles are: ${cases.map(({ title }) => title).join('; ')}`);
      const result = await benchOperations(wanted, {
        rounds: positive(name, '--rounds', flags.rounds),
        threads,
        python: flags.python,
        report: flags.json ? () => undefined : (line) => { console.log(line); },
      });
      if (flags.json) console.log(JSON.stringify(result, null, 2));
    });
}

function positive(bench: string, flag: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new ConfigError(`bench ${bench}: expected a whole number of 1 or more for ${flag}, got ${value}`);
  return number;
}
