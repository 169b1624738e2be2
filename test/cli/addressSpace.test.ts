import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hasTooFewAddresses, wasmPages } from '../../src/cli/addressSpace.ts';
import { addressLimit } from '../../src/data/addressesLeft.ts';
import { captureCli } from './captureCli.ts';

const root = path.join(import.meta.dirname, '../..');
const program = path.join(root, 'dist/cli/main.js');
const cli = captureCli();

/** Runs the compiled program in a process that may have so many KiB of addresses. */
async function runUnder(kibibytes: number, ...args: string[]) {
  const command = ['-c', `ulimit -v ${kibibytes}; exec "$@"`, 'bash', process.execPath, program, ...args];
  return promisify(execFile)('bash', command).then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { readonly code: number; readonly stdout: string; readonly stderr: string });
}

describe.skipIf(process.platform !== 'linux')('a limit on addresses', () => {
  it('leaves the numbers of an evaluation as they are', async () => {
    const box = { image_id: 1, category_id: 1, bbox: [10, 10, 40, 40] };
    await writeFile(path.join(cli.dir, 'gt.json'), JSON.stringify({
      images: [{ id: 1, width: 100, height: 100, file_name: 'a.jpg' }], categories: [{ id: 1, name: 'cat' }],
      annotations: [{ ...box, id: 1, area: 1600, iscrowd: 0 }],
    }));
    await writeFile(path.join(cli.dir, 'dt.json'), JSON.stringify([{ ...box, score: 0.5 }]));
    const { code, stdout, stderr } =
      await runUnder(4_000_000, 'evaluate', 'coco', '--gt', `${cli.dir}/gt.json`, '--dt', `${cli.dir}/dt.json`);
    expect(stderr).toMatch(/^1 detections, 1 objects: \d+\.\d\d s\n$/);
    expect(stdout.split('\n')[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000');
    expect(code).toBe(0);
  });

  it.each([4_500_000, 16_000_000])('leaves room to train in: %i KiB', async (kibibytes) => {
    const args = ['--out', `${cli.dir}/run`, '--set', 'schedule.epochs=1', '--data', path.join(root, 'samples'), '--no-check-data'];
    const { code, stdout } = await runUnder(kibibytes, 'pretrain', path.join(root, 'configs/quickstart/pretrain.ts'), ...args);
    expect([code, stdout]).toEqual([0, expect.stringContaining('best top-1')]);
  }, 60_000);

  it('is said in one line where it leaves none for a worker', async () => {
    const args = ['--out', `${cli.dir}/run`, '--set', 'schedule.epochs=1', '--set', 'workers=8', '--data', path.join(root, 'samples')];
    const { code, stderr } = await runUnder(4_500_000, 'pretrain', path.join(root, 'configs/quickstart/pretrain.ts'), ...args);
    expect(stderr).toMatch(/mpvg: WorkerPool: expected 8 worker threads, got \d: the limit on addresses \(ulimit -v\) leaves no more; lower workers, 0 takes no thread\n$/);
    expect(code).toBe(2);
  }, 60_000);

  it('gives the exit code of what it started', async () => {
    const { code, stderr } = await runUnder(4_000_000, 'coco', 'stats', `${cli.dir}/none.json`);
    expect(stderr).toMatch(/^mpvg: CocoDataset\.open: [^\n]*: no such file or directory\n$/);
    expect(code).toBe(2);
  });
});

it('is looked for in the table of limits', () => {
  const line = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units     \nMax address space         ${soft.padEnd(20)} unlimited            bytes     \n`;
  expect(addressLimit(line('unlimited'))).toBe(Infinity);
  expect(addressLimit(line('4096000000'))).toBe(4_096_000_000);
  expect(addressLimit('')).toBe(Infinity);
  expect([hasTooFewAddresses(Infinity), hasTooFewAddresses(4_096_000_000)]).toEqual([false, true]);
});

it('leaves a part of the addresses to each WebAssembly memory', () => {
  expect(wasmPages(2 ** 32, 'evaluate')).toBe(8192);
  expect(wasmPages(2 ** 32, 'pretrain')).toBe(2048);
  expect(wasmPages(2 ** 45, 'coco')).toBe(65_536); // all that there can be
});
