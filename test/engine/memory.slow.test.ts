import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Held {
  readonly tensors: number;
  readonly bytes: number;
  readonly rss: number;
}

describe('training', () => {
  // Eager steps make so many small JavaScript objects that V8 lets its heap grow for some hundred steps more.
  it.each([['true', 1.03], ['false', 1.1]])('holds after 300 steps what it held after 20 (compile: %s)', async (compile, limit) => {
    const args = ['--expose-gc', 'node_modules/jiti/lib/jiti-cli.mjs', 'test/engine/memoryRun.ts', join(folder, 'run'), compile];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [early, late, ...rest] = stdout.trim().split('\n').map((line) => JSON.parse(line) as Held);
    expect(rest).toEqual([]);
    expect(late!.tensors).toBe(early!.tensors);
    expect(late!.bytes).toBe(early!.bytes);
    expect(late!.rss / early!.rss).toBeLessThan(limit);
  });
});
