import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readLabelImage } from '../../src/data/labelImage.ts';
import { DataError } from '../../src/errors.ts';
import { countLabelPairs, pairLabelFolders } from '../../src/evaluation/labelFolders.ts';
import { MeanIou, type MeanIouOptions } from '../../src/evaluation/meanIou.ts';
import { pngOf } from '../data/png.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'mpvg-folders-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Writes label images of 4 x 2 pixels under `dir`. */
async function write(images: Readonly<Record<string, readonly number[]>>): Promise<void> {
  for (const [name, values] of Object.entries(images)) {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), pngOf(values, { width: 4, height: values.length / 4, depth: 8, kind: 'palette' }));
  }
}

async function counted(options: MeanIouOptions, truth = path.join(dir, 'gt'), prediction = path.join(dir, 'pred')) {
  const counter = new MeanIou(options);
  const { pairs, unused } = await pairLabelFolders({ truth, prediction });
  const done: number[] = [];
  await countLabelPairs(counter, pairs, (count) => done.push(count));
  return { ...counter.result(), unused, done };
}

describe('label folders', () => {
  it('are paired by name, subfolders included', async () => {
    await write({
      'gt/a.png': [0, 0, 0, 0, 1, 1, 1, 1], 'gt/sub/b.png': [1, 1, 1, 1, 255, 255, 255, 0],
      'pred/a.png': [0, 0, 0, 1, 1, 1, 1, 1], 'pred/sub/b.png': [1, 1, 1, 1, 1, 1, 1, 1], 'pred/c.png': [0, 0, 0, 0, 0, 0, 0, 0],
    });
    const { aAcc, labelledPixels, unused, done } = await counted({ classes: 2 });
    expect({ aAcc, labelledPixels, done }).toEqual({ aAcc: 11 / 13, labelledPixels: 13, done: [1, 2] });
    expect(unused).toEqual([path.join(dir, 'pred/c.png')]);
  });

  it('may have other suffixes', async () => {
    await write({ 'gt/a_gt.png': [0, 0, 0, 0], 'gt/a_color.png': [9, 9, 9, 9], 'pred/a.png': [0, 0, 0, 0] });
    const { pairs } = await pairLabelFolders({ truth: path.join(dir, 'gt'), prediction: path.join(dir, 'pred'), truthSuffix: '_gt.png' });
    expect(pairs).toEqual([{ truth: path.join(dir, 'gt/a_gt.png'), prediction: path.join(dir, 'pred/a.png') }]);
  });

  const plain = [0, 0, 0, 0, 1, 1, 1, 1];

  it('pass hidden files by, follow links, and pair .PNG with .png and é with é', async () => {
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    await write({
      [`gt/${composed}.PNG`]: plain, 'gt/.ipynb_checkpoints/a-checkpoint.png': plain, 'gt/._a.png': plain, [`pred/${decomposed}.png`]: plain,
      'far/b.png': plain, 'far/deep/c.png': plain, 'pred/b.png': plain, 'pred/deep/c.png': plain,
    });
    await symlink(path.join(dir, 'far/b.png'), path.join(dir, 'gt/b.png'));
    await symlink('../far/deep', path.join(dir, 'gt/deep'));
    const { aAcc, labelledPixels, unused, done } = await counted({ classes: 2 });
    expect({ aAcc, labelledPixels, unused, done }).toEqual({ aAcc: 1, labelledPixels: 24, unused: [], done: [1, 2, 3] });
  });

  it.each<[string, Record<string, readonly number[]>, string]>([
    ['missing predictions', { 'gt/a.png': plain, 'gt/b.png': plain, 'gt/c.png': plain, 'pred/b.png': plain }, 'got none for a.png and 1 more of 3'],
    ['a missing prediction', { 'gt/a.png': plain, 'gt/b.png': plain, 'pred/b.png': plain }, 'got none for a.png: no '],
    ['another size', { 'gt/a.png': plain, 'pred/a.png': [...plain, ...plain] }, 'a.png, for DIR/pred/a.png, got 4 x 4'],
    ['values over the class count', { 'gt/a.png': plain, 'pred/a.png': [0, 0, 0, 0, 1, 1, 7, 1] }, 'expected a class in [0, 2) everywhere in DIR/pred/a.png, got 7 first at x 2, y 1'],
    ['black-and-white predictions', { 'gt/a.png': plain, 'pred/a.png': [0, 0, 0, 0, 255, 255, 255, 255] }, 'DIR/pred/a.png, got 255 first at x 0, y 1 and 4 wrong of 8 pixels; it holds only 0 and 255'],
    ['no ground truth', { 'pred/a.png': plain, 'gt/readme.txt': plain }, 'expected names that end in .png in DIR/gt, got none'],
    ['no folder', { 'pred/a.png': plain }, 'expected a folder of PNGs, got DIR/gt: no such folder'],
  ])('name %s', async (_, images, message) => {
    await write(images);
    const counting = counted({ classes: 2 });
    await expect(counting).rejects.toThrow(DataError);
    await expect(counting).rejects.toThrow(message.replace('DIR', dir));
  });

  it('name the damaged file while later ones are being read', async () => {
    await write(Object.fromEntries(['gt', 'pred'].flatMap((folder) => Array.from({ length: 20 }, (_, i) => [`${folder}/${i + 10}.png`, plain]))));
    await writeFile(path.join(dir, 'pred/13.png'), 'no PNG');
    await writeFile(path.join(dir, 'pred/15.png'), 'no PNG either');
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    await expect(counted({ classes: 2 })).rejects.toThrow(`in ${path.join(dir, 'pred/13.png')}, got another kind of file`);
    await expect.poll(async () => await readLabelImage(path.join(dir, 'pred/15.png')).catch(() => 'refused')).toBe('refused');
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

/** Real label maps, as they are or folded into a range: ground truth as its own prediction, and another counted naively. */
describe('label folders of real data', () => {
  const samples = path.join(import.meta.dirname, '../../samples/segmentation/annotations/training');
  const asTheyAre = (label: number): number => label;

  it.each<[string, (label: number) => number, MeanIouOptions, number]>([
    ['11 classes, 11 is void', (label) => label % 12, { classes: 11, ignoreIndex: 11, prediction: { labelMap: new Map([[11, 11]]) } }, 11],
    ['150 classes, 0 is unlabelled', (label) => (label + 17) % 151, { classes: 150, reduceZeroLabel: true, prediction: { reduceZeroLabel: true } }, 0],
    ['133 classes, 0 is unlabelled', asTheyAre, { classes: 133, reduceZeroLabel: true, prediction: { reduceZeroLabel: true } }, 0],
  ])('%s', async (_name, fold, options, ignored) => {
    const truth = path.join(dir, 'gt');
    await mkdir(truth, { recursive: true });
    const names = (await readdir(samples)).toSorted().slice(0, 12);
    for (const name of names) {
      const { data, width, height } = await readLabelImage(path.join(samples, name));
      await writeFile(path.join(truth, name), pngOf(data.map(fold), { width, height, depth: 8, kind: 'palette' }));
    }
    const own = await counted(options, truth, truth);
    expect([own.aAcc, own.mIoU, own.mFscore]).toEqual([1, 1, 1]);

    // Each map cut to the size of the next, wrapped.
    const shift = options.reduceZeroLabel ? 1 : 0;
    const [right, labelled] = [new Float64Array(options.classes), new Float64Array(options.classes)];
    let before = await readLabelImage(path.join(truth, names.at(-1)!));
    for (const name of names) {
      const image = await readLabelImage(path.join(truth, name));
      const values = Uint8Array.from(image.data, (_, i) => before.data[i % before.data.length]!);
      image.data.forEach((label, i) => {
        if (label === ignored) return;
        labelled[label - shift]!++;
        if (label === values[i]) right[label - shift]!++;
      });
      await mkdir(path.join(dir, 'pred'), { recursive: true });
      await writeFile(path.join(dir, 'pred', name), pngOf(values, { width: image.width, height: image.height, depth: 8, kind: 'palette' }));
      before = image;
    }
    const { perClass } = await counted(options);
    expect(perClass.map(({ intersect }) => intersect)).toEqual([...right]);
    expect(perClass.map((scores) => scores.labelled)).toEqual([...labelled]);
  });
});
