import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonFault, NEEDS_MORE } from '../../../src/data/coco/jsonFault.ts';
import { JsonScanner } from '../../../src/data/coco/jsonScanner.ts';
import { KeySet } from '../../../src/data/coco/keySet.ts';

/** A scanner at the start of a text. */
function scannerOf(text: string | Uint8Array): JsonScanner {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const terminated = new Uint8Array(bytes.length + 1);
  terminated.set(bytes);
  const scanner = new JsonScanner();
  scanner.start(terminated, 0, bytes.length, true);
  return scanner;
}

/** Whether the whole text is one value. */
function accepts(text: string | Uint8Array): boolean {
  const scanner = scannerOf(text);
  try {
    scanner.skip();
    return scanner.isAtEnd();
  } catch (error) {
    if (error instanceof JsonFault) return false;
    throw error;
  }
}

function parses(text: string | Uint8Array): boolean {
  try {
    JSON.parse(typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text));
    return true;
  } catch {
    return false;
  }
}

const numbers = [
  '0', '-0', '1', '-1', '12.5', '0.1', '0.30000000000000004', '1e5', '1E+5', '1e-5', '1.5e300', '1e400', '-1e400', '5e-324', '2e-324',
  '9007199254740993', '9007199254740992.5', '123456789012345', '1234567890123456', '12345678901234567890', '2765.1486500000005',
  '702.1057499999998', '0.000001', '0.0000001', '4.35', '1.7976931348623157e308', '2.2250738585072011e-308', '179769313486231580793e289',
  '8.41e21', '9.5367431640625e-7', `0.${'0'.repeat(400)}1`, `1${'0'.repeat(400)}`, '100000000000000000000000', '1e23', '8.5e-22',
];

describe('JsonScanner', () => {
  it.each(numbers)('reads %s as JSON.parse does', (text) => {
    expect(scannerOf(text).number()).toBe(JSON.parse(text));
  });

  it('reads every double as JSON.parse does, however it is written', () => {
    const ways = [
      String,
      (value: number) => value.toExponential(),
      (value: number) => value.toPrecision(17),
      (value: number) => value.toFixed(3),
    ];
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(...ways), (value, write) => {
      const text = write(value);
      return Object.is(scannerOf(text).number(), JSON.parse(text));
    }), { seed: 1, numRuns: 5000 });
  });

  it('reads numbers of every length and every place of the point as JSON.parse does', () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{0,19}$/);
    fc.assert(fc.property(digits, fc.nat(20), fc.boolean(), (text, point, negative) => {
      const number = `${negative ? '-' : ''}${point < text.length ? text.slice(0, point) || '0' : text}.${text.slice(point) || '0'}`;
      return Object.is(scannerOf(number).number(), JSON.parse(number));
    }), { seed: 2, numRuns: 5000 });
  });

  it.each([
    '', ' ', '+1', '01', '-', '-a', '1.', '.5', '1.e5', '1e', '1e+', '0x10', 'NaN', 'Infinity', '-Infinity', 'nul', 'nulll', 'True', 'undefined',
    '[', ']', '[1', '[1,', '[1,]', '[,1]', '[1 2]', '{', '}', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{,}', '{a:1}', '{"a" 1}', '{1:2}',
    '"', '"a', '"\\', '"\\x"', '"\\u12"', '"\\u12g4"', '"\n"', '"\t"', '"\u0000"', '1 1', '[] []', '[}', '{]', '[[[]]', '// c', '[1]/**/', "'a'",
    '\ufeff[]', '\u00a0[]', '\u2028[]', '\f[]', '\v1', '\u0000', '1\u0000', '[1\u0000]', '[1.5.2]', '[--1]', '[1,-]', '[-.5]', '[1e5e5]', '[00]',
    '[1.,2]', '[1,2', '[1,2.', '[1,  ', '{"a":1 "b":2}', '{"a"::1}', '[1,,2]',
  ])('refuses %j', (text) => {
    expect(parses(text)).toBe(false);
    expect(accepts(text)).toBe(false);
  });

  it.each([
    'null', ' true ', 'false', '""', '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"', '"\u007f\u0080é€😀"', '"\\ud800"', '[]', '{}', ' [ ] ', '{ }', '[[],{},[{}]]',
    '[1,2.5,-3e2]', '[ 1 , 2 ]', '[1,\n2]', '[0,-0,0.5]', '[1,[2,[3,[4]]],5]', '{"a":{"b":{"c":[]}},"d":1}', '{"":""}', '\t\r\n 1', '[1,2]\n\n',
    '[1,null,"a",2]', '[null,1]', '[[1,2],[3,4],[]]', '[-1,-2.5]', '[1e2,3]', '[1 ,2]',
  ])('accepts %j', (text) => {
    expect(parses(text)).toBe(true);
    expect(accepts(text)).toBe(true);
  });

  it('accepts any JSON, laid out in any way', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t', '\r\n'), (value, space) =>
      accepts(JSON.stringify(value, null, space))), { seed: 3, numRuns: 2000 });
  });

  it('agrees with JSON.parse on damaged JSON', () => {
    const damaged = fc.tuple(fc.jsonValue(), fc.nat(), fc.constantFrom('', ...Array.from('[]{},:"\\ 01-.eE+nt\u0000\n')), fc.nat(2));
    fc.assert(fc.property(damaged, ([value, place, inserted, removed]) => {
      const text = JSON.stringify(value);
      const at = place % (text.length + 1);
      const wrong = text.slice(0, at) + inserted + text.slice(at + removed);
      return accepts(wrong) === parses(wrong);
    }), { seed: 4, numRuns: 5000 });
  });

  it('takes nesting a million deep without a stack', () => {
    expect(accepts('['.repeat(1_000_000) + ']'.repeat(1_000_000))).toBe(true);
    expect(accepts('['.repeat(1_000_000) + ']'.repeat(999_999))).toBe(false);
    expect(accepts(`${'{"a":['.repeat(100_000)}1${']}'.repeat(100_000)}`)).toBe(true);
  });

  it('knows keys by their characters, escaped or not, and tells unknown ones of the same length apart', () => {
    const keys = new KeySet(['id', 'bbox', 'area']);
    expect(['"id":', '"area" :', '"\\u0069d":', '"ia":', '"i":', '"":', '"bbox2":', '"ar\\u0065a":'].map((text) => scannerOf(text).key(keys)))
      .toEqual([0, 2, 0, -1, -1, -1, -1, 2]);
  });

  it('takes the hexadecimal digits in either case, and no others', () => {
    for (const digit of '0123456789abcdefABCDEF') expect(accepts(`"\\u00${digit}${digit}"`), digit).toBe(true);
    for (const digit of '/:@G`g') expect(accepts(`"\\u004${digit}"`), digit).toBe(false);
  });

  it('asks for more where a piece ends within a value or right behind a number, which may go on', () => {
    const piece = (text: string, isLast = false) => {
      const scanner = new JsonScanner();
      scanner.start(new TextEncoder().encode(`${text}\0`), 0, text.length, isLast);
      return scanner;
    };
    for (const text of ['12', '-', '1.', '1.5', '1e', '1e+', '1e5']) expect(() => piece(text).number(), text).toThrow(NEEDS_MORE);
    for (const text of ['12', '[1, 2', '[1,', '"ab', '"a\\', '"\\u00', 'tru', '{"a', '{"a":', '{"a":1', '']) {
      expect(() => piece(text).skip(), text).toThrow(NEEDS_MORE);
    }
    expect(piece('12,').number()).toBe(12);
    expect(piece('12', true).number()).toBe(12);
    expect(() => piece('[1, x').skip()).toThrow(JsonFault);
  });

  it('wants a NUL behind the text', () => {
    expect(() => new JsonScanner().start(Uint8Array.of(0x31, 0x32), 0, 1, true)).toThrow('expected a NUL after the text');
  });

  it('names the byte at which the text goes wrong, and what would fit', () => {
    const fault = (text: string): unknown => {
      try {
        scannerOf(text).skip();
      } catch (error) {
        return error instanceof JsonFault ? [error.position, error.expected] : error;
      }
      return undefined;
    };
    expect(fault('[1, 2, NaN]')).toEqual([7, 'a value']);
    expect(fault('[1.x]')).toEqual([3, 'a digit']);
    expect(fault('{"a": [1, 2}')).toEqual([11, '"," or "]"']);
    expect(fault('{"a": "b\\q"}')).toEqual([9, 'one of "\\/bfnrtu after a backslash']);
    expect(fault('{"a"; 1}')).toEqual([4, '":"']);
  });
});
