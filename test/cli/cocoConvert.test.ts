import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CocoDataset } from '../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation, CocoFile } from '../../src/data/coco/records.ts';
import { importGraph } from '../importGraph.ts';
import { referenceFolder } from '../reference.ts';
import { captureCli } from './captureCli.ts';

const cli = captureCli('coco', 'convert');
const convert = async (...args: string[]) => cli.run(...args);

async function text(name: string, content: string): Promise<void> {
  await mkdir(path.dirname(path.join(cli.dir, name)), { recursive: true });
  await writeFile(path.join(cli.dir, name), content);
}

async function json(name: string): Promise<CocoFile> {
  return JSON.parse(await readFile(path.join(cli.dir, name), 'utf8')) as CocoFile;
}

const truth = {
  images: [{ id: 3, width: 20, height: 10, file_name: 'a.jpg' }],
  categories: [{ id: 1, name: 'cat' }, { id: 18, name: 'dog' }],
  annotations: [
    { id: 1, image_id: 3, category_id: 18, bbox: [2, 2, 4, 4], area: 8, iscrowd: 0, segmentation: [[2, 2, 6, 2, 6, 6]] },
    { id: 2, image_id: 3, category_id: 1, bbox: [0, 0, 20, 10], area: 200, iscrowd: 1 },
  ],
};

describe('mpvg coco convert', () => {
  beforeEach(async () => {
    await text('gt.json', JSON.stringify(truth));
    await mkdir(path.join(cli.dir, 'set/images/val'), { recursive: true });
    await sharp({ create: { width: 20, height: 10, channels: 3, background: 'red' } }).toFile(path.join(cli.dir, 'set/images/val/a.png'));
    await text('set/labels/val/a.txt', '1 0.2 0.4 0.2 0.4\n');
    await text('set/data.yaml', 'train: images/train\nval: images/val\nnames: [cat, dog]\n');
  });

  it.each([
    [['DIR/set/data.yaml', 'DIR/out.json', '--from', 'yolo', '--split', 'val']],
    [['DIR/set/images/val', 'DIR/out.json', '--from', 'yolo']],
    [['DIR/set/images/val', 'DIR/out.json', '--from', 'yolo', '--names', 'DIR/set/data.yaml', '--labels', 'DIR/set/labels/val']],
  ])('makes a COCO file of YOLO labels: %j', async (args) => {
    expect(await convert(...args)).toBe(0);
    expect(cli.stdout).toBe(`${cli.dir}/out.json: 1 photos, 1 annotations, 2 categories\n`);
    expect(cli.stderr).toBe('');
    expect(await json('out.json')).toEqual({
      info: {}, licenses: [],
      images: [{ id: 1, width: 20, height: 10, file_name: 'a.png' }],
      annotations: [{ id: 1, image_id: 1, category_id: 2, bbox: [2, 2, 4, 4], area: 16, iscrowd: 0 }],
      categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }],
    });
  });

  it('makes YOLO labels of a COCO file and counts what it leaves out', async () => {
    expect(await convert('DIR/gt.json', 'DIR/yolo', '--to', 'yolo', '--outlines')).toBe(0);
    expect(await readFile(path.join(cli.dir, 'yolo/labels/a.txt'), 'utf8')).toBe('1 0.1 0.2 0.3 0.2 0.3 0.6\n');
    const fate = 'get another id when the labels are read back: results for the COCO file do not fit then';
    expect(cli.stderr).toBe(`note: 1 crowds left out, which YOLO does not have\nnote: 1 photos ${fate}\nnote: 1 categories ${fate}\n`);
    expect(cli.stdout).toBe(`${cli.dir}/yolo: labels of 1 photos\n`);
  });

  it('makes VOC annotations of a COCO file, and a COCO file of those', async () => {
    expect(await convert('DIR/gt.json', 'DIR/voc', '--to', 'voc')).toBe(0);
    expect(await readdir(path.join(cli.dir, 'voc/Annotations'))).toEqual(['a.xml']);
    expect(await convert('DIR/voc', 'DIR/out.json', '--from', 'voc')).toBe(0);
    expect((await json('out.json')).annotations).toEqual([
      { id: 1, image_id: 1, category_id: 2, bbox: [2, 2, 4, 4], area: 16, iscrowd: 0, ignore: 0 },
      { id: 2, image_id: 1, category_id: 1, bbox: [0, 0, 20, 10], area: 200, iscrowd: 0, ignore: 1 },
    ]);
  });

  it('replaces a file only if asked to', async () => {
    await text('out.json', 'mine');
    const args = ['DIR/set/images/val', 'DIR/out.json', '--from', 'yolo'];
    expect(await convert(...args)).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: convert: expected a new file to write to, got .*out\.json, which is there; --overwrite replaces it\n$/);
    expect(await readFile(path.join(cli.dir, 'out.json'), 'utf8')).toBe('mine');
    expect(await convert(...args, '--overwrite')).toBe(0);
    expect((await json('out.json')).images).toHaveLength(1);
    expect((await readdir(cli.dir)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('leaves what another conversion has begun', async () => {
    await text('out.json.partial', 'theirs');
    expect(await convert('DIR/set/images/val', 'DIR/out.json', '--from', 'yolo')).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: convert: expected nothing at .*out\.json\.partial, .* if it is left over, remove it\n$/);
    expect(await readFile(path.join(cli.dir, 'out.json.partial'), 'utf8')).toBe('theirs');
  });

  it('keeps a file when its replacement goes wrong', async () => {
    await text('out.json', 'mine');
    await text('set/labels/val/a.txt', '2 0.2 0.4 0.2 0.4\n');
    expect(await convert('DIR/set/images/val', 'DIR/out.json', '--from', 'yolo', '--overwrite')).toBe(2);
    expect(await readFile(path.join(cli.dir, 'out.json'), 'utf8')).toBe('mine');
  });

  it.skipIf(!existsSync('/proc/self')).each<[string[]]>([
    [['DIR/gt.json', '/proc/mpvg', '--to', 'yolo']],
    [['DIR/gt.json', '/proc/mpvg', '--to', 'voc']],
    [['DIR/set/images/val', '/proc/mpvg', '--from', 'yolo']],
  ])('says in words why %j cannot be written (needs /proc)', async (args) => {
    expect(await convert(...args)).toBe(2);
    expect(cli.stderr).toMatch(/^mpvg: cannot write \/proc\/mpvg: there is no such place, and none can be made there; (nothing was written|what was there is intact)\n$/);
  });

  it.each(['yolo', 'voc'])('says so of a name that is too long for a folder (--to %s)', async (format) => {
    const folder = path.join(cli.dir, 'x'.repeat(300));
    expect(await convert('DIR/gt.json', folder, '--to', format)).toBe(2);
    expect(cli.stderr).toBe(`mpvg: cannot write ${folder}: the name is too long; nothing was written\n`);
  });

  it('takes away what it has begun when it is stopped', async () => {
    const images = Array.from({ length: 1000 }, (_, i) => ({ id: i + 1, width: 20, height: 10, file_name: `${i}.jpg` }));
    await text('gt.json', JSON.stringify({ ...truth, images }));
    const listeners = new Set(process.listeners('SIGINT'));
    const running = convert('DIR/gt.json', 'DIR/voc', '--to', 'voc');
    await vi.waitFor(() => expect(existsSync(path.join(cli.dir, 'voc.partial'))).toBe(true), { interval: 1 });
    // The command's own listener alone: the test runner has one too.
    for (const listener of process.listeners('SIGINT')) if (!listeners.has(listener)) listener('SIGINT');
    expect(await running).toBe(130);
    expect(cli.stderr).toBe(`stopped; nothing was written to ${cli.dir}/voc\n`);
    expect((await readdir(cli.dir)).filter((name) => name.includes('voc'))).toEqual([]);
    expect(process.listeners('SIGINT')).toEqual([...listeners]);
  });

  it.each<[string[], RegExp]>([
    [[], /missing required argument 'in'/],
    [['DIR/gt.json'], /missing required argument 'out'/],
    [['DIR/gt.json', '', '--to', 'voc'], /^mpvg: coco convert: expected paths for <in> and <out>, got an empty one\n$/],
    [['DIR/gt.json', 'DIR/out'], /^mpvg: coco convert: expected either --from or --to, with yolo or voc, got neither\n$/],
    [['DIR/gt.json', 'DIR/out', '--from', 'voc', '--to', 'yolo'], /^mpvg: coco convert: expected either --from or --to, with yolo or voc, got both\n$/],
    [['DIR/gt.json', 'DIR/out', '--to', 'coco'], /Allowed choices are yolo, voc/],
    [['DIR/gt.json', 'DIR/out', '--to', 'voc', '--outlines'], /^mpvg: coco convert: expected --outlines only with --to yolo, got it with --to voc\n$/],
    [['DIR/gt.json', 'DIR/out', '--to', 'yolo', '--zero-based'], /^mpvg: coco convert: expected --zero-based only with --from voc or --to voc, got it/],
    [['DIR/set/images/val', 'DIR/o.json', '--from', 'yolo', '--split', 'val'], /^mpvg: coco convert: expected a data\.yaml as <in> with --split, got/],
    [['DIR/none.json', 'DIR/out', '--to', 'yolo'], /^mpvg: CocoDataset\.open: expected a readable file for path, got .*none\.json: no such file or directory\n$/],
    [['DIR/gt.json', 'DIR/gt.json', '--to', 'yolo'], /^mpvg: convert: expected a new or empty folder to write to, got .*gt\.json, which is a file\n$/],
    [['DIR/gt.json', 'DIR/set', '--to', 'yolo'], /^mpvg: convert: expected a new or empty folder to write to, got .*set, which has .* in it\n$/],
    [['DIR/gt.json', 'DIR/gt.json/out', '--to', 'yolo'], /^mpvg: convert: expected an existing folder to write into, got .*gt\.json: it is a file\n$/],
    [['DIR/set/images/val', 'DIR/set', '--from', 'yolo'], /^mpvg: convert: expected a JSON file to write to, got .*set, which is a folder\n$/],
    [['DIR/set/images/val', 'DIR/none/out.json', '--from', 'yolo'], /^mpvg: convert: expected an existing folder to write into, got .*none: no such file or directory\n$/],
    [['DIR/gt.json', 'DIR/none/out', '--to', 'voc'], /^mpvg: convert: expected an existing folder to write into, got .*none: no such file or directory\n$/],
    [['DIR/set', '/dev/null', '--from', 'voc', '--overwrite'], /^mpvg: convert: expected a JSON file to write to, got \/dev\/null, which is no file\n$/],
    [['DIR/gt.json', 'DIR/out.json', '--from', 'voc'], /^mpvg: convert: expected a folder of labels, got .*gt\.json: a file\n$/],
    [['DIR/set', 'DIR/out.json', '--from', 'voc'], /^mpvg: readVoc: expected XML files in .*set, got none\n$/],
  ])('names the mistake in %j and gives 2', async (args, message) => {
    expect(await convert(...args)).toBe(2);
    expect(cli.stderr).toMatch(message);
    expect(cli.stdout).toBe('');
  });

  it('loads neither libtorch nor tfjs', () => {
    const { files, packages } = importGraph('cli/coco.ts', { dynamic: true });
    expect(files).toContain('data/coco/convert/vocDataset.ts');
    expect(files.filter((each) => /^(backends|ops|nn|tasks)\//.test(each))).toEqual([]);
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['commander', 'saxes', 'sharp', 'yaml']);
  });
});

describe('mpvg coco convert on real annotations', () => {
  const file = path.join(referenceFolder, 'coco/instances_cc.json');

  /** What both directions keep of an annotation, in the order of photos; the crowd and clipping rules apply. */
  async function kept(annotations: readonly CocoAnnotation[], dataset: CocoDataset): Promise<unknown[]> {
    const names = new Map(dataset.categories.map(({ id, name }) => [id, name]));
    const photos = new Map(dataset.loadImgs(dataset.getImgIds()).map(({ id, file_name }) => [id, file_name]));
    return annotations.map(({ image_id, category_id, bbox }) => [photos.get(image_id), names.get(category_id!), ...bbox!])
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** A photo of the right size for each of the data set's, since YOLO's files do not say it. */
  async function writeBlankPhotos(dataset: CocoDataset, folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const { file_name: name, width, height } of dataset.loadImgs(dataset.getImgIds())) {
      await sharp({ create: { width, height, channels: 3, background: 'grey' } }).jpeg().toFile(path.join(folder, name));
    }
  }

  it.each(['yolo', 'voc'] as const)('keeps every box through %s, to the last bit', async (format) => {
    expect(await convert(file, 'DIR/there', '--to', format)).toBe(0);
    const original = await CocoDataset.open(file);
    const sizeOf = new Map(original.loadImgs(original.getImgIds()).map(({ id, width, height }) => [id, { width, height }]));
    if (format === 'yolo') await writeBlankPhotos(original, path.join(cli.dir, 'there/images'));
    const back = format === 'yolo' ? ['DIR/there/data.yaml', 'DIR/back.json', '--split', 'val'] : ['DIR/there', 'DIR/back.json'];
    expect(await convert(...back, '--from', format)).toBe(0);
    const again = await CocoDataset.open(path.join(cli.dir, 'back.json'));
    expect(again.images.count).toBe(131);
    expect(again.validate().filter(({ severity }) => severity === 'fatal')).toEqual([]);

    const inside = original.loadAnns(original.getAnnIds()).filter(({ image_id, bbox = [], iscrowd }) => {
      const { width, height } = sizeOf.get(image_id)!;
      const [x = 0, y = 0, w = 0, h = 0] = bbox;
      return x >= 0 && y >= 0 && x + w <= width && y + h <= height && (format === 'voc' ? w >= 1 && h >= 1 : iscrowd === 0);
    });
    expect(inside.length).toBeGreaterThan(1100);
    const found = new Set((await kept(again.loadAnns(again.getAnnIds()), again)).map((one) => JSON.stringify(one)));
    const lost = (await kept(inside, original)).filter((one) => !found.has(JSON.stringify(one)));
    expect(lost).toEqual([]);
  }, 60_000);
});
