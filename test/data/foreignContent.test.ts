import { describe, expect, it } from 'vitest';
import { foreignContent } from '../../src/data/foreignContent.ts';

describe('foreignContent', () => {
  it.each([
    ['', 'an empty file; copy or download it anew'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', 'a git-lfs pointer, which stands for the file; fetch the file itself with git lfs pull'],
    ['<!DOCTYPE html>\n<html>', 'a web page, which a server sent in its place; download the file anew'],
    ['\ufeff\n  <HTML lang="en">', 'a web page, which a server sent in its place; download the file anew'],
  ])('recognises %j', (text, what) => {
    expect(foreignContent(Buffer.from(text))).toBe(what);
  });

  it('recognises zeros, but not a few of them', () => {
    expect(foreignContent(new Uint8Array(256))).toBe('nothing but zeros, as a copy that was stopped leaves; copy the file anew');
    expect(foreignContent(new Uint8Array(64))).toBeDefined();
    expect(foreignContent(new Uint8Array(63))).toBeUndefined();
    expect(foreignContent(Uint8Array.of(...new Uint8Array(255), 1))).toBeUndefined();
  });

  it.each(['{"images": []}', '<svg xmlns="http://www.w3.org/2000/svg"/>', '<annotation>', 'version 1', '\xff\xd8\xff'])('leaves %j alone', (text) => {
    expect(foreignContent(Buffer.from(text, 'latin1'))).toBeUndefined();
  });
});
