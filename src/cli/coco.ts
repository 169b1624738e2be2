import { Option, type Command } from 'commander';
import type { CocoConvertFlags } from './cocoConvert.ts';
import type { CocoStatsFlags } from './cocoStats.ts';
import type { CocoValidateFlags } from './cocoValidate.ts';
import { wholeNumberFrom } from './optionValues.ts';

export function addCoco(program: Command): void {
  const coco = program.command('coco').description('COCO files: what is in them, what is wrong with them, from and to other formats.');
  addStats(coco);
  addValidate(coco);
  addConvert(coco);
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

function addConvert(coco: Command): void {
  coco.command('convert')
    .description('YOLO or Pascal VOC to COCO, or back.')
    .argument('<in>', 'what to read: see below')
    .argument('<out>', 'what to write: a JSON file with --from, a new folder with --to')
    .addOption(new Option('--from <format>', '<in> is in that format, <out> a COCO file').choices(['yolo', 'voc']))
    .addOption(new Option('--to <format>', '<in> is a COCO file, <out> in that format').choices(['yolo', 'voc']))
    .option('--labels <dir>', 'from yolo: where the labels are (default: "labels" beside "images", or with the photos)')
    .option('--names <file>', 'from yolo or voc: data.yaml, or a text file with one name per line')
    .option('--split <name>', 'from yolo: train, val or test of data.yaml; from voc: the photos of ImageSets/Main/<name>.txt')
    .option('--outlines', 'to yolo: outlines instead of boxes')
    .option('--zero-based', 'from or to voc: corners are edges counted from 0, not pixels counted from 1')
    .option('--overwrite', 'with --from: replace <out> if it is there')
    .addHelpText('after', `
yolo: a data.yaml, a folder of photos with a text file for each, or a list of photos; a line with five numbers is a box, a longer one an outline.
  Class 0 becomes category 1. To yolo: data.yaml, and labels where YOLO looks for them; crowds are left out, boxes clipped.
voc: the data set's folder, with Annotations/*.xml. Boxes count pixels from 1 and include their corners, as VOC's do; difficult
  objects are marked with "ignore". To voc: Annotations/*.xml; crowds become difficult, boxes are clipped.
Photos are not copied. What has no place in the other format is counted on standard error. <out> is written whole or not at all.

Examples:
  mpvg coco convert coco128/data.yaml coco128_val.json --from yolo --split val
  mpvg coco convert photos photos.json --from yolo --labels photos_labels --names classes.txt
  mpvg coco convert VOCdevkit/VOC2012 voc_val.json --from voc --split val
  mpvg coco convert instances_val2017.json yolo_val --to yolo --outlines
  mpvg coco convert instances_val2017.json voc_val --to voc`)
    .action(async (input: string, output: string, flags: CocoConvertFlags) => {
      const { cocoConvert } = await import('./cocoConvert.ts');
      process.exitCode = await cocoConvert(input, output, flags);
    });
}
