import { Option, type Command } from 'commander';
import { ConfigError } from '../errors.ts';
import { addBenchCoco } from './benchCoco.ts';
import { addBenchOperations } from './benchOperations.ts';
import { addBenchMiou } from './benchMiou.ts';
import { addBenchSegmentation } from './benchSegmentation.ts';

interface EngineFlags {
  readonly rounds: string;
  readonly threads?: string;
  readonly python?: string;
  readonly batch?: string;
  readonly precision?: 'fp32' | 'bf16';
  readonly eager?: true;
  readonly json?: true;
  readonly peakOf?: string;
}

export function addBench(program: Command): void {
  const bench = program.command('bench').description('Measure this machine against the tools it replaces, side by side in one run.');
  bench.command('engine')
    .description('Training step of MPVG DeiT-Ti, 224 px, AdamW, against the same model in eager PyTorch.')
    .option('--rounds <n>', 'turns that each side takes', '7')
    .option('--threads <n>', 'threads of both sides (default: all processors)')
    .option('--python <path>', 'a Python that has PyTorch (default: .venv/bin/python of this project, else python3)')
    .option('--batch <n>', 'only this batch size')
    .addOption(new Option('--precision <p>', 'with --batch: of the step').choices(['fp32', 'bf16']))
    .option('--eager', 'with --batch: from JavaScript, without replay')
    .option('--json', 'as JSON')
    .addOption(new Option('--peak-of <batch>').hideHelp())
    .addHelpText('after', `
The two sides start from the same weights and take turns; the ratio is the median of the turns' ratios, below 1 where ours is
faster. Without --batch: batch 1, 16 and 32 in fp32, batch 16 from JavaScript and in bf16, and peak memory at batch 32.

Examples:
  mpvg bench engine
  mpvg bench engine --batch 16 --precision bf16 --rounds 11`)
    .action(async (flags: EngineFlags) => {
      const { availableParallelism } = await import('node:os');
      const { benchEngine, peakOf, standardCases } = await import('./bench/engine.ts');
      const threads = positive('--threads', flags.threads ?? `${availableParallelism()}`);
      if (flags.peakOf !== undefined) {
        console.log(await peakOf(positive('--peak-of', flags.peakOf), threads));
        return;
      }
      const { batch, precision = 'fp32', eager = false } = flags;
      const cases = batch === undefined ? standardCases : [{ batch: positive('--batch', batch), precision, compile: !eager }];
      const result = await benchEngine({
        rounds: positive('--rounds', flags.rounds),
        threads,
        python: flags.python,
        cases,
        memoryBatch: batch === undefined ? 32 : 0,
        report: flags.json ? () => undefined : (line) => { console.log(line); },
      });
      if (flags.json) console.log(JSON.stringify(result, null, 2));
    });
  addBenchSegmentation(bench);
  addBenchOperations(bench);
  addBenchCoco(bench);
  addBenchMiou(bench);
}

function positive(flag: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new ConfigError(`bench: expected a whole number of 1 or more for ${flag}, got ${value}`);
  return number;
}
