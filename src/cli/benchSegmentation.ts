import { Option, type Command } from 'commander';
import { wholeNumberFrom } from './optionValues.ts';

interface SegmentationFlags {
  readonly rounds: number;
  readonly threads?: number;
  readonly python?: string;
  readonly batch: number;
  readonly size: number;
  readonly precision?: 'fp32' | 'bf16';
  readonly json?: true;
  readonly peakOf?: number;
}

export function addBenchSegmentation(bench: Command): void {
  bench.command('segmentation')
    .description('Fine-tuning step and inference of UperNet ViT-Adapter-Ti, 150 classes, against the same model in eager PyTorch.')
    .option('--rounds <n>', 'turns that each side takes', wholeNumberFrom(1), 7)
    .option('--threads <n>', 'threads of both sides (default: all processors)', wholeNumberFrom(1))
    .option('--python <path>', 'a Python that has PyTorch (default: .venv/bin/python of this project, else python3)')
    .option('--batch <n>', 'images of a step', wholeNumberFrom(1), 2)
    .option('--size <px>', 'side of the images, a multiple of 32', wholeNumberFrom(32), 512)
    .addOption(new Option('--precision <p>', 'only this one (default: both)').choices(['fp32', 'bf16']))
    .option('--json', 'as JSON')
    .addOption(new Option('--peak-of <batch>').argParser(wholeNumberFrom(1)).hideHelp())
    .addHelpText('after', `
The two sides start from the same weights and take turns; the ratio is the median of the turns' ratios, below 1 where ours is
faster. Measured are the step, the way of one photo to its classes, and, in fp32, peak memory. bf16 stands against autocast.

Examples:
  mpvg bench segmentation
  mpvg bench segmentation --precision fp32 --rounds 11`)
    .action(async (flags: SegmentationFlags) => {
      const { availableParallelism } = await import('node:os');
      const { benchSegmentation, peakOf } = await import('./bench/segmentation.ts');
      const { rounds, threads = availableParallelism(), python, batch, size, precision, json } = flags;
      if (flags.peakOf !== undefined) {
        console.log(await peakOf(flags.peakOf, size, threads));
        return;
      }
      const precisions = precision === undefined ? ['fp32', 'bf16'] as const : [precision];
      const report = json ? () => undefined : (line: string) => { console.log(line); };
      const results = await benchSegmentation({ rounds, threads, python, batch, size, precisions, report });
      if (json) console.log(JSON.stringify(results, null, 2));
    });
}
