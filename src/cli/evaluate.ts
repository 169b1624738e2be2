import { Option, type Command } from 'commander';
import { withBackend, withThreads, type BackendFlags, type ThreadFlags } from './backendOptions.ts';
import { checkpointOf, overridesOf, withConfig, type ConfigFlags } from './configOptions.ts';
import type { EvaluateCocoFlags } from './evaluateCoco.ts';
import type { EvaluateMiouFlags } from './evaluateMiou.ts';
import { numberMap, positiveNumbers, wholeNumberFrom, wholeNumbers } from './optionValues.ts';

interface EvaluateFlags extends ConfigFlags, BackendFlags, ThreadFlags {
  readonly checkpoint?: string;
  readonly split: 'train' | 'val';
  readonly json?: true;
}

export function addEvaluate(program: Command): void {
  const evaluate = program.command('evaluate').description('Measures a checkpoint on its data, or scores results of any framework.')
    .enablePositionalOptions(); // coco and miou have options of the same names
  addModel(evaluate);
  addCoco(evaluate);
  addMiou(evaluate);
}

function addModel(evaluate: Command): void {
  withThreads(withBackend(withConfig(evaluate, 'a run; or a config file, with --checkpoint')))
    .option('--checkpoint <checkpoint>', 'a run, one of its checkpoints or a .safetensors file (default: the run that is given)')
    .option('--data <dir>', "where the data is, instead of the config's")
    .addOption(new Option('--split <name>', 'which part of the data').choices(['train', 'val']).default('val'))
    .option('--json', 'as JSON: metrics, shares from 0 to 1')
    .addHelpText('after', `
The scores are those that training writes down: top-1 and top-5, or mIoU, mAcc, aAcc and each class's IoU.

Examples:
  mpvg evaluate runs/quickstart
  mpvg evaluate runs/quickstart-segmentation --split train --json
  mpvg evaluate configs/cifar100/vit_lite.ts --checkpoint runs/lape/checkpoints/last --data cifar-100-binary
  mpvg evaluate coco --help`)
    .action(async (given: string, flags: EvaluateFlags) => {
      const { runEvaluation } = await import('./runEvaluation.ts');
      const { split, json = false, device, backend, threads } = flags;
      process.exitCode = await runEvaluation(given, overridesOf(flags), {
        checkpoint: checkpointOf(given, flags),
        split,
        json,
        backend: { device, backend, ...(threads !== undefined && { threads }) },
      });
    });
}

function addCoco(evaluate: Command): void {
  evaluate.command('coco')
    .description("COCO's numbers for boxes, masks or keypoints, those of pycocotools.")
    .requiredOption('--gt <file>', 'ground truth: COCO JSON with images, categories and annotations')
    .requiredOption('--dt <file>', 'results: a JSON list of image_id, category_id, score and bbox, segmentation or keypoints')
    .addOption(new Option('--iou <type>', 'what is compared').choices(['bbox', 'segm', 'keypoints']).default('bbox'))
    .option('--max-dets <list>', 'detections per photo and class that count, such as 1,10,100 (default: 1,10,100; keypoints 20)', wholeNumbers)
    .option('--cats <list>', 'only these categories: names or ids, with commas between them; a name means all that have it')
    .option('--sigmas <list>', 'of keypoints: one for each, or one for all (default: COCO\'s for 17 keypoints, 1/n each for n others)', positiveNumbers)
    .option('--per-class', 'also a table with one row per category')
    .option('--tide', 'also what each kind of error costs (TIDE)')
    .option('--json', 'as JSON: stats, perClass, timing')
    .addHelpText('after', `
The lines on standard output are pycocotools'; --json holds the same numbers in full precision. -1 stands where there is nothing
to average. The first line is that of 100 detections, as in pycocotools: -1 when --max-dets has no 100.

Examples:
  mpvg evaluate coco --gt instances_val2017.json --dt detections.json
  mpvg evaluate coco --gt instances_val2017.json --dt detections.json --iou segm --per-class
  mpvg evaluate coco --gt instances_val2017.json --dt detections.json --cats person,car --json
  mpvg evaluate coco --gt person_keypoints_val2017.json --dt keypoints.json --iou keypoints`)
    .action(async (flags: EvaluateCocoFlags) => {
      const { evaluateCoco } = await import('./evaluateCoco.ts');
      await evaluateCoco(flags);
    });
}

function addMiou(evaluate: Command): void {
  evaluate.command('miou')
    .description("Scores of semantic segmentation, those of mmsegmentation's IoUMetric, from two folders of label images.")
    .requiredOption('--gt <dir>', 'ground truth: PNGs, grey or palette, whose values are class numbers; subfolders are searched')
    .requiredOption('--pred <dir>', 'predictions: the same names')
    .requiredOption('--classes <n>', 'number of classes, numbered from 0', wholeNumberFrom(1))
    .option('--ignore <value>', 'pixels of the ground truth with this value do not count', wholeNumberFrom(-1), 255)
    .option('--reduce-zero-label', 'ground truth starts at 1 and 0 is no label, as in ADE20K')
    .option('--pred-reduce-zero-label', 'so do the predictions')
    .option('--label-map <map>', 'values of the ground truth that become others, such as 255:1,3:0', numberMap)
    .option('--pred-label-map <map>', 'the same for predictions', numberMap)
    .option('--gt-suffix <text>', 'how names of the ground truth end', '.png')
    .option('--pred-suffix <text>', 'how names of the predictions end', '.png')
    .option('--names <file>', 'names of the classes, one per line')
    .option('--per-class', 'also a table with one row per class')
    .option('--json', 'as JSON: scores from 0 to 1, perClass, timing')
    .addHelpText('after', `
Printed in percent, as mmsegmentation does. A class that occurs nowhere has no score (-, null) and is left out of the means.
Predictions are class numbers 0 to N - 1, also with --reduce-zero-label, unless --pred-reduce-zero-label says that they are not.

Examples:
  mpvg evaluate miou --gt camvid/annotations/test --pred out --classes 11 --ignore 11
  mpvg evaluate miou --gt ADEChallengeData2016/annotations/validation --pred out --classes 150 --reduce-zero-label --per-class
  mpvg evaluate miou --gt camvid/annotations/test --pred predictions --pred-suffix .labels.png --classes 11 --ignore 11
  mpvg evaluate miou --gt gtFine/val --gt-suffix _gtFine_labelTrainIds.png --pred out --pred-suffix _leftImg8bit.png --classes 19`)
    .action(async (flags: EvaluateMiouFlags) => {
      const { evaluateMiou } = await import('./evaluateMiou.ts');
      await evaluateMiou(flags);
    });
}
