import { describe, expect, it } from 'vitest';
import { photoIds } from '../../../../src/data/coco/convert/photoFiles.ts';

describe('photoIds', () => {
  it.each([
    [['a/000139.jpg', 'b/7.png'], [139, 7]],
    [['000000000139.jpg', 'x.jpg'], [1, 2]],
    [['1.jpg', '01.png'], [1, 2]], // the same number twice
    [['0.jpg', '5.jpg'], [1, 2]], // 0 is no id
    [['999999999999999.jpg'], [999_999_999_999_999]],
    [['1000000000000000.jpg'], [1]], // more digits than are exact
    [['-4.jpg', '1.5.jpg'], [1, 2]],
  ])('of %j are %j', (names, ids) => expect(photoIds(names)).toEqual(ids));
});
