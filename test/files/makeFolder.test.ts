import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/files/makeFolder.ts';
import { systemCode } from '../../src/files/systemReason.ts';
import { explainReadError, explainWriteError } from '../../src/files/writeError.ts';

let folder = '';
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-make-')); });
afterEach(() => rmSync(folder, { recursive: true }));

describe('makeFolder', () => {
  it('makes a folder with its parents, and says which one is the topmost', async () => {
    expect(await makeFolder(join(folder, 'a/b/c'))).toBe(join(folder, 'a'));
    expect(statSync(join(folder, 'a/b/c')).isDirectory()).toBe(true);
    expect(await makeFolder(join(folder, 'a/b/c'))).toBeUndefined();
    expect(await makeFolder(join(folder, 'a/b/d'))).toBe(join(folder, 'a/b/d'));
  });

  it('follows links to folders', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    await makeFolder(join(folder, 'link/a'));
    expect(existsSync(join(folder, 'real/a'))).toBe(true);
  });

  it('lets many make the same one at a time', async () => {
    await Promise.all(Array.from({ length: 8 }, async () => makeFolder(join(folder, 'x/y'))));
    expect(statSync(join(folder, 'x/y')).isDirectory()).toBe(true);
  });

  it('names what is in the way', async () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('/nowhere/to/be/found', join(folder, 'dangling'));
    await expect(makeFolder(join(folder, 'file'))).rejects.toThrow(`cannot write ${join(folder, 'file')}: it is a file, not a directory`);
    await expect(makeFolder(join(folder, 'file/a/b'))).rejects.toThrow(`${join(folder, 'file')} is a file, not a directory`);
    await expect(makeFolder(join(folder, 'dangling/a'))).rejects.toThrow(`${join(folder, 'dangling')} is a link to /nowhere/to/be/found, which is not there`);
  });

  it.skipIf(!existsSync('/proc/self'))('ends where a folder is there and takes none (needs /proc)', async () => {
    const error: unknown = await makeFolder('/proc/mpvg/run').catch((reason: unknown) => reason);
    expect(systemCode(error)).toBe('ENOENT');
    expect(String(explainWriteError(error, '/proc/mpvg/run', 'nothing was written'))).toContain(
      'cannot write /proc/mpvg/run: there is no such place, and none can be made there; nothing was written');
  });
});

describe('explainWriteError', () => {
  const failed = (code: string) => Object.assign(new Error(code), { code });

  it("has a word for every refusal of the system's, and leaves other errors as they are", () => {
    const said = (code: string) => String(explainWriteError(failed(code), '/x', 'nothing was written'));
    expect(said('EROFS')).toContain('cannot write /x: the file system is read-only; nothing was written');
    expect(said('ENOSPC')).toContain('no space left on device; nothing was written; free some space or write elsewhere');
    expect(said('EBUSY')).toContain('cannot write /x: resource busy or locked; nothing was written');
    for (const error of [failed('ERR_INVALID_ARG_VALUE'), new Error('none')]) expect(explainWriteError(error, '/x', '')).toBe(error);
  });

  it('says the same of what cannot be read', () => {
    expect(String(explainReadError(failed('ENOENT'), '/x'))).toContain('cannot read /x: no such file or directory');
    expect(String(explainReadError(failed('EACCES'), '/x'))).toContain('cannot read /x: permission denied');
  });
});
