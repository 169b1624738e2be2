// The kernel's numbers: assembly/decimal.ts.

import { describe, expect, it } from 'vitest';
import { AnnotationColumns } from '../../../src/data/coco/annotationColumns.ts';
import { sharedRecordKernel } from '../../../src/data/coco/recordKernel.ts';
import { Rng } from '../../../src/random/rng.ts';

const columns = new AnnotationColumns(1);

/** NaN for one that the kernel leaves to others. */
function read(text: string): number {
  const bytes = new TextEncoder().encode(`[{"score":${text}}]\0`);
  const kernel = sharedRecordKernel();
  kernel.clear();
  columns.count = 0;
  return kernel.scan(bytes, 1, bytes.length - 1, columns) === undefined ? NaN : columns.scores[0]!;
}

describe('numbers in the kernel', () => {
  it('gives the nearest double of 16 and 17 digits with the point anywhere, and says where it cannot tell', () => {
    const rng = new Rng(11);
    let unsure = 0;
    for (let i = 0; i < 100_000; i++) {
      const digits = `${1 + rng.integer(9)}${String(rng.integer(1e8)).padStart(8, '0')}${String(rng.integer(1e8)).padStart(8, '0')}`
        .slice(0, 10 + rng.integer(8));
      const decimals = rng.integer(23);
      const padded = digits.padStart(decimals + 1, '0');
      const text = decimals === 0 ? digits : `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
      const value = read(text);
      if (Number.isNaN(value)) unsure++;
      else if (value !== Number(text)) throw new Error(`${text} became ${value}`);
    }
    expect(unsure).toBeLessThan(500); // whole numbers above 2^53 are often halfway
  });

  it('gives back the doubles that were written with all their digits', () => {
    const rng = new Rng(12);
    for (let i = 0; i < 50_000; i++) {
      const text = String(rng.uniform(0, 10 ** rng.integer(7)));
      if (text.includes('e')) continue;
      const value = read(text);
      if (!Number.isNaN(value) && value !== Number(text)) throw new Error(`${text} became ${value}`);
    }
  });

  it('does not guess at ties between two doubles', () => {
    const ties = ['9007199254740993', '9007199254740995', '4503599627370496.5', '4503599627370497.5', '0.50000000000000005551115123125783'];
    for (const tie of ties) {
      const value = read(tie);
      expect(Number.isNaN(value) || value === Number(tie), tie).toBe(true);
    }
  });

  it('leaves more digits and more decimals to others', () => {
    expect(read('123456789012345678')).toBeNaN();
    expect(read('0.00000000000000000000001')).toBeNaN();
  });
});
