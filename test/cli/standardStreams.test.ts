import { EventEmitter } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tolerateClosedStreams } from '../../src/cli/standardStreams.ts';
import { startMpvg } from './mpvgProcess.ts';
import { writeTinyCifar } from './tinyCifar.ts';

class PlayedStream extends EventEmitter {
  text = '';
  write(text: string): boolean {
    this.text += text;
    return true;
  }

  fail(code: string): void {
    this.emit('error', Object.assign(new Error(code), { code }));
  }
}

function played(): { stdout: PlayedStream; stderr: PlayedStream; exits: number[] } {
  const streams = { stdout: new PlayedStream(), stderr: new PlayedStream(), exits: [] as number[] };
  tolerateClosedStreams({ ...streams, exit: (code) => streams.exits.push(code) });
  return streams;
}

describe('a closed stream', () => {
  it('of results ends the command quietly, whatever the system calls it', () => {
    for (const code of ['EPIPE', 'EIO']) {
      const { stdout, stderr, exits } = played();
      stdout.fail(code);
      expect([exits, stderr.text]).toEqual([[0], '']);
    }
  });

  it('of what is told ends nothing', () => {
    const { stderr, exits } = played();
    stderr.fail('EPIPE');
    stderr.fail('ENOSPC');
    expect(exits).toEqual([]);
  });

  it('is not a full disk, which is said', () => {
    const { stdout, stderr, exits } = played();
    stdout.fail('ENOSPC');
    expect([exits, stderr.text]).toEqual([[2], 'mpvg: standard output cannot be written: ENOSPC\n']);
  });
});

describe('a training whose standard error is closed', () => {
  let folder = '';
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-streams-')); });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('comes to its end, with its checkpoints and results', async () => {
    const config = writeTinyCifar(folder);
    const { child, ended } = startMpvg(['pretrain', config, '--threads', '1', '--set', 'schedule.epochs=1']);
    child.stderr!.once('data', () => child.stderr!.destroy());
    const { code, stdout } = await ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^trained 6 steps/)]);
    for (const name of ['last', 'best']) expect(existsSync(join(folder, 'run/checkpoints', name, 'state.json'))).toBe(true);
    expect(existsSync(join(folder, 'run/run.lock'))).toBe(false);
  }, 60_000);

  it('gives its lock back when nobody reads its results either', async () => {
    const config = join(folder, 'config.ts');
    const out = join(folder, 'unread');
    const { child, ended } = startMpvg(['pretrain', config, '--threads', '1', '--set', 'schedule.epochs=1', '--out', out]);
    child.stdout!.destroy();
    expect((await ended).code).toBe(0);
    expect(existsSync(join(out, 'checkpoints/last/state.json'))).toBe(true);
    expect(existsSync(join(out, 'run.lock'))).toBe(false);
  }, 60_000);
});
