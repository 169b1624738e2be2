// The addon's sources as CUDA sources. No GPU is needed, and none is used: what they compute there is not tested here.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const hasNvcc = spawnSync('nvcc', ['--version']).status === 0;

describe.skipIf(!hasNvcc)('the addon as CUDA sources (needs nvcc)', () => {
  it('compiles every file with nvcc', () => {
    const { status, stdout } = spawnSync('node', ['scripts/check-cuda.mjs'], { cwd: root, encoding: 'utf8' });
    expect(stdout).toMatch(/(\d+) of \1 sources compile with nvcc/);
    expect(status).toBe(0);
  });

  it('names a file that does not', () => {
    const { status, stdout } = spawnSync('node', ['scripts/check-cuda.mjs', 'test/native/broken.cc'], { cwd: root, encoding: 'utf8' });
    expect(stdout).toContain('✗ test/native/broken.cc');
    expect(stdout).toContain('0 of 1 sources compile with nvcc');
    expect(status).toBe(1);
  });
});
