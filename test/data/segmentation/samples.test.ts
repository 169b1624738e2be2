// The photos with maps in samples/: sound, credited, and never validation where classification trains with them.

import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkSegmentationData } from '../../../src/data/segmentation/checkSegmentationData.ts';
import { openSegmentationData } from '../../../src/data/segmentation/openSegmentationData.ts';
import { TestPhotoLoader } from '../../../src/data/segmentation/testPhotoLoader.ts';

const samples = fileURLToPath(new URL('../../../samples', import.meta.url));
const dir = join(samples, 'segmentation');

describe('samples/segmentation', () => {
  it('is sound, with 133 classes and in 12 groups', async () => {
    for (const classes of ['coco133', 'coco12'] as const) {
      const { training, validation } = await openSegmentationData({ dir, classes });
      expect([training.size, validation.size]).toEqual([23, 10]);
      expect((await checkSegmentationData([training, validation])).faults).toEqual([]);
    }
  });

  it('has most of its pixels labelled, and each group in both splits', async () => {
    const { training, validation } = await openSegmentationData({ dir, classes: 'coco12' });
    for (const [folder, least] of [[training, 11], [validation, 9]] as const) {
      const counts = new Uint32Array(256);
      const loader = new TestPhotoLoader(folder, { scales: { frame: { longPx: 512, shortPx: 64 } }, workers: 0 });
      for await (const { map } of loader.photos()) for (const label of map.data) counts[label]!++;
      const all = counts.reduce((sum, count) => sum + count);
      expect(counts[255]! / all).toBeLessThan(0.15);
      expect(counts.subarray(0, 12).filter((count) => count > all / 2000).length).toBeGreaterThanOrEqual(least);
    }
  });

  it('credits every photo under a licence that lets anyone pass it on', async () => {
    const credits = await readFile(join(samples, 'CREDITS.md'), 'utf8');
    const allowed = /\/licenses\/by(-sa)?\/|flickr\.com\/commons\/usage|usa\.gov/;
    for (const entry of await readdir(samples, { recursive: true })) {
      if (!entry.endsWith('.jpg')) continue;
      const line = credits.split('\n').find((each) => each.startsWith(`| ${entry} |`));
      expect(line, entry).toMatch(allowed);
    }
  });

  it('shows no validation photo to pretraining', async () => {
    const trained = new Set((await readdir(join(samples, 'train'), { recursive: true })).map((entry) => basename(entry)));
    const { validation } = await openSegmentationData({ dir, classes: 'coco12' });
    const names = Array.from({ length: validation.size }, (_, i) => basename(validation.describe(i)));
    expect(names.filter((name) => trained.has(name))).toEqual([]);
  });
});
