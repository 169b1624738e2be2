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
  it.each(['true', 'false'])('holds after 300 steps what it held after 20 (compile: %s)', async (compile) => {
    const args = ['--expose-gc', 'node_modules/jiti/lib/jiti-cli.mjs', 'test/engine/memoryRun.ts', join(folder, 'run'), compile];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [early, late, ...rest] = stdout.trim().split('\n').map((line) => JSON.parse(line) as Held);
    expect(rest).toEqual([]);
    expect(late!.tensors).toBe(early!.tensors);
    expect(late!.bytes).toBe(early!.bytes);
    expect(late!.rss / early!.rss).toBeLessThan(1.03);
  });
});
