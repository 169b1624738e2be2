import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOf } from '../../../../src/data/coco/convert/photoLists.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-lists-'));
  for (const part of ['a/images/train', 'b/images']) mkdirSync(join(folder, part), { recursive: true });
  for (const file of ['a/x.jpg', 'a/images/x.jpg', 'a/images/train/y.jpg', 'b/images/z.jpg']) writeFileSync(join(folder, file), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('placeOf', () => {
  it.each([
    ['x.jpg', 'a/x.jpg'],
    ['images/x.jpg', 'a/images/x.jpg'],
    ['images/z.jpg', 'b/images/z.jpg'],
    ['../data/images/train/y.jpg', 'a/images/train/y.jpg'],
    ['C:\\data\\images\\x.jpg', 'a/images/x.jpg'],
    ['./images//x.jpg', 'a/images/x.jpg'],
    ['/elsewhere/images/train', 'a/images/train'],
    ['../elsewhere/images', 'a/images'], // a folder is known by its name alone
    ['other/x.jpg', undefined], // a file is not
    ['missing.jpg', undefined],
    ['missing/', undefined],
    ['missing/.', undefined],
    ['missing/../gone/x/..', undefined],
  ])('of %s below the folders is %s', (given, expected) => {
    expect(placeOf(given, [join(folder, 'a'), join(folder, 'b')])).toBe(expected === undefined ? undefined : join(folder, expected));
  });

  it('takes ends of a path, not what is beside the folders', () => {
    expect(placeOf('/nowhere/at/all/../x', [join(folder, 'a')])).toBeUndefined();
    expect(placeOf(join(folder, 'b/images/z.jpg'), [join(folder, 'a')])).toBe(join(folder, 'b/images/z.jpg'));
  });
});
