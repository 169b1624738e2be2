import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDataYaml } from '../../../../src/data/coco/convert/dataYaml.ts';

let file = '';
beforeEach(() => { file = path.join(mkdtempSync(path.join(tmpdir(), 'mpvg-yaml-')), 'data.yaml'); });
afterEach(() => rmSync(path.dirname(file), { recursive: true }));

const read = async (text: string) => {
  writeFileSync(file, text);
  return readDataYaml(file);
};

describe('readDataYaml', () => {
  it('takes names as a list or by number, in whichever order', async () => {
    expect((await read('names: [cat, 7]')).names).toEqual(['cat', '7']);
    expect((await read('names: { 1: dog, 0: cat }')).names).toEqual(['cat', 'dog']);
    expect(await read('path: ../set\ntrain: images/train\nnames: [cat]')).toMatchObject({ root: '../set', splits: new Map([['train', 'images/train']]) });
  });

  it.each([
    ['names: []', 'got none'], ['train: x', 'got none'], ['names: { 1: cat, 2: dog }', 'got none for 0'], ['names: { 0: cat, 2: dog }', 'got none for 1'],
    ['names: [cat, [dog]]', 'got none for 1'],
  ])('refuses %s', async (text, message) => {
    await expect(read(text)).rejects.toThrow(new RegExp(`^readDataYaml: expected names of classes, .*, ${message}$`));
  });
});
