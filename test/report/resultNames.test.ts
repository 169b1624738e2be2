import { describe, expect, it } from 'vitest';
import { resultNames, withoutCommonFolder } from '../../src/report/resultNames.ts';

const endings = ['.png', '.labels.png'];

describe('resultNames', () => {
  it.each([
    ['a photo named like the results of another', ['a.jpg', 'a.labels.jpg'], ['a', 'a.labels-2']],
    ['the other way round', ['a.labels.jpg', 'a.jpg'], ['a.labels', 'a-2']],
    ['two kinds of file', ['a.jpg', 'a.png', 'a.tif'], ['a', 'a-2', 'a-3']],
    ['a number that is taken', ['a-2.jpg', 'a.jpg', 'a.png'], ['a-2', 'a', 'a-3']],
    ['upper case', ['a.jpg', 'A.JPG'], ['a', 'A-2']],
    ['composed and decomposed letters', ['caf\u00e9.jpg', 'cafe\u0301.jpg'], ['caf\u00e9', 'cafe\u0301-2']],
    ['folders', ['day/1.jpg', 'night/1.jpg', '1.jpg'], ['day/1', 'night/1', '1']],
    ['a folder named like a result', ['a.jpg', 'a.png/b.jpg'], ['a', 'a.png-2/b']],
    ['dots in names', ['a.b.jpg', 'a.c.jpg', '.hidden'], ['a.b', 'a.c', '.hidden']],
  ])('keeps apart: %s', (_case, photos, names) => {
    expect(resultNames(photos, endings)).toEqual(names);
  });
});

describe('withoutCommonFolder', () => {
  it('leaves what tells paths apart, with their folders', () => {
    expect(withoutCommonFolder(['/data/day/1.jpg', '/data/night/1.jpg'])).toEqual(['day/1.jpg', 'night/1.jpg']);
    expect(withoutCommonFolder(['/data/day/1.jpg', '/data/day/2.jpg'])).toEqual(['1.jpg', '2.jpg']);
    expect(withoutCommonFolder(['/data/1.jpg', '/data/day/1.jpg'])).toEqual(['1.jpg', 'day/1.jpg']);
    expect(withoutCommonFolder(['/data/1.jpg'])).toEqual(['1.jpg']);
  });
});
