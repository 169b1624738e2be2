import { InvalidArgumentError, type Command } from 'commander';
import { wholeNumberFrom } from './optionValues.ts';

interface MiouFlags {
  readonly maps: number;
  readonly classes: number;
  readonly rounds: number;
  readonly python?: string;
  readonly json?: true;
}

export function addBenchMiou(bench: Command): void {
  bench.command('miou')
    .description('Pixels per second that one core counts for mIoU, against PyTorch.')
    .option('--maps <n>', 'label maps of 512 x 512 per round', wholeNumberFrom(1), 2000)
    .option('--classes <n>', 'number of classes, at most 255', classCount, 150)
    .option('--rounds <n>', 'rounds; the median counts', wholeNumberFrom(1), 5)
    .option('--python <path>', 'a Python that has PyTorch (default: .venv/bin/python of this project, else python3)')
    .option('--json', 'as JSON')
    .addHelpText('after', `
Maps as smooth as labels are, then noise, where no two pixels agree. The first number is counting alone, on one core; PNGs are
read and decoded by several threads. Where other work shares the cores, the number in processor time tells more.

Examples:
  mpvg bench miou
  mpvg bench miou --classes 19 --json`)
    .action(async ({ json, python, ...flags }: MiouFlags) => {
      const { benchMiou } = await import('./bench/miou.ts');
      const result = await benchMiou({ ...flags, python, report: json ? () => undefined : (line) => { console.log(line); } });
      if (json) console.log(JSON.stringify(result, null, 2));
    });
}

function classCount(text: string): number {
  const value = wholeNumberFrom(1)(text);
  if (value > 255) throw new InvalidArgumentError('expected at most 255: maps of bytes.');
  return value;
}
