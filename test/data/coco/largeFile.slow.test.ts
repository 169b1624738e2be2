// Files that are longer than a string can be (512 MB) and than one read can be (2 GiB).

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLargeFile } from './largeFile.ts';

interface Report {
  readonly images: number;
  readonly annotations: number;
  readonly findings: unknown;
  readonly lastId: number;
  readonly peakBytes: number;
}

describe('files of more than a gigabyte', () => {
  let folder: string;
  let script: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coco-large-'));
    script = path.join(folder, 'out', 'largeFileRun.mjs');
    await build({
      entryPoints: [path.join(import.meta.dirname, 'largeFileRun.ts')], bundle: true, splitting: true, platform: 'node', format: 'esm',
      packages: 'external', outdir: path.dirname(script), outExtension: { '.js': '.mjs' },
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([1.2e9, 2.2e9])('are read and validated in 2.5 times their size: %i bytes', async (bytes) => {
    const file = path.join(folder, 'large.json');
    const written = await writeLargeFile(file, bytes);
    const { stdout } = await promisify(execFile)(process.execPath, [script, file]);
    await rm(file);
    console.log(`${written.bytes} bytes: ${stdout}`);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ images: 10_000, annotations: written.annotations, findings: written.faults });
    expect(report.lastId).toBe(written.annotations);
    expect(report.peakBytes).toBeLessThan(2.5 * written.bytes);
  });
});
