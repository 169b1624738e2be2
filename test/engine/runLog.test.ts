import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRunLog, RunLog } from '../../src/engine/runLog.ts';

let folder = '';
let log: RunLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-log-'));
  log = new RunLog(join(folder, 'log.jsonl'));
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});

describe('RunLog', () => {
  it('has each line in the file before the next is written', () => {
    log.append({ event: 'train', step: 1, loss: 2.5 });
    expect(readFileSync(log.path, 'utf8')).toBe('{"event":"train","step":1,"loss":2.5}\n');
    log.append({ event: 'train', step: 2, loss: NaN, best: -Infinity });
    log.sync();
    expect(readRunLog(log.path)).toEqual([
      { event: 'train', step: 1, loss: 2.5 },
      { event: 'train', step: 2, loss: 'NaN', best: '-Infinity' },
    ]);
  });

  it('goes on after a resume as if nothing had happened', () => {
    const line = (event: string, step: number): { event: string; step: number } => ({ event, step });
    const uninterrupted = [line('start', 0), line('train', 1), line('train', 2), line('evaluate', 2), line('train', 3), line('train', 4)];
    for (const event of uninterrupted.slice(0, 5)) log.append(event);
    log.close();
    appendFileSync(log.path, '{"event":"train","st'); // killed in the midst of a line
    log = new RunLog(log.path);
    log.truncateAfter(2, { isEvaluated: true });
    for (const event of uninterrupted.slice(4)) log.append(event);
    expect(readRunLog(log.path)).toEqual(uninterrupted);
    expect(readFileSync(log.path, 'utf8').endsWith('"step":4}\n')).toBe(true);
  });

  it('loses the evaluation that the checkpoint of its step does not know, and keeps the one that it knows', () => {
    const [train, evaluate] = [{ event: 'train', step: 2 }, { event: 'evaluate', step: 2 }];
    for (const event of [{ event: 'evaluate', step: 1 }, train, evaluate]) log.append(event);
    log.truncateAfter(2, { isEvaluated: true });
    expect(readRunLog(log.path)).toHaveLength(3);
    log.truncateAfter(2, { isEvaluated: false });
    expect(readRunLog(log.path)).toEqual([{ event: 'evaluate', step: 1 }, train]);
  });

  it('is emptied when a run starts over, and keeps all when nothing is later', () => {
    log.append({ event: 'start', step: 0, 'π': 'é' });
    log.truncateAfter(0, { isEvaluated: false });
    expect(readRunLog(log.path)).toHaveLength(1);
    log.truncateAfter(-1, { isEvaluated: false });
    expect(readFileSync(log.path, 'utf8')).toBe('');
    log.append({ event: 'start', step: 0 });
    expect(readFileSync(log.path, 'utf8')).toBe('{"event":"start","step":0}\n');
  });

  it('of a run that never logged is empty', () => {
    expect(readRunLog(join(folder, 'absent.jsonl'))).toEqual([]);
    log.truncateAfter(3, { isEvaluated: true });
    expect(readFileSync(log.path, 'utf8')).toBe('');
  });

  it('passes over what is no event', () => {
    const lines = ['7', 'null', '[]', '{"event":"train"}', '{"step":1}', '{"event":1,"step":1}', '{"event":"train","step":"1"}', ''];
    appendFileSync(log.path, [...lines, '{"event":"train","step":1}', '{"event":"cut'].join('\n'));
    expect(readRunLog(log.path)).toEqual([{ event: 'train', step: 1 }]);
    log.truncateAfter(9, { isEvaluated: true });
    expect(readFileSync(log.path, 'utf8')).toBe('');
  });

  it.skipIf(!existsSync('/proc/self/fd'))('leaves no file open, and opens it again (needs /proc/self/fd)', () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    log.close();
    log.append({ event: 'train', step: 1 });
    log.sync();
    expect(open()).toBe(before + 1);
    log.close();
    log.close();
    expect(open()).toBe(before);
    log.append({ event: 'train', step: 2 });
    expect(readRunLog(log.path)).toHaveLength(2);
  });
});

describe.skipIf(!existsSync('/dev/full'))('a log on a full device (needs /dev/full)', () => {
  it('says so in one line', () => {
    const full = new RunLog('/dev/full');
    expect(() => full.append({ event: 'train', step: 1 })).toThrow(/^cannot write \/dev\/full: no space left on device; the lines before/);
    full.close();
  });
});
