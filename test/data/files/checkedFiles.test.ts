import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CheckedFiles, checkCacheOf } from '../../../src/data/files/checkedFiles.ts';

vi.mock('node:os', () => ({ homedir: vi.fn<() => string>() }));
afterEach(() => { vi.unstubAllEnvs(); });

describe('checkCacheOf', () => {
  it('is in $XDG_CACHE_HOME, else in the home, another file for each data set', () => {
    vi.stubEnv('XDG_CACHE_HOME', '/cache');
    expect(checkCacheOf('/data/a')).toMatch(/^\/cache\/mpvg\/checked\/[0-9a-f]{16}\.json$/);
    expect(checkCacheOf('/data/a/../b')).toBe(checkCacheOf('/data/b'));
    expect(checkCacheOf('/data/a')).not.toBe(checkCacheOf('/data/b'));
    vi.mocked(homedir).mockReturnValue('/home/someone');
    for (const none of ['', 'relative', undefined]) {
      vi.stubEnv('XDG_CACHE_HOME', none);
      expect(checkCacheOf('/data/a')).toMatch(/^\/home\/someone\/\.cache\/mpvg\/checked\//);
    }
  });

  it('is nowhere for a user without a home', () => {
    vi.stubEnv('XDG_CACHE_HOME', undefined);
    vi.mocked(homedir).mockReturnValue('');
    expect(checkCacheOf('/data')).toBeUndefined();
    vi.mocked(homedir).mockImplementation(() => { throw new Error('ENOENT: no such file or directory, uv_os_homedir'); });
    expect(checkCacheOf('/data')).toBeUndefined();
  });
});

describe('CheckedFiles', () => {
  it.skipIf(!existsSync('/proc/self'))('ends where its folder takes none, as /proc does (needs /proc)', async () => {
    const known = await CheckedFiles.open('/proc/mpvg/checked.json');
    known.remember('/photo.jpg', { bytes: 1, changedMs: 1 }, { width: 1, height: 1 });
    await known.save();
    expect(existsSync('/proc/mpvg')).toBe(false);
  });
});
