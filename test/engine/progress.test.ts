import { describe, expect, it } from 'vitest';
import { formatDuration, Progress, type ProgressOptions } from '../../src/engine/progress.ts';

/** A clock that is set by hand and a stream that keeps what is written. */
function stage(isTTY: boolean, columns = 80): { clock: { ms: number }; written: string[]; options: ProgressOptions } {
  const clock = { ms: 5000 };
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  return { clock, written, options: { totalSteps: 100, stream, now: () => clock.ms } };
}

describe('Progress where there is no terminal', () => {
  it('writes the first step, then a line each ten seconds, then the last step', () => {
    const { clock, written, options } = stage(false);
    const progress = new Progress(options);
    for (let step = 1; step <= 100; step++) {
      clock.ms += 250;
      progress.update({ step, loss: 1 / step, images: 8, label: 'epoch 1/1' });
    }
    progress.finish();
    expect(written).toEqual([
      'epoch 1/1  step 1/100  loss 1.0000\n',
      'epoch 1/1  step 41/100  loss 0.0244  32.0 images/s  ETA 0:15\n',
      'epoch 1/1  step 81/100  loss 0.0123  32.0 images/s  ETA 0:05\n',
      'epoch 1/1  step 100/100  loss 0.0100  32.0 images/s  ETA 0:00\n',
    ]);
  });

  it('writes a line a minute once the run is ten minutes old', () => {
    const { clock, written, options } = stage(false);
    clock.ms = 300_000; // counted from its own beginning
    const progress = new Progress({ ...options, totalSteps: 10_000 });
    for (let step = 1; step <= 80; step++) {
      clock.ms += 10_000;
      progress.update({ step, loss: 1, images: 1 });
    }
    const steps = written.map((line) => Number(/step (\d+)/.exec(line)?.[1]));
    expect(steps).toEqual([...Array.from({ length: 59 }, (_, i) => i + 1), 65, 71, 77]);
  });
});

describe('Progress on a terminal', () => {
  it('keeps one line, ten times a second at most, and cuts it to the width', () => {
    const { clock, written, options } = stage(true, 20);
    const progress = new Progress(options);
    for (let step = 1; step <= 25; step++) {
      clock.ms += 10;
      progress.update({ step, loss: NaN, images: 1 });
    }
    expect(written).toEqual(['\r\x1b[Kstep 1/100  loss Na', '\r\x1b[Kstep 11/100  loss N', '\r\x1b[Kstep 21/100  loss N']);
    progress.finish();
    progress.finish();
    expect(written.slice(3)).toEqual(['\r\x1b[Kstep 25/100  loss N\n']);
  });

  it('takes a terminal that does not know its width for 80 columns', () => {
    const { written, options } = stage(true, 0);
    new Progress(options).update({ step: 1, loss: 2, images: 1 });
    expect(written).toEqual(['\r\x1b[Kstep 1/100  loss 2.0000']);
    const write = (text: string) => written.push(text);
    const update = { step: 1, loss: 2, images: 1, label: 'x'.repeat(100) };
    for (const stream of [{ isTTY: true, columns: 0, write }, { isTTY: true, write }]) {
      new Progress({ ...options, stream }).update(update);
      expect(written.at(-1)).toBe(`\r\x1b[K${'x'.repeat(79)}`);
    }
    new Progress({ ...options, stream: { isTTY: true, columns: 1, write } }).update(update);
    expect(written.at(-1)).toBe('\r\x1b[K');
  });

  it('puts messages above the line', () => {
    const { written, options } = stage(true);
    const progress = new Progress(options);
    progress.update({ step: 1, loss: 2, images: 1 });
    progress.message('saved');
    expect(written.at(-1)).toBe('\r\x1b[Ksaved\nstep 1/100  loss 2.0000');
  });
});

describe('rate and time left', () => {
  it('count neither the first step nor pauses in the rate, but pauses in the time left', () => {
    const { clock, written, options } = stage(false);
    const progress = new Progress({ ...options, totalSteps: 4 });
    clock.ms += 60_000; // compiling
    progress.update({ step: 1, loss: 1, images: 10 });
    clock.ms += 1000;
    progress.update({ step: 2, loss: 1, images: 10 });
    progress.pause();
    clock.ms += 18_000;
    progress.resume();
    clock.ms += 1000;
    progress.update({ step: 3, loss: 1, images: 10 });
    expect(written.at(-1)).toBe('step 3/4  loss 1.0000  10.0 images/s  ETA 0:10\n');
  });

  it('follow the last twenty seconds and only the steps of this process', () => {
    const { clock, written, options } = stage(false);
    const progress = new Progress({ ...options, totalSteps: 1060, doneSteps: 1000 });
    for (let step = 1001; step <= 1060; step++) {
      clock.ms += 1000;
      progress.update({ step, loss: 1, images: step <= 1030 ? 300 : 600 });
    }
    expect(written[0]).toBe('resuming after step 1000 of 1060\n');
    expect(written.find((line) => line.includes('step 1031/'))).toContain('315 images/s  ETA 0:29');
    expect(written.at(-1)).toContain('600 images/s  ETA 0:00');
    new Progress({ ...options, doneSteps: 1 });
    expect(written.at(-1)).toBe('resuming after step 1 of 100\n');
  });

  it('drop the oldest step once those after it are twenty seconds', () => {
    const { clock, written, options } = stage(true);
    const progress = new Progress({ ...options, totalSteps: 10_001 });
    const rateAfter = (seconds: number, images: number, step: number) => {
      clock.ms += seconds * 1000;
      progress.update({ step, loss: 1, images });
      return / {2}([\d.]+) images\/s/.exec(written.at(-1)!)?.[1];
    };
    expect(rateAfter(1, 1, 1)).toBeUndefined();
    expect(rateAfter(0.5, 4, 2)).toBe('8.00');
    expect(rateAfter(19, 191, 3)).toBe('10.0'); // 195 in 19.5 s
    expect(rateAfter(1, 1809, 4)).toBe('100'); // 2000 in 20 s: the first is out
    expect(rateAfter(18, 90, 5)).toBe('55.0'); // 2090 in 38 s, since without the first it would be 19
    expect(rateAfter(2, 10, 6)).toBe('90.9'); // 1909 in 21 s
  });

  it('tell hours to the second', () => {
    const { clock, written, options } = stage(false);
    const progress = new Progress({ ...options, totalSteps: 20_012 });
    for (let step = 1; step <= 12; step++) {
      clock.ms += 1000;
      progress.update({ step, loss: 1, images: 8 });
    }
    expect(written.at(-1)).toContain('step 11/20012  loss 1.0000  8.00 images/s  ETA 5:33:21');
  });

  it.each([[0, '0:00'], [59.6, '1:00'], [61, '1:01'], [3599, '59:59'], [3723, '1:02:03'], [360_000, '100:00:00'], [-1, '0:00']])(
    '%d seconds read %s',
    (seconds, text) => {
      expect(formatDuration(seconds)).toBe(text);
    },
  );
});
