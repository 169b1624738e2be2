import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { photosOfAnnotations } from '../../../../src/data/coco/convert/vocPhotos.ts';

let folder = '';
beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'mpvg-voc-photos-')); });
afterEach(() => rmSync(folder, { recursive: true }));

/** Names of photos for annotations, where these photos are there. */
async function namesOf(photos: readonly string[], claims: readonly (readonly [xml: string, fileName?: string])[]) {
  for (const name of photos) {
    mkdirSync(path.join(folder, 'JPEGImages', path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, 'JPEGImages', name), '');
  }
  const notes = new Map<string, number>();
  const told = claims.map(([xml, fileName]) => ({ xml, fileName }));
  const found = await photosOfAnnotations(folder, path.join(folder, 'Annotations'), told, notes);
  return { names: found.map(({ name }) => name), isThere: found.map(({ file }) => file !== undefined), notes: [...notes] };
}

it('takes the photo of <filename> in the folder of the XML file before another of that name', async () => {
  expect(await namesOf(['x.jpg', 'sub/x.jpg', 'a.jpg'], [['sub/b.xml', 'x.jpg'], ['c.xml', 'x.jpg'], ['a.xml', 'x.jpg']])).toEqual({
    names: ['sub/x.jpg', 'x.jpg', 'a.jpg'], isThere: [true, true, true],
    notes: [['photos named after the file that is there, not after <filename>, such as x.jpg became sub/x.jpg', 2]],
  });
});

it('names photos after <filename> where that is usable, else after the XML file, and says so', async () => {
  const { names, isThere, notes } = await namesOf(['a.jpg'], [['a.xml', 'a.jpg'], ['b.xml', 'b.png'], ['c.xml', 'n.png'], ['d.xml', 'n.png'], ['e.xml']]);
  expect(names).toEqual(['a.jpg', 'b.png', 'c.png', 'd.png', 'e.jpg']);
  expect(isThere).toEqual([true, false, false, false, false]);
  expect(notes).toEqual([
    ['photos named after their XML file, as neither <filename> nor a file names them, such as n.png became c.png', 3],
    [`photos that are not in ${path.join(folder, 'JPEGImages')}, named after <filename>, such as b.png`, 1],
  ]);
});
