import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkNewFile, writeCocoFile } from '../../../../src/data/coco/convert/writeCocoFile.ts';
import { ConfigError } from '../../../../src/errors.ts';

let folder = '';
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-coco-file-')); });
afterEach(() => rmSync(folder, { recursive: true }));

describe('checkNewFile', () => {
  it('wants a folder and nothing in it by that name, or a file that may go', async () => {
    await checkNewFile(join(folder, 'a.json'), false);
    await expect(checkNewFile(join(folder, 'absent/a.json'), false)).rejects.toThrow(ConfigError);
    mkdirSync(join(folder, 'b.json'));
    await expect(checkNewFile(join(folder, 'b.json'), true)).rejects.toThrow('which is a folder');
    writeFileSync(join(folder, 'c.json'), '');
    await checkNewFile(join(folder, 'c.json'), true);
    await expect(checkNewFile(join(folder, 'c.json'), false)).rejects.toThrow('which is there; --overwrite replaces it');
    await expect(checkNewFile('/dev/null', true)).rejects.toThrow('which is no file');
  });
});

describe('writeCocoFile', () => {
  it('writes what JSON.parse reads, in pieces of a mebibyte, and leaves nothing of a writing that failed', async () => {
    const file = join(folder, 'a.json');
    const images = Array.from({ length: 30 }, (_, id) => ({ id, width: 1, height: 1, file_name: `${'x'.repeat(100_000)}${id}` }));
    const content = { info: { year: 1 }, images, annotations: [{ id: 1, image_id: 2 }], categories: [] };
    let pieces = 0;
    await writeCocoFile(file, content, () => pieces++);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...content, licenses: [] });
    expect(pieces).toBe(2);
    const before = readFileSync(file);
    await expect(writeCocoFile(file, content, () => { throw new ConfigError('stopped'); })).rejects.toThrow('stopped');
    expect(readFileSync(file).equals(before)).toBe(true);
    await writeCocoFile(file, {});
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ info: {}, licenses: [], images: [], annotations: [], categories: [] });
    expect(readdirSync(folder)).toEqual(['a.json']);
    writeFileSync(`${file}.partial`, '');
    await expect(writeCocoFile(file, {})).rejects.toThrow(ConfigError);
  });
});
