import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMpvg } from '../cli/mpvgProcess.ts';

let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-example-')); });
afterAll(() => rmSync(folder, { recursive: true }));

describe('examples/rotation.ts, a task that no command knows', () => {
  it('trains, goes on where it was, and says what it does not have', async () => {
    const out = join(folder, 'run');
    const train = async (...args: string[]) => runMpvg('train', 'examples/rotation.ts', '--out', out, '--threads', '1', ...args);
    const first = await train('--set', 'epochs=1');
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('rotation with 151,236 parameters, photos in four ways\n')]);
    expect(first.stdout).toMatch(/^trained 4 steps in 0:\d\d\nbest right +\d+\.\d\d %, after epoch 1\n/);
    const { code, stderr } = await train('--set', 'epochs=2', '--resume');
    expect([code, stderr]).toEqual([0, expect.stringContaining('began with: epochs: 1 -> 2\nresuming after step 4 of 8\n')]);
    expect(readFileSync(join(out, 'curve.svg'), 'utf8')).toContain('right');
    const params = await runMpvg('params', 'examples/rotation.ts');
    expect([params.code, params.stderr]).toEqual([2, "mpvg: count: task 'rotation' has none; add it to the experiment that its recipe opens\n"]);
    const misspelt = await train('--set', 'epoch=2');
    expect([misspelt.code, misspelt.stderr]).toEqual([2, expect.stringMatching(/^mpvg: --set: expected one of the keys .* did you mean epochs\?\n$/)]);
  }, 60_000);
});
