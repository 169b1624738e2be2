import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnnotationColumns } from '../../../src/data/coco/annotationColumns.ts';
import { sharedRecordKernel } from '../../../src/data/coco/recordKernel.ts';
import { parseText } from './parseText.ts';

const digits = (most: number) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most }).map((list) => list.join(''));
const whole = fc.oneof(fc.constant('0'), digits(18).map((text) => text.replace(/^0+(?=.)/, '')));
const decimals = fc.oneof(fc.constant(''), digits(20).map((text) => `.${text}`));
const exponent = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(2)).map((parts) => parts.join('')),
);
const numberText = fc.tuple(fc.constantFrom('', '-'), whole, decimals, exponent).map((parts) => parts.join(''));

/** Reads a list of records by the kernel alone. */
function scanned(text: string): { columns: AnnotationColumns; isWhole: boolean } {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const columns = new AnnotationColumns();
  const kernel = sharedRecordKernel();
  kernel.clear();
  const limit = bytes.length - 1;
  for (let at = 1; ;) {
    const result = kernel.scan(bytes, at, limit, columns);
    if (result === undefined) return { columns, isWhole: false };
    if (result.isAfter) return { columns, isWhole: bytes[result.position] === 0x5d };
    at = result.position;
  }
}

describe('the kernel for records', () => {
  it('reads numbers as JSON.parse does, however they are written, or leaves them', () => {
    let read = 0;
    fc.assert(fc.property(numberText, (text) => {
      const { columns, isWhole } = scanned(`[{"score":${text}}]`);
      expect(parseText(`[{"score":${text}}]`).annotations.scores[0]).toBe(Number(text));
      if (!isWhole) return;
      read++;
      expect(columns.scores[0]).toBe(Number(text));
    }), { seed: 8, numRuns: 4000 });
    expect(read).toBeGreaterThan(2000);
  });

  it('reads scores as Python writes them', () => {
    // Doubles, and floats written as doubles.
    const scores = fc.tuple(fc.integer({ min: 0, max: 2 ** 30 }), fc.boolean())
      .map(([part, isFloat]) => (isFloat ? Math.fround(1e-3 + part / 2 ** 30.5) : 1e-3 + part / 2 ** 30.5));
    let read = 0;
    fc.assert(fc.property(scores, (score) => {
      const { columns, isWhole } = scanned(`[{"score": ${score}}]`);
      if (!isWhole) return;
      read++;
      expect(columns.scores[0]).toBe(score);
    }), { seed: 9, numRuns: 1000 });
    expect(read).toBeGreaterThan(900);
  });

  it('reads more records than it has rows, and texts longer than its memory', () => {
    const short = Array.from({ length: 40_000 }, (_, id) => ({ id }));
    expect(Array.from(scanned(JSON.stringify(short)).columns.ids.subarray(0, 40_000))).toEqual(short.map(({ id }) => id));
    const outline = Array.from({ length: 150 }, (_, i) => i + 0.25);
    const long = Array.from({ length: 2000 }, (_, id) => ({ segmentation: [outline], id, area: id / 7 }));
    const text = JSON.stringify(long);
    expect(text.length).toBeGreaterThan(4 * 2 ** 18);
    const { columns, isWhole } = scanned(text);
    expect(isWhole).toBe(true);
    expect(Array.from(columns.areas.subarray(0, columns.count))).toEqual(long.map(({ area }) => area));
    const last = text.slice(columns.segmentationPlaces[1999], columns.segmentationEnds[1999]);
    expect(JSON.parse(last)).toEqual(long[1999]!.segmentation);
    expect(text.slice(columns.places[1999])).toBe(`${JSON.stringify(long[1999])}]`);
  });

  it('leaves a record that is longer than its memory', () => {
    const record = JSON.stringify({ id: 5, segmentation: [Array.from({ length: 100_000 }, (_, i) => i)] });
    const text = `[{"id":4},${record},{"id":6}]`;
    const { columns, isWhole } = scanned(text);
    expect([columns.count, isWhole]).toEqual([1, false]);
    expect(Array.from(parseText(text).annotations.ids)).toEqual([4, 5, 6]);
  });

  it('leaves what is unusual or wrong to the parser', () => {
    for (const record of [
      '{"id":"5"}', '{"id":null}', '{"bbox":[1,2,3]}', '{"\\u0069d":5}', '{"x":"\\u0041"}', '{"id":05}', '{"id":5.}', '{"id":1e}',
      '{"x":"a\nb"}', '{"x":"\\q"}', '{"id":5,}', '{"x":tru}', '{"x":[1,]}', '{"x":{"a"}}', '{id:5}', '[]', '{"id":5]', '{"id":--5}',
      '{"iscrowd":true}', `{"x":${'['.repeat(99)}${']'.repeat(99)}}`,
    ]) {
      const { columns, isWhole } = scanned(`[{"id":4},${record},{"id":6}]`);
      expect([record, columns.count, isWhole]).toEqual([record, 1, false]);
    }
  });

  it('stops trying where most records are unusual', () => {
    const text = `[${Array.from({ length: 500 }, (_, id) => `{"id":${id},"score":null}`).join()}]`;
    const { annotations } = parseText(text);
    expect(Array.from(annotations.ids)).toEqual(Array.from({ length: 500 }, (_, id) => id));
  });
});
