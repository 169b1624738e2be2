import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dataFingerprint } from '../../src/data/dataFingerprint.ts';

let folder = '';
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-fingerprint-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const files = (root: string, ...names: string[]) => names.map((name, label) => ({ files: [join(folder, root, name)], label }));

it('is the same wherever the data lies, and another for other files, orders and labels', () => {
  for (const name of ['cat', 'dog']) {
    mkdirSync(join(folder, 'here', name), { recursive: true });
    writeFileSync(join(folder, 'here', name, '1.jpg'), name);
  }
  cpSync(join(folder, 'here'), join(folder, 'there'), { recursive: true });
  const here = dataFingerprint(files('here', 'cat/1.jpg', 'dog/1.jpg'));
  expect(here).toMatch(/^[0-9a-f]{8}$/);
  expect(dataFingerprint(files('there', 'cat/1.jpg', 'dog/1.jpg'))).toBe(here);
  expect(dataFingerprint(files('here', 'dog/1.jpg', 'cat/1.jpg'))).not.toBe(here);
  expect(dataFingerprint(files('here', 'cat/1.jpg'))).not.toBe(here);
  expect(dataFingerprint(files('here', 'cat/1.jpg', 'dog/1.jpg').map((sample) => ({ ...sample, label: 0 })))).not.toBe(here);
  writeFileSync(join(folder, 'there/dog/1.jpg'), 'another photo');
  expect(dataFingerprint(files('there', 'cat/1.jpg', 'dog/1.jpg'))).not.toBe(here);
});

it('says that a file is absent by another value, which is no fault of its own', () => {
  writeFileSync(join(folder, 'empty.jpg'), '');
  const [absent, again] = ['absent.jpg', 'absent.jpg'].map((name) => dataFingerprint(files('', name)));
  expect(absent).toBe(again);
  writeFileSync(join(folder, 'absent.jpg'), '');
  expect(dataFingerprint(files('', 'absent.jpg'))).not.toBe(absent);
});

it('sees maps of labelled photos, and pixels in memory', () => {
  writeFileSync(join(folder, 'a.png'), 'a');
  writeFileSync(join(folder, 'b.png'), 'bb');
  const labelled = (map: string) => dataFingerprint([{ files: [join(folder, 'a.png'), join(folder, map)] }]);
  expect(labelled('a.png')).not.toBe(labelled('b.png'));
  const whole = (root: string) => dataFingerprint([{ files: [join(root, 'photos/a.jpg'), join(root, 'maps/a.png')] }]);
  expect(whole(join(folder, 'here'))).toBe(whole(join(folder, 'there'))); // both are absent
  const pixels = (value: number) => dataFingerprint([{ pixels: Uint8Array.of(value, 0, 0) }]);
  expect(pixels(1)).not.toBe(pixels(2));
  expect(pixels(1)).toBe(pixels(1));
});
