import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CocoReport } from '../../src/cli/evaluateCoco.ts';
import { pngOf } from '../data/png.ts';
import { importGraph } from '../importGraph.ts';
import { referenceFolder } from '../reference.ts';
import { captureCli } from './captureCli.ts';

const cli = captureCli('evaluate');
const evaluate = async (...args: string[]) => cli.run(...args);

describe('mpvg evaluate coco', () => {
  const box = (x: number) => ({ bbox: [x, 0, 10, 10], area: 100 });
  beforeEach(async () => {
    const truth = {
      images: [{ id: 1, width: 100, height: 50, file_name: '1.jpg' }],
      categories: [{ id: 1, name: 'cat' }, { id: 18, name: 'dog' }],
      annotations: [
        { id: 1, image_id: 1, category_id: 1, iscrowd: 0, ...box(0) },
        { id: 2, image_id: 1, category_id: 18, iscrowd: 0, ...box(50) },
      ],
    };
    await writeFile(path.join(cli.dir, 'gt.json'), JSON.stringify(truth));
    await writeFile(path.join(cli.dir, 'dt.json'), JSON.stringify([{ image_id: 1, category_id: 1, score: 0.9, ...box(0) }]));
  });
  const files = ['coco', '--gt', 'DIR/gt.json', '--dt', 'DIR/dt.json'];

  it("prints pycocotools' twelve lines", async () => {
    expect(await evaluate(...files)).toBe(0);
    const lines = cli.stdout.trimEnd().split('\n');
    expect(lines.length).toBe(12);
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.500');
    expect(lines[4]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = -1.000');
    expect(cli.stderr).toMatch(/^1 detections, 2 objects: \d+\.\d\d s\n$/);
  });

  it('prints tables of classes and errors', async () => {
    expect(await evaluate(...files, '--per-class', '--tide')).toBe(0);
    expect(cli.stdout).toMatch(/\ncategory +objects +AP +AP50 +AP75 +AP small +AP medium +AP large +AR\ncat +1 +1\.000 .* - +- +1\.000\ndog +1 +0\.000/);
    expect(cli.stdout).toMatch(/\nmissed +0\.500 +1\n/);
  });

  it('gives the same for annotation ids of 64 bits as for small ones, and refuses those that doubles make the same', async () => {
    expect(await evaluate(...files)).toBe(0);
    const expected = cli.stdout;
    const text = await readFile(path.join(cli.dir, 'gt.json'), 'utf8');
    const withIds = (one: string, two: string) => text.replace('"id":1,"image_id"', `"id":${one},"image_id"`).replace('"id":2,"image_id"', `"id":${two},"image_id"`);
    await writeFile(path.join(cli.dir, 'gt.json'), withIds('9223372036854775807', '4611686018427387905'));
    cli.stdout = '';
    expect(await evaluate(...files)).toBe(0);
    expect(cli.stdout).toBe(expected);
    await writeFile(path.join(cli.dir, 'gt.json'), withIds('9223372036854775807', '9223372036854775806'));
    cli.stderr = '';
    expect(await evaluate(...files)).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: CocoDataset: expected ids of annotations in .*gt\.json that differ as doubles, got annotations\[0\] and annotations\[1\], .*\n$/);
  });

  it('gives the numbers as JSON', async () => {
    expect(await evaluate(...files, '--json', '--tide', '--max-dets', '1,2,100')).toBe(0);
    const { stats, perClass, tide, timing, ...counts } = JSON.parse(cli.stdout) as CocoReport;
    [0.5, 0.5, 0.5, 0.5, -1, -1, 0.5, 0.5, 0.5, 0.5, -1, -1].forEach((value, i) => expect(stats[i]).toBeCloseTo(value, 14));
    expect(perClass).toMatchObject([{ categoryId: 1, name: 'cat', ar: 1 }, { categoryId: 18, name: 'dog', ap: 0 }]);
    expect(tide?.errors.missed.count).toBe(1);
    expect(counts).toEqual({ iouType: 'bbox', photos: 1, objects: 2, detections: 1 });
    expect(timing.total).toBeCloseTo(timing.load + timing.evaluate + timing.accumulate, 6);
  });

  it.each([['cat', [1]], ['18', [18]], ['dog, 1', [1, 18]]])('evaluates the categories %s alone', async (list, ids) => {
    expect(await evaluate(...files, '--json', '--cats', list)).toBe(0);
    expect((JSON.parse(cli.stdout) as CocoReport).perClass.map(({ categoryId }) => categoryId)).toEqual(ids);
  });

  it('evaluates all categories of a name', async () => {
    const truth = JSON.parse(readFileSync(path.join(cli.dir, 'gt.json'), 'utf8')) as { categories: { id: number; name: string }[] };
    truth.categories.push({ id: 20, name: 'cat' });
    await writeFile(path.join(cli.dir, 'gt.json'), JSON.stringify(truth));
    expect(await evaluate(...files, '--json', '--cats', 'cat')).toBe(0);
    expect((JSON.parse(cli.stdout) as CocoReport).perClass.map(({ categoryId }) => categoryId)).toEqual([1, 20]);
  });

  it('takes as much for a file that lists far more categories than it uses', async () => {
    const truth = JSON.parse(readFileSync(path.join(cli.dir, 'gt.json'), 'utf8')) as { categories: { id: number; name: string }[] };
    for (let id = 100; id < 300_100; id++) truth.categories.push({ id, name: `class ${id}` });
    await writeFile(path.join(cli.dir, 'gt.json'), JSON.stringify(truth));
    expect(await evaluate(...files)).toBe(0);
    expect(cli.stdout.split('\n')[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.500');
  });

  it('says that rectangles stand for masks, and which sigmas were taken', async () => {
    const person = { image_id: 1, category_id: 1, keypoints: [1, 2, 2, 8, 9, 2] };
    const mask = { segmentation: [[0, 0, 10, 0, 10, 10, 0, 10]] };
    const truth = {
      images: [{ id: 1, width: 100, height: 50, file_name: '1.jpg' }], categories: [{ id: 1, name: 'cat' }],
      annotations: [{ id: 1, ...person, ...mask, iscrowd: 0, num_keypoints: 2, ...box(0) }],
    };
    await writeFile(path.join(cli.dir, 'gt.json'), JSON.stringify(truth));
    expect(await evaluate(...files, '--iou', 'segm')).toBe(0);
    expect(cli.stderr).toMatch(/^note: 1 of the 1 results holds no mask: the rectangle of the box was compared instead, [^\n]*\n1 detections/);
    await writeFile(path.join(cli.dir, 'dt.json'), JSON.stringify([{ ...person, score: 0.9 }]));
    const keypoints = [...files, '--iou', 'keypoints'];
    cli.stderr = '';
    expect(await evaluate(...keypoints)).toBe(0);
    expect(cli.stderr).toMatch(/^note: objects have 2 keypoints, not COCO's 17: a sigma of 1\/2 was taken for each; --sigmas gives others\n1 detections/);
    cli.stderr = '';
    expect(await evaluate(...keypoints, '--sigmas', '0.05')).toBe(0);
    expect(await evaluate(...keypoints, '--sigmas', '0.05,0.1')).toBe(0);
    expect(cli.stderr).not.toContain('note');
    expect(await evaluate(...keypoints, '--sigmas', '1,2,3')).toBe(2);
    expect(cli.stderr).toContain('expected 3 keypoints of 3 numbers for object 1, got 6 numbers');
  });

  it.each<[string[], RegExp]>([
    [[...files, '--sigmas', '0.1'], /^mpvg: evaluate coco: expected --sigmas only with --iou keypoints, got it with bbox\n$/],
    [[...files, '--iou', 'keypoints', '--sigmas', '0.1,-1'], /expected numbers above 0 with commas between them/],
    [['coco', '--gt', 'DIR/gt.json'], /required option '--dt <file>' not specified/],
    [['coco', '--gt', 'DIR/gt.jsn', '--dt', 'DIR/dt.json'], /^mpvg: CocoDataset\.open: expected a readable file for path, got .*gt\.jsn: no such file or directory\n$/],
    [['coco', '--gt', 'DIR/gt.json', '--dt', 'DIR/gt.json'], /^mpvg: loadRes: expected a list of results in .*gt\.json, got an object/],
    [[...files, '--cats', 'cow'], /^mpvg: evaluate coco: expected categories of .*gt\.json for --cats \(cat, dog\), got cow\n$/],
    [[...files, '--max-dets', '1,many'], /expected a whole number of at least 0/],
    [[...files, '--max-dets', '100'], /^mpvg: evaluate coco: expected three numbers for --max-dets, such as 1,10,100, got 100\n$/],
    [[...files, '--iou', 'boxes'], /Allowed choices are bbox, segm, keypoints/],
    [[...files, '--iou', 'segm'], /^mpvg: [^\n]*expected a segmentation[^\n]*got none[^\n]*\n$/],
    [[...files, '--iou', 'keypoints', '--tide'], /^mpvg: evaluate coco: expected --iou bbox or segm with --tide, got keypoints\n$/],
    [[...files, '--report', 'out'], /unknown option '--report'/],
  ])('names the mistake in %j and gives 2', async (args, message) => {
    expect(await evaluate(...args)).toBe(2);
    expect(cli.stderr).toMatch(message);
    expect(cli.stdout).toBe('');
  });

  it.each<[string, RegExp]>([
    ['[]', /^mpvg: evaluate coco: expected at least one detection in .*other\.json, got none\n$/],
    ['', /^mpvg: CocoDataset: expected an object \(ground truth\) or a list \(results\) at byte 0 .* got an empty file; copy or download it anew\n$/],
    ['[{"image_id":1,"category_id":99,"bbox":[0,0,1,1],"score":1}]',
      /^mpvg: evaluate coco: expected detections of the categories of .*gt\.json in .*other\.json, got none; the first has category_id 99: .*\n$/],
    ['[{"image_id":123456789,"category_id":1,"bbox":[0,0,1,1],"score":1}]',
      /^mpvg: loadRes: expected results of photos of this data set in .*other\.json, got image_id 123456789 in \[0\]\n$/],
    ['[{"image_id":1,"category_id":1,"bbox":[0,0,1,1],"score":NaN}]', /^mpvg: CocoDataset: expected a number for score .* in results\[0\], got "NaN[^\n]*\n$/],
    ['[{"image_id":1,"category_id":1,"bbox":[0,0,1,1]}]', /^mpvg: CocoEval: expected a score for each detection, got none for detection 1; write one, the same for all where none is better\n$/],
    ['[{"image_id":1,"category_id":1,"score":1}]', /^mpvg: CocoEval: expected an area for detection 1, got none: results get theirs from a bbox[^\n]*\n$/],
  ])('names what is wrong with results such as %s and gives 2', async (text, message) => {
    await writeFile(path.join(cli.dir, 'other.json'), text);
    expect(await evaluate('coco', '--gt', 'DIR/gt.json', '--dt', 'DIR/other.json')).toBe(2);
    expect(cli.stderr).toMatch(message);
    expect(cli.stdout).toBe('');
  });

  it('names a ground truth without objects and gives 2', async () => {
    await writeFile(path.join(cli.dir, 'none.json'), '{}');
    await writeFile(path.join(cli.dir, 'other.json'), '[]');
    expect(await evaluate('coco', '--gt', 'DIR/none.json', '--dt', 'DIR/other.json')).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: evaluate coco: expected at least one object in .*none\.json, got none\n$/);
  });
});

describe("mpvg evaluate coco on cocoapi's fake results", () => {
  const example = path.join(referenceFolder, 'coco');

  it.each([['segm', 0], ['bbox', 12]])('prints the official output for %s', async (iou, first) => {
    const official = readFileSync(path.join(example, 'val2014_fake_eval_res.txt'), 'utf8').split('\n').filter((line) => line.includes(' @[ '));
    await evaluate('coco', '--gt', path.join(example, 'instances_val2014_100.json'),
      '--dt', path.join(example, `instances_val2014_fake${iou}100_results.json`), '--iou', iou);
    // pycocotools has put one more space before the bracket since.
    expect(cli.stdout.trimEnd().replaceAll(/ {2}\(A|(?<=Recall {4}) \(A/g, ' (A').split('\n').map((line) => line.replace('Recall     (', 'Recall    (')))
      .toEqual(official.slice(first, first + 12));
  });
});

describe('mpvg evaluate miou', () => {
  async function write(images: Readonly<Record<string, readonly number[]>>): Promise<void> {
    for (const [name, values] of Object.entries(images)) {
      await mkdir(path.dirname(path.join(cli.dir, name)), { recursive: true });
      await writeFile(path.join(cli.dir, name), pngOf(values, { width: 2, height: 2, depth: 8 }));
    }
  }
  const folders = ['miou', '--gt', 'DIR/gt', '--pred', 'DIR/pred'];

  it('prints the means in percent, and a table of classes', async () => {
    await write({ 'gt/a.png': [0, 0, 1, 255], 'pred/a.png': [0, 1, 1, 1] });
    await writeFile(path.join(cli.dir, 'names.txt'), 'road\nsky\ncar\n');
    expect(await evaluate(...folders, '--classes', '3', '--per-class', '--names', 'DIR/names.txt')).toBe(0);
    expect(cli.stdout.split('\n').map((line) => line.trim().split(/ +/))).toEqual([
      ['class', 'IoU', 'Acc', 'Dice', 'Fscore', 'Precision', 'Recall'],
      ['road', '50.00', '50.00', '66.67', '66.67', '100.00', '50.00'],
      ['sky', '50.00', '100.00', '66.67', '66.67', '50.00', '100.00'],
      ['car', '-', '-', '-', '-', '-', '-'],
      [''],
      ['aAcc', 'mIoU', 'mAcc', 'mDice', 'mFscore', 'mPrecision', 'mRecall'],
      ['66.67', '50.00', '75.00', '66.67', '66.67', '75.00', '75.00'],
      [''],
    ]);
  });

  it('gives shares and areas as JSON, null where there is no score', async () => {
    await write({ 'gt/a.png': [1, 2, 3, 0], 'pred/a.png': [0, 1, 1, 1] });
    expect(await evaluate(...folders, '--classes', '4', '--reduce-zero-label', '--json')).toBe(0);
    expect(JSON.parse(cli.stdout)).toMatchObject({
      aAcc: 2 / 3, mIoU: 0.5, labelledPixels: 3, ignoredPixels: 1, maps: 1,
      perClass: [{ class: 0, iou: 1 }, { class: 1, iou: 0.5, union: 2 }, { class: 2, iou: 0 }, { class: 3, iou: null }],
    });
  });

  it('warns of predictions that count from 1', async () => {
    await write({ 'gt/a.png': [1, 2, 3, 0], 'pred/a.png': [1, 2, 3, 0] });
    expect(await evaluate(...folders, '--classes', '4', '--reduce-zero-label')).toBe(0);
    expect(cli.stderr).toMatch('most predictions are one above the ground truth: if they are numbered from 1, add --pred-reduce-zero-label');
    cli.stdout = '';
    expect(await evaluate(...folders, '--classes', '4', '--reduce-zero-label', '--pred-reduce-zero-label')).toBe(0);
    expect(cli.stdout).toMatch(/\n100\.00 +100\.00/);
  });

  it('takes label maps, suffixes and no ignored value', async () => {
    await write({ 'gt/a_gt.png': [0, 255, 255, 0], 'pred/a.png': [0, 255, 0, 0], 'pred/b.png': [0, 0, 0, 0] });
    const maps = ['--label-map', '255:1', '--pred-label-map', '255:1,0:0'];
    expect(await evaluate(...folders, '--classes', '2', '--ignore', '-1', ...maps, '--gt-suffix', '_gt.png', '--json')).toBe(0);
    expect(JSON.parse(cli.stdout)).toMatchObject({ aAcc: 0.75, ignoredPixels: 0 });
    expect(cli.stderr).toMatch(/^left out, no ground truth for 1 predictions, such as .*b\.png\n/);
  });

  it.each<[Record<string, readonly number[]>, string[], RegExp]>([
    [{}, ['--classes', 'two'], /'--classes <n>' argument 'two' is invalid\. expected a whole number of at least 1/],
    [{}, ['--classes', '2', '--label-map', '1=2'], /expected value:class pairs with commas between them, such as 255:1,3:0/],
    [{}, ['--classes', '2', '--label-map', '1:2'], /^mpvg: labelCodes: expected a class in \[0, 2\) or the ignore index 255 for labelMap's 1, got 2\n$/],
    [{}, ['--classes', '2'], /^mpvg: pairLabelFolders: expected a folder of PNGs, got .*gt: no such folder\n$/],
    [{ 'gt/a.png': [0, 1, 0, 1], 'pred/b.png': [0, 0, 0, 0] }, ['--classes', '2'], /got none for a\.png: no .*pred\/a\.png\n$/],
    [{ 'gt/a.png': [0, 1, 0, 1], 'pred/a.png': [0, 1, 0, 2] }, ['--classes', '2'], /everywhere in .*pred\/a\.png, got 2 first at x 1, y 1 and 1 wrong of 4/],
    [{ 'gt/a.png': [0, 255, 0, 0], 'pred/a.png': [0, 1, 0, 1] }, ['--classes', '2'], /got only 0 and 255 in all maps: black-and-white masks/],
    [{ 'gt/a.png': [0, 1, 0, 1], 'pred/a.png': [0, 1, 0, 1] }, ['--classes', '2', '--names', 'DIR/none.txt'], /for --names, got .*none\.txt: no such file or directory\n$/],
    [{}, ['--classes', '2', '--report', 'out'], /unknown option '--report'/],
  ])('names the mistake in %j with %j and gives 2', async (images, args, message) => {
    await write(images);
    expect(await evaluate(...folders, ...args)).toBe(2);
    expect(cli.stderr).toMatch(message);
    expect(cli.stdout).toBe('');
  });
});

describe('evaluation of results', () => {
  it('loads neither libtorch nor tfjs', () => {
    for (const file of ['cli/evaluateCoco.ts', 'cli/evaluateMiou.ts']) {
      const { files, packages } = importGraph(file, { dynamic: true });
      expect(files.some((each) => each.startsWith('evaluation/'))).toBe(true);
      expect(files.filter((each) => /^(backends|ops|nn|engine|tasks)\//.test(each))).toEqual([]);
      expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['commander', 'sharp'].filter((name) => packages.includes(name)));
    }
  });

  it.each(['meanIou', 'coco/tide', 'coco/confusionMatrix', 'coco/classTable', 'coco/areaTable', 'coco/precisionCurves'])(
    'needs nothing but the language: %s', (file) => {
      expect(importGraph(`evaluation/${file}.ts`, { dynamic: false }).packages).toEqual([]);
    });
});
