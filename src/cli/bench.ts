import { Option, type Command } from 'commander';
import { addBenchCoco } from './benchCoco.ts';
import { addBenchOperations } from './benchOperations.ts';
import { addBenchMiou } from './benchMiou.ts';
import { addBenchSegmentation } from './benchSegmentation.ts';
import { wholeNumberFrom } from './optionValues.ts';

interface EngineFlags {
  readonly rounds: number;
  readonly threads?: number;
  readonly python?: string;
  readonly batch?: number;
  readonly precision?: 'fp32' | 'bf16';
  readonly eager?: true;
  readonly json?: true;
  readonly peakOf?: number;
}

export function addBench(program: Command): void {
  const bench = program.command('bench').description('Measure this machine against the tools it replaces, side by side in one run.');
  bench.command('engine')
    .description('Training step of MPVG DeiT-Ti, 224 px, AdamW, against the same model in eager PyTorch.')
    .option('--rounds <n>', 'turns that each side takes', wholeNumberFrom(1), 7)
    .option('--threads <n>', 'threads of both sides (default: all processors)', wholeNumberFrom(1))
    .option('--python <path>', 'a Python that has PyTorch (default: .venv/bin/python of this project, else python3)')
    .option('--batch <n>', 'only this batch size', wholeNumberFrom(1))
    .addOption(new Option('--precision <p>', 'with --batch: of the step').choices(['fp32', 'bf16']))
    .option('--eager', 'with --batch: from JavaScript, without replay')
    .option('--json', 'as JSON')
    .addOption(new Option('--peak-of <batch>').argParser(wholeNumberFrom(1)).hideHelp())
    .addHelpText('after', `
The two sides start from the same weights and take turns; the ratio is the median of the turns' ratios, below 1 where ours is
faster. Without --batch: batch 1, 16 and 32 in fp32, batch 16 from JavaScript and in bf16, and peak memory at batch 32. In bf16
(PyTorch: autocast) our step takes turns with our fp32 too.

Examples:
  mpvg bench engine
  mpvg bench engine --batch 16 --precision bf16 --rounds 11`)
    .action(async (flags: EngineFlags) => {
      const { availableParallelism } = await import('node:os');
      const { benchEngine, peakOf, standardCases } = await import('./bench/engine.ts');
      const { rounds, threads = availableParallelism(), python, batch, precision = 'fp32', eager = false } = flags;
      if (flags.peakOf !== undefined) {
        console.log(await peakOf(flags.peakOf, threads));
        return;
      }
      const cases = batch === undefined ? standardCases : [{ batch, precision, compile: !eager }];
      const result = await benchEngine({
        rounds,
        threads,
        python,
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
