import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ValidationReport } from '../../src/cli/cocoValidate.ts';
import type { CocoStats } from '../../src/data/coco/cocoStats.ts';
import type { CocoAnnotation } from '../../src/data/coco/records.ts';
import { captureCli } from './captureCli.ts';

const cli = captureCli('coco');
const coco = async (...args: string[]) => cli.run(...args);

const images = [{ id: 1, width: 100, height: 50, file_name: '1.jpg' }];
const categories = [{ id: 1, name: 'cat' }, { id: 18, name: 'dog' }];

function annotation(id: number, change: object = {}): CocoAnnotation {
  const segmentation = [[1, 1, 5, 1, 5, 5]];
  return { id, image_id: 1, category_id: 1, bbox: [1, 1, 4, 4], area: 8, iscrowd: 0, segmentation, ...change };
}

async function write(name: string, content: unknown): Promise<void> {
  await writeFile(path.join(cli.dir, name), typeof content === 'string' ? content : JSON.stringify(content));
}

describe('mpvg coco stats', () => {
  beforeEach(() => write('gt.json', { images, categories, annotations: [annotation(1), annotation(2, { category_id: 18, area: 10_000 })] }));

  it('prints counts, spreads, histograms and a table of categories', async () => {
    expect(await coco('stats', 'DIR/gt.json')).toBe(0);
    const lines = cli.stdout.split('\n');
    expect(lines[0]).toBe(`${cli.dir}/gt.json (instances)`);
    expect(lines[1]).toBe('1 photos, 0 of them without annotations, of 1 sizes: 100x50 (1)');
    expect(lines[2]).toBe('2 annotations: 2 with boxes, 2 with polygons');
    expect(cli.stdout).toMatch(/\narea, px² +8 +5,004 +5,004 +10,000\n/);
    expect(cli.stdout).toMatch(/\nphotos by number of annotations\n +0 {2}0\n +1 {2}0\n +2 {2}1 {2}#{40}\n/);
    expect(cli.stdout).toMatch(/\n +0–8 {2}1 {2}#{40}\n/);
    expect(cli.stdout).toMatch(/\ncategory +id +annotations +photos +crowds +small +medium +large\ncat +1 +1 +1 +0 +1 +0 +0\ndog +18 +1 +1 +0 +0 +0 +1\ntotal +2 +1 +0 +1 +0 +1\n$/);
    expect(cli.stderr).toBe('');
  });

  it('gives the numbers as JSON', async () => {
    expect(await coco('stats', 'DIR/gt.json', '--json')).toBe(0);
    const stats = JSON.parse(cli.stdout) as CocoStats & { file: string };
    expect(stats).toMatchObject({ file: `${cli.dir}/gt.json`, images: 1, total: { annotations: 2, small: 1, large: 1 }, area: { mean: 5004 } });
  });

  it('prints what there is of an empty file', async () => {
    await write('empty.json', '{}');
    expect(await coco('stats', 'DIR/empty.json')).toBe(0);
    expect(cli.stdout).toMatch(/0 photos.*\n0 annotations\n/);
  });
});

describe('mpvg coco validate', () => {
  it('gives 0 when nothing is fatal', async () => {
    await write('gt.json', { images, categories, annotations: [annotation(1), annotation(2, { iscrowd: undefined })] });
    expect(await coco('validate', 'DIR/gt.json')).toBe(0);
    expect(cli.stdout).toBe(`${cli.dir}/gt.json: 2 annotations, 1 kind of fault\n` +
      '  missing-iscrowd (repaired): 1 annotation has no iscrowd: 2; counts as 0; pycocotools stops with KeyError\n');
  });

  it('gives 2 when something is, and says so first', async () => {
    await write('gt.json', { images, categories, annotations: [annotation(1), annotation(0), annotation(3, { area: undefined })] });
    expect(await coco('validate', 'DIR/gt.json')).toBe(2);
    expect(cli.stdout).toMatch(/^.*gt\.json: 3 annotations, 2 kinds of faults\n {2}missing-area \(fatal\): 1 annotation has no area: 3; .*\n {2}id-zero \(kept\): .*\n$/);
  });

  it('names as many ids as asked for and counts all', async () => {
    const annotations = Array.from({ length: 30 }, (_, i) => annotation(i + 1, { iscrowd: undefined }));
    await write('gt.json', { images, categories, annotations });
    expect(await coco('validate', 'DIR/gt.json', '--examples', '2')).toBe(0);
    expect(cli.stdout).toMatch('30 annotations have no iscrowd: 1, 2, …; counts as 0');
    cli.stdout = '';
    expect(await coco('validate', 'DIR/gt.json', '--examples', '3', '--json')).toBe(0);
    const [report] = JSON.parse(cli.stdout) as ValidationReport[];
    expect(report!.findings).toMatchObject([{ kind: 'missing-iscrowd', severity: 'repaired', count: 30, ids: [1, 2, 3], rows: [0, 1, 2] }]);
  });

  it('checks results too', async () => {
    await write('gt.json', { images, categories, annotations: [annotation(1)] });
    const box = { image_id: 1, bbox: [0, 0, 5, 5] };
    await write('dt.json', [{ ...box, category_id: 1, score: 0.5 }, { ...box, category_id: 2 }]);
    expect(await coco('validate', 'DIR/gt.json', '--results', 'DIR/dt.json')).toBe(2);
    expect(cli.stdout).toMatch(/gt\.json: 1 annotations, nothing wrong\n.*dt\.json: 2 annotations, 2 kinds of faults\n {2}missing-score \(fatal\): .*: 2; /);
  });

  it('names all results whose masks are damaged', async () => {
    await write('gt.json', { images, categories, annotations: [annotation(1)] });
    const result = (counts: readonly number[]): object =>
      ({ image_id: 1, category_id: 1, score: 0.5, segmentation: { size: [50, 100], counts } });
    await write('dt.json', [result([5000]), result([7]), result([1, 4999]), result([5000, 1])]);
    expect(await coco('validate', 'DIR/gt.json', '--results', 'DIR/dt.json')).toBe(2);
    expect(cli.stdout).toMatch(/ {2}rle-broken \(fatal\): 2 annotations have run lengths that are damaged.*: 2, 4; its mask is an error\n$/);
  });

  it.each<[string, unknown, RegExp]>([
    ['dt.json', [{ image_id: 1, category_id: 1, bbox: [0, 0, 5, 5], score: 1 }], /^mpvg: CocoDataset: expected an object with images.* got a list; results are read by/],
    ['cut.json', '{"images": [{"id": 1', /^mpvg: CocoDataset: expected .* at byte 20 \(line 1, column 21\) of .*cut\.json, in images\[0\], got the end of the file\n$/],
    ['panoptic.json', { annotations: [{ image_id: 1, file_name: '1.png', segments_info: [] }] }, /^mpvg: coco validate: expected a file of instances or keypoints, got .*panoptic\.json, which is panoptic/],
  ])('says in one line what %s is', async (name, content, message) => {
    await write(name, content);
    expect(await coco('validate', `DIR/${name}`)).toBe(2);
    expect(cli.stderr).toMatch(message);
    expect(cli.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(cli.stdout).toBe('');
  });

  it.each<[string[], RegExp]>([
    [['validate'], /missing required argument 'file'/],
    [['stats', 'DIR/none.json'], /^mpvg: CocoDataset\.open: expected a readable file for path, got .*none\.json: no such file or directory\n$/],
    [['stats', 'DIR'], /^mpvg: CocoDataset\.open: expected a readable file for path, got .*: it is a directory\n$/],
    [['validate', 'DIR/none.json', '--examples', 'many'], /expected a whole number of at least 0/],
    [['stat', 'DIR/none.json'], /unknown command 'stat'\n\(Did you mean stats\?\)/],
  ])('names the mistake in %j and gives 2', async (args, message) => {
    expect(await coco(...args)).toBe(2);
    expect(cli.stderr).toMatch(message);
    expect(cli.stdout).toBe('');
  });
});
