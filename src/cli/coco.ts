import type { Command } from 'commander';
import type { CocoStatsFlags } from './cocoStats.ts';
import type { CocoValidateFlags } from './cocoValidate.ts';
import { wholeNumberFrom } from './optionValues.ts';

export function addCoco(program: Command): void {
  const coco = program.command('coco').description('COCO files: what is in them, what is wrong with them.');
  addStats(coco);
  addValidate(coco);
}

function addStats(coco: Command): void {
  coco.command('stats')
    .description('What a file holds: photos, annotations, categories, their numbers and sizes.')
    .argument('<file>', 'COCO JSON: instances, keypoints or panoptic, of any size')
    .option('--json', 'as JSON')
    .addHelpText('after', `
Small, medium and large are areas up to 32², up to 96² and above, in px², as in COCO's numbers.

Examples:
  mpvg coco stats instances_val2017.json
  mpvg coco stats instances_val2017.json --json`)
    .action(async (file: string, flags: CocoStatsFlags) => {
      const { printCocoStats } = await import('./cocoStats.ts');
      await printCocoStats(file, flags);
    });
}

function addValidate(coco: Command): void {
  coco.command('validate')
    .description('Finds what is wrong with a file, with the ids of the annotations; ends with 2 when something is fatal.')
    .argument('<file>', 'COCO JSON of ground truth, of any size')
    .option('--results <file>', 'also results for it')
    .option('--examples <n>', 'ids that are named for each kind of fault', wholeNumberFrom(0), 5)
    .option('--json', 'as JSON')
    .addHelpText('after', `
fatal: evaluation stops there, or would have no meaning; repaired: taken as the line says; kept: used as it stands.
A file that is no COCO JSON is an error, which names the byte, line and column where it goes wrong, and ends with 2 too.

Examples:
  mpvg coco validate instances_val2017.json
  mpvg coco validate instances_val2017.json --results detections.json
  mpvg coco validate annotations.json --examples 1000 --json`)
    .action(async (file: string, flags: CocoValidateFlags) => {
      const { printFindings } = await import('./cocoValidate.ts');
      process.exitCode = await printFindings(file, flags);
    });
}
