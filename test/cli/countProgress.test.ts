import { describe, expect, it } from 'vitest';
import { CountProgress } from '../../src/cli/countProgress.ts';

function shown(isTTY: boolean, updates: readonly (readonly [ms: number, done: number])[]): string {
  let text = '';
  let time = 0;
  const stream = { write: (piece: string) => (text += piece), isTTY };
  const progress = new CountProgress({ unit: 'maps', total: 2000, stream, now: () => time });
  for (const [ms, done] of updates) {
    time = ms;
    progress.update(done);
  }
  progress.finish();
  return text;
}

describe('CountProgress', () => {
  it('keeps one line on a terminal up to date, and takes it away', () => {
    expect(shown(true, [[50, 1], [120, 2], [150, 3], [230, 1500]])).toBe('\r\x1b[K2 of 2,000 maps\r\x1b[K1,500 of 2,000 maps\r\x1b[K');
  });

  it('writes a line now and then elsewhere', () => {
    expect(shown(false, [[5000, 10], [11_000, 20], [12_000, 30], [21_000, 40]])).toBe('20 of 2,000 maps\n40 of 2,000 maps\n');
  });

  it('is silent about what is done at once', () => {
    expect(shown(true, [[90, 2000]])).toBe('');
  });
});
