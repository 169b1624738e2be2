import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findClassNames, readClassNames } from '../../../../src/data/coco/convert/classNames.ts';
import { photosOfSplit, readDataYaml } from '../../../../src/data/coco/convert/dataYaml.ts';
import { ConfigError, DataError } from '../../../../src/errors.ts';

let dir = '';
beforeEach(async () => { dir = await mkdtemp(path.join(tmpdir(), 'mpvg-names-')); });
afterEach(() => rm(dir, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const at = path.join(dir, name);
  await mkdir(path.dirname(at), { recursive: true });
  await writeFile(at, content);
  return at;
}

describe('readClassNames', () => {
  it.each<[string, string, string[]]>([
    ['classes.txt', 'cat\r\nbig dog\r\n犬\r\n\r\n', ['cat', 'big dog', '犬']],
    ['classes.txt', '\ufeffcat', ['cat']],
    ['data.yaml', "names: ['cat', big dog, \"犬\"]", ['cat', 'big dog', '犬']],
    ['data.yml', 'nc: 2\nnames:\n  - cat # the first\n  - 7\n', ['cat', '7']],
    ['DATA.YAML', 'names:\n  1: dog\n  0: cat\n', ['cat', 'dog']],
  ])('reads %s: %j', async (name, content, names) => expect(await readClassNames(await file(name, content))).toEqual(names));

  it.each<[string, string, RegExp]>([
    ['classes.txt', 'cat\n\ndog\n', /expected the name of a class at line 2 of .*classes\.txt, got an empty line/],
    ['classes.txt', '', /at line 1 of .*classes\.txt, got an empty line/],
    ['classes.txt', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n', /expected a file of names of classes, got .*classes\.txt: a git-lfs pointer, .* git lfs pull$/],
    ['data.yaml', '<!DOCTYPE html><html></html>', /data\.yaml: a web page, which a server sent in its place; download the file anew$/],
    ['data.yaml', 'nc: 2', /expected names of classes, .* in .*data\.yaml, got none$/],
    ['data.yaml', '', /got none$/],
    ['data.yaml', 'names: {0: cat, 2: dog}', /got none for 1$/],
    ['data.yaml', 'names: [cat, [dog]]', /got none for 1$/],
    ['data.yaml', 'names: [cat', /expected YAML in .*data\.yaml, got: .*line 1/],
    ['data.yaml', 'names: [person]\nkpt_shape: [17, 3]', /expected labels of boxes or outlines, got keypoints/],
  ])('says what is wrong with %s: %j', async (name, content, message) => {
    const at = await file(name, content);
    await expect(readClassNames(at)).rejects.toThrow(DataError);
    await expect(readClassNames(at)).rejects.toThrow(message);
  });

  it('says that a file is not there', async () => {
    await expect(readClassNames(path.join(dir, 'classes.txt'))).rejects.toThrow(/expected a file of names of classes, got .*: no such file/);
  });
});

describe('findClassNames', () => {
  it('looks up to two folders above, the nearest first', async () => {
    await mkdir(path.join(dir, 'images/train'), { recursive: true });
    expect(() => findClassNames(path.join(dir, 'images/train'))).toThrow(/expected one of data\.yaml, .* got none; name the file with --names/);
    const far = await file('data.yaml', '');
    expect(findClassNames(path.join(dir, 'images/train'))).toBe(far);
    const near = await file('images/classes.txt', '');
    expect(findClassNames(path.join(dir, 'images/train'))).toBe(near);
  });
});

describe('photosOfSplit', () => {
  const split = async (yaml: string, name?: string) => photosOfSplit(await readDataYaml(await file('set/data.yaml', `${yaml}\nnames: [cat]`)), name);
  beforeEach(() => file('set/images/val/a.jpg', ''));

  it.each([
    ['val: images/val', 'val'], ['val: images/val', undefined], ['path: .\ntrain: images/train\nval: images/val', 'val'],
    ['path: /elsewhere/set\nval: images/val', 'val'], ['val: ../images/val', 'val'], ['path: images\nval: val\ntest:', undefined],
  ])('finds the photos of %j for %s', async (yaml, name) => expect(await split(yaml, name)).toEqual([path.join(dir, 'set/images/val')]));

  it('finds lists of folders and of photos, also with paths of other machines', async () => {
    const list = await file('set/lists/val.txt', 'images/val/a.jpg\n');
    expect(await split('val: [images/val, lists/val.txt]', 'val')).toEqual([path.join(dir, 'set/images/val'), list]);
    expect(await split('val: /content/drive/set/images/val', 'val')).toEqual([path.join(dir, 'set/images/val')]);
    expect(await split('val: ..\\images\\val', 'val')).toEqual([path.join(dir, 'set/images/val')]);
  });

  it.each<[string, string | undefined, new () => Error, RegExp]>([
    ['train: a\nval: b', undefined, ConfigError, /expected one of train, val, which .*data\.yaml has, for --split, got none/],
    ['train: a', 'val', ConfigError, /expected one of train, .* got val/],
    ['', 'val', ConfigError, /expected one of no splits/],
    ['val: images/none', 'val', DataError, /expected folders of photos, or text files that list them, for val in .*data\.yaml, got "images\/none"; convert the folder/],
    ['val: [images/val, none]', 'val', DataError, /, got "none"; convert/],
    ['val: 3', 'val', DataError, /, got 3; convert/],
  ])('says what is wrong with %j for %s', async (yaml, name, kind, message) => {
    await expect(split(yaml, name)).rejects.toThrow(kind);
    await expect(split(yaml, name)).rejects.toThrow(message);
  });
});
