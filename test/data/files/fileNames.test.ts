import { describe, expect, it } from 'vitest';
import { isNamedLikeFile, isPassedBy, photosAmong } from '../../../src/data/files/fileNames.ts';

describe('photosAmong', () => {
  it('takes photos in any case and leaves other files', () => {
    expect(photosAmong(['a.JPG', 'b.txt', 'c/d.png', 'e'], '/data', 'open')).toEqual(['a.JPG', 'c/d.png']);
  });

  it('names a photo that cannot be decoded, and how many more there are', () => {
    const refusal = (...names: string[]) => {
      try {
        return photosAmong(names, '/data', 'open');
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refusal('a.jpg', 'b.bmp')).toMatch(/^open: expected photos \(\.jpg .*\), got \/data\/b\.bmp; convert them, to PNG for example, or remove them$/);
    expect(refusal('x.HEIC', 'b.bmp')).toContain('got /data/x.HEIC and 1 more; ');
    expect(refusal('x.heic', 'b.bmp', 'c.ppm')).toContain('got /data/x.heic and 2 more; ');
  });
});

describe('names', () => {
  it('of what systems leave, and of files', () => {
    expect(['.DS_Store', '._a.jpg', 'Thumbs.db', 'a.jpg', 'thumbs.db.jpg'].map(isPassedBy)).toEqual([true, true, true, false, false]);
    expect(['a.jpg', 'a.BMP', 'a.txt', 'a.json', 'a', 'a.b'].map(isNamedLikeFile)).toEqual([true, true, true, true, false, false]);
  });
});
