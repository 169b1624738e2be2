import type { Command } from 'commander';
import { ConfigError } from '../errors.ts';
import { wholeNumberFrom } from './optionValues.ts';

interface OperationFlags {
  readonly rounds: number;
  readonly threads?: number;
  readonly python?: string;
  readonly only?: string;
  readonly batch?: number;
  readonly json?: true;
}

export function addBenchOperations(bench: Command): void {
  operationCommand(bench, 'deform', 'Deformable attention at the sizes of ViT-Adapter-Ti for 512 x 512, against grid sampling in eager PyTorch.');
  operationCommand(bench, 'convolution', 'Convolutions, norms, resizing and loss at the sizes of UperNet ViT-Adapter-Ti for 512 x 512, against eager PyTorch.')
    .option('--batch <n>', 'images', wholeNumberFrom(1), 2);
}

function operationCommand(bench: Command, name: 'deform' | 'convolution', description: string): Command {
  return bench.command(name)
    .description(description)
    .option('--rounds <n>', 'turns that each side takes', wholeNumberFrom(1), 7)
    .option('--threads <n>', 'threads of both sides (default: all processors)', wholeNumberFrom(1))
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
      const { rounds, threads = availableParallelism(), python, batch = 2 } = flags;
      const cases = name === 'deform' ? deformCases : convolutionCases(batch);
      const wanted = cases.filter(({ title }) => title.includes(flags.only ?? ''));
      if (wanted.length === 0) throw new ConfigError(`bench ${name}: expected part of a title for --only, got ${flags.only}; titles are: ${cases.map(({ title }) => title).join('; ')}`);
      const result = await benchOperations(wanted, {
        rounds,
        threads,
        python,
        report: flags.json ? () => undefined : (line) => { console.log(line); },
      });
      if (flags.json) console.log(JSON.stringify(result, null, 2));
    });
}
