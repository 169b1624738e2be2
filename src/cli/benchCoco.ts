import { Option, type Command } from 'commander';
import { ConfigError } from '../errors.ts';
import type { CocoKind, CocoTool } from './bench/coco.ts';
import { wholeNumberFrom } from './optionValues.ts';

const otherTools = ['hotcoco', 'ultrafast-pycocotools', 'vernier', 'faster-coco-eval', 'pycocotools'];

interface CocoFlags {
  readonly rounds: number;
  readonly without: CocoTool[];
  readonly photos: number;
  readonly objects: number;
  readonly detections: number;
  readonly json?: true;
  readonly evaluate?: true;
  readonly processes?: true;
}

export function addBenchCoco(bench: Command): void {
  bench.command('coco')
    .description(`COCO evaluation of boxes and masks against ${otherTools.join(', ')}.`)
    .option('--rounds <n>', 'turns that each tool takes', wholeNumberFrom(1), 5)
    .addOption(new Option('--without <tools...>', 'tools to leave out').choices(otherTools).default([]))
    .option('--photos <n>', 'of the generated problem', wholeNumberFrom(1), 5000)
    .option('--objects <n>', 'in its ground truth', wholeNumberFrom(1), 37_000)
    .option('--detections <n>', 'in its results', wholeNumberFrom(1), 37_000)
    .option('--processes', 'instead: whole processes, from the start of a command to its end, and that of --help')
    .option('--json', 'as JSON')
    .addOption(new Option('--evaluate').hideHelp())
    .argument('[files...]')
    .addHelpText('after', `
The problem is generated with val2017's numbers of photos, objects and points per polygon. Every evaluation runs in a process of its
own, timed inside from reading the files to the last statistic; the tools take turns, and ratios are medians over the turns. Then
ours again with ten times the detections. The other tools are installed into build/coco-venv; MPVG_COCO_PYTHON names a Python that
has them.

Examples:
  mpvg bench coco
  mpvg bench coco --rounds 3 --without pycocotools
  mpvg bench coco --processes --rounds 15`)
    .action(async (files: string[], flags: CocoFlags) => {
      const { benchCoco, cocoTools, evaluateHere } = await import('./bench/coco.ts');
      if (flags.evaluate) {
        const [truth, results, kind] = files as [string, string, CocoKind];
        console.log(JSON.stringify(await evaluateHere(truth, results, kind)));
        return;
      }
      if (files.length > 0) throw new ConfigError(`bench coco: expected no files, got ${files.join(' ')}`);
      const { rounds, photos, objects, detections } = flags;
      const measure = flags.processes ? (await import('./bench/cocoProcesses.ts')).benchProcesses : benchCoco;
      const result = await measure({
        rounds,
        tools: cocoTools.filter((tool) => !flags.without.includes(tool)),
        size: { photos, truths: objects, detections },
        report: flags.json ? () => undefined : (line) => { console.log(line); },
      });
      if (flags.json) console.log(JSON.stringify(result, null, 2));
    });
}
