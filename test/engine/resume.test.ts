// The command in processes of its own, stopped by real signals: what it goes on to must be, bit for bit, what it would have
// come to.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRunLog } from '../../src/engine/runLog.ts';
import { runMpvg, startMpvg } from '../cli/mpvgProcess.ts';
import { writeTinyCifar } from '../cli/tinyCifar.ts';
import { untimedLog } from './untimedLog.ts';

let folder = '';
let config = '';
/** What the uninterrupted run came to. */
let expected = '';

const arguments_ = (out: string) => ['pretrain', config, '--out', join(folder, out), '--threads', '1'];
const log = (out: string) => readRunLog(join(folder, out, 'log.jsonl'));
const result = (out: string): string => {
  const weights = ['model', 'ema', 'optimizer'].map((part) => readFileSync(join(folder, out, 'checkpoints/last', `${part}.safetensors`), 'hex'));
  return JSON.stringify([weights, untimedLog(join(folder, out, 'log.jsonl'))]);
};

/** Starts a run, sends a signal once it has logged this many steps, and waits for its end. */
async function interrupted(out: string, signal: NodeJS.Signals, steps: number, ...more: string[]) {
  const { child, ended } = startMpvg([...arguments_(out), ...more]);
  while (child.exitCode === null && (log(out).at(-1)?.step ?? 0) < steps) await sleep(2);
  child.kill(signal);
  return ended;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-resume-'));
  config = writeTinyCifar(folder);
  const { code, stderr } = await runMpvg(...arguments_('whole'));
  expect([code, stderr]).toEqual([0, expect.stringContaining('step 60/60')]);
  expected = result('whole');
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a run of its own process', () => {
  it('gives the same weights from the same seed', async () => {
    expect((await runMpvg(...arguments_('again'))).code).toBe(0);
    expect(result('again')).toBe(expected);
  }, 60_000);

  it('stopped with Ctrl-C in an epoch, saves, says how to go on, and does', async () => {
    const { code, stderr } = await interrupted('stopped', 'SIGINT', 9);
    expect(code).toBe(130);
    const step = Number(/stopped after step (\d+) of 60/.exec(stderr)?.[1]);
    expect(step).toBeGreaterThanOrEqual(9);
    expect(log('stopped').at(-1)!.step).toBe(step);
    expect(stderr).toMatch(/go on with: npx mpvg pretrain .* --resume\n$/);
    expect((await runMpvg(...arguments_('stopped'), '--resume')).code).toBe(0);
    expect(result('stopped')).toBe(expected);
  }, 60_000);

  it('killed between the line of an evaluation and its checkpoint, has that line once', async () => {
    expect((await interrupted('between', 'SIGTERM', 2)).code).toBe(143);
    expect(log('between').some(({ event }) => event === 'evaluate')).toBe(false);
    // The curve is drawn between the two, and nobody reads this pipe: the process stays there.
    const curve = join(folder, 'between/curve.svg');
    execFileSync('mkfifo', [curve]);
    const { child, ended } = startMpvg([...arguments_('between'), '--resume']);
    while (child.exitCode === null && log('between').at(-1)?.event !== 'evaluate') await sleep(2);
    child.kill('SIGKILL');
    expect((await ended).code).toBeNull();
    rmSync(curve);
    expect(log('between').at(-1)).toMatchObject({ event: 'evaluate', step: 12 });
    expect((await runMpvg(...arguments_('between'), '--resume')).code).toBe(0);
    expect(result('between')).toBe(expected);
  }, 60_000);

  it('killed, again and again, wherever it is, goes on from its last checkpoint', async () => {
    for (const steps of [2, 11, 27]) {
      expect((await interrupted('killed', 'SIGKILL', steps, '--resume')).code).toBeNull();
    }
    const { code, stderr } = await runMpvg(...arguments_('killed'), '--resume');
    expect(code).toBe(0);
    expect(stderr).toContain('resuming after step');
    expect(result('killed')).toBe(expected);
  }, 90_000);
});
