import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertSameModel, loadCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import type { StoredTensor } from '../../src/checkpoint/storedTensor.ts';
import { DataError, ShapeError } from '../../src/errors.ts';
import { packedReferenceFolder, referenceFolder } from '../reference.ts';
import { everyDtype } from './everyDtype.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-safetensors-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const at = (name: string): string => join(folder, name);

/** A file with the given header text and data, built by hand from the format's description. */
function handmade(header: string | Uint8Array, data: Uint8Array = new Uint8Array(), declaredLength?: bigint): Buffer {
  const json = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(declaredLength ?? BigInt(json.length));
  return Buffer.concat([prefix, json, data]);
}

async function failure(bytes: Uint8Array, name = 'bad.safetensors'): Promise<DataError> {
  writeFileSync(at(name), bytes);
  const error: unknown = await readSafetensors(at(name)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DataError)) throw new Error(`expected a DataError, got ${String(error)}`, { cause: error });
  return error;
}

describe('writing and reading', () => {
  it('returns every dtype, name and the metadata as written', async () => {
    await writeSafetensors(at('all.safetensors'), everyDtype, { config: '{"a":1}', é: '"\n' });
    expect(await readSafetensors(at('all.safetensors'))).toEqual(new Map(everyDtype));
    const file = await openSafetensors(at('all.safetensors'));
    expect(file.metadata).toEqual({ config: '{"a":1}', é: '"\n' });
    expect(file.info('f64')).toEqual({ dtype: 'F64', shape: [1], byteLength: 8 });
    expect(file.names.slice(0, 3)).toEqual(['u64', 'i64', 'f64']);
    await file.close();
  });

  it('lays a file out as the format describes it, byte for byte', async () => {
    await writeSafetensors(at('tiny.safetensors'), [
      ['b', { dtype: 'U8', shape: [1], data: Uint8Array.of(7) }],
      ['a', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }],
    ]);
    const header = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(readFileSync(at('tiny.safetensors'))).toEqual(handmade(padded, Uint8Array.of(0, 0, 0x80, 0x3f, 7)));
  });

  it('writes a part of a larger buffer, and an empty file', async () => {
    const part = new Float32Array([0, 1, 2, 3]).subarray(1, 3);
    await writeSafetensors(at('part.safetensors'), new Map([['x', { dtype: 'F32', shape: [2], data: part }]]));
    expect((await readSafetensors(at('part.safetensors'))).get('x')?.data).toEqual(Float32Array.of(1, 2));
    await writeSafetensors(at('none.safetensors'), []);
    expect((await readSafetensors(at('none.safetensors'))).size).toBe(0);
  });

  it('names the dtype that it does not read', async () => {
    const header = JSON.stringify({ w: { dtype: 'F8_E4M3', shape: [2], data_offsets: [0, 2] } });
    const bytes = Buffer.alloc(8 + header.length + 2);
    bytes.writeBigUInt64LE(BigInt(header.length));
    bytes.write(header, 8);
    writeFileSync(at('fp8.safetensors'), bytes);
    await expect(openSafetensors(at('fp8.safetensors'))).rejects.toThrow(/BOOL as dtype of tensor "w" in .*fp8\.safetensors, got "F8_E4M3"; store it as F32, F16 or BF16$/);
  });

  it('reads only the tensor that is asked for', async () => {
    await writeSafetensors(at('lazy.safetensors'), [
      ['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
      ['b', { dtype: 'F32', shape: [2], data: Float32Array.of(3, 4) }],
    ]);
    const file = await openSafetensors(at('lazy.safetensors'));
    truncateSync(at('lazy.safetensors'), readFileSync(at('lazy.safetensors')).length - 3);
    expect(await file.read('a')).toEqual(Float32Array.of(1, 2));
    await expect(file.read('b')).rejects.toThrow(/expected 8 bytes of tensor "b" in .*lazy\.safetensors, got 5/);
    await file.close();
  });

  it('refuses tensors that do not fit their description, and leaves an older file as it was', async () => {
    const fine: StoredTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
    await writeSafetensors(at('kept.safetensors'), [['x', fine]]);
    const write = (...tensors: [string, StoredTensor][]): Promise<void> => writeSafetensors(at('kept.safetensors'), tensors);
    await expect(write(['x', { ...fine, shape: [2] }])).rejects.toThrow(/expected 2 elements for tensor "x" of shape \[2\], got 1/);
    await expect(write(['x', { ...fine, dtype: 'F64' }])).rejects.toThrow(/expected a Float64Array for F64 tensor "x", got Float32Array/);
    await expect(write(['x', fine], ['x', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }])).rejects.toThrow(/"x" twice/);
    await expect(write(['__metadata__', fine])).rejects.toThrow(ShapeError);
    await expect(write(['\uD800', fine])).rejects.toThrow(/valid Unicode/);
    await expect(write(['x', { ...fine, shape: [-1, -1] }])).rejects.toThrow(ShapeError);
    expect((await readSafetensors(at('kept.safetensors'))).get('x')).toEqual(fine);
    expect(readdirSync(folder).filter((name) => name.includes('kept'))).toEqual(['kept.safetensors']);
  });
});

describe('files that cannot be trusted', () => {
  const entry = (name: string, dtype: string, shape: string, offsets: string): string =>
    `${JSON.stringify(name)}:{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
  const one = (shape: string, offsets: string, dtype = '"F32"'): string => `{${entry('w', dtype, shape, offsets)}}`;
  const eight = new Uint8Array(8);
  const huge = '9007199254740993';

  const cases: readonly (readonly [string, Buffer, RegExp])[] = [
    ['an empty file', Buffer.alloc(0), /expected a safetensors file at .*, got an empty file; copy or download it anew$/],
    ['a git-lfs pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n'), /got a git-lfs pointer, .* git lfs pull$/],
    ['a file of 7 bytes', Buffer.alloc(7), /at least the 8 bytes .*, got 7/],
    ['a header longer than the file', handmade('{}', eight, 100n), /header of 100 bytes .*, got 10/],
    ['a header length of 2^64 - 1', handmade('{}', eight, 2n ** 64n - 1n), /at most 100000000 bytes .*, got 18446744073709551615/],
    ['a header length of zero', handmade(''), /starts with '\{'.*nothing/],
    ['a file of another format', Buffer.from('PK\u0003\u0004 a zip archive'), /at most 100000000 bytes/],
    ['leading white space', handmade(' {}'), /starts with '\{'/],
    ['a list as header', handmade('[]'), /starts with '\{'/],
    ['broken JSON', handmade('{"w":'), /header in JSON/],
    ['two JSON values', handmade('{}{}'), /header in JSON/],
    ['invalid UTF-8', handmade(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), /header in UTF-8/],
    ['a number as description', handmade('{"w":3}'), /object as description of tensor "w".*got 3/],
    ['a list as description', handmade('{"w":[]}'), /object as description of tensor "w"/],
    ['null as description', handmade('{"w":null}'), /object as description of tensor "w"/],
    ['no dtype', handmade('{"w":{"shape":[],"data_offsets":[0,4]}}', eight), /dtype of tensor "w".*got nothing/],
    ['an unknown dtype', handmade(one('[2]', '[0,8]', '"F33"'), eight), /dtype of tensor "w".*got "F33"/],
    ['a dtype named like an object method', handmade(one('[2]', '[0,8]', '"toString"'), eight), /dtype of tensor "w"/],
    ['a dtype that is no string', handmade(one('[2]', '[0,8]', '["F32"]'), eight), /dtype of tensor "w"/],
    ['a negative size', handmade(one('[-2]', '[0,8]'), eight), /sizes as shape of tensor "w".*got \[-2\]/],
    ['two negative sizes', handmade(one('[-2,-1]', '[0,8]'), eight), /sizes as shape of tensor "w"/],
    ['a fractional size', handmade(one('[0.5,4]', '[0,8]'), eight), /sizes as shape of tensor "w"/],
    ['a size beyond exact integers', handmade(one(`[${huge}]`, '[0,8]'), eight), /sizes as shape of tensor "w"/],
    ['sizes whose product overflows', handmade(one('[4294967296,4294967296,4294967296]', '[0,8]'), eight), /bytes of data for F32/],
    ['a shape that is a number', handmade(one('2', '[0,8]'), eight), /sizes as shape of tensor "w"/],
    ['a shape of strings', handmade(one('["2"]', '[0,8]'), eight), /sizes as shape of tensor "w"/],
    ['one offset', handmade(one('[2]', '[8]'), eight), /data_offsets of tensor "w"/],
    ['three offsets', handmade(one('[2]', '[0,8,8]'), eight), /data_offsets of tensor "w"/],
    ['a negative offset', handmade(one('[2]', '[-8,0]'), eight), /data_offsets of tensor "w"/],
    ['offsets in the wrong order', handmade(one('[2]', '[8,0]'), eight), /data_offsets of tensor "w"/],
    ['offsets beyond exact integers', handmade(one('[2]', `[0,${huge}]`), eight), /data_offsets of tensor "w"/],
    ['offsets that disagree with the shape', handmade(one('[3]', '[0,8]'), eight), /12 bytes of data for F32 \[3\] of tensor "w"/],
    ['data that ends early', handmade(one('[2]', '[0,8]'), eight.subarray(1)), /within the 7 bytes of data for tensor "w"/],
    ['data that goes on', handmade(one('[1]', '[0,4]'), eight), /4 bytes of data, as its header says.*got 8/],
    ['a hole before the first tensor', handmade(one('[1]', '[4,8]'), eight), /tensor "w" to begin at byte 0.*hole/],
    [
      'a hole between tensors',
      handmade(`{${entry('a', '"U8"', '[2]', '[0,2]')},${entry('b', '"U8"', '[4]', '[4,8]')}}`, eight),
      /tensor "b" to begin at byte 2.*hole/,
    ],
    [
      'tensors that overlap',
      handmade(`{${entry('a', '"U8"', '[6]', '[0,6]')},${entry('b', '"U8"', '[4]', '[4,8]')}}`, eight),
      /tensor "b" to begin at byte 6.*overlaps/,
    ],
    [
      'two tensors on the same bytes',
      handmade(`{${entry('a', '"U8"', '[8]', '[0,8]')},${entry('b', '"U8"', '[8]', '[0,8]')}}`, eight),
      /overlaps/,
    ],
    [
      'a name twice',
      handmade(`{${entry('w', '"U8"', '[4]', '[0,4]')},${entry('w', '"U8"', '[4]', '[4,8]')}}`, eight),
      /each key once in the header .*, got "w" twice/,
    ],
    [
      'a name twice, spelled differently',
      handmade(`{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\\u0077" :{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}`, eight),
      /"w" twice/,
    ],
    ['a field twice', handmade('{"w":{"dtype":"U8","dtype":"I8","shape":[8],"data_offsets":[0,8]}}', eight), /"dtype" twice/],
    ['a tensor named __proto__', handmade(`{${entry('__proto__', '"U8"', '[8]', '[0,8]')}}`, eight), /not reserved.*"__proto__"/],
    ['a description hidden in __proto__', handmade('{"w":{"__proto__":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}}', eight), /dtype of tensor "w"/],
    ['metadata named __proto__', handmade('{"__metadata__":{"__proto__":"x"}}'), /not reserved in __metadata__/],
    ['metadata that is no object', handmade('{"__metadata__":"x"}'), /object for __metadata__/],
    ['metadata that is no string', handmade('{"__metadata__":{"a":1}}'), /string for __metadata__ "a"/],
    ['half a surrogate pair as name', handmade(`{"\\ud800":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}`, eight), /valid Unicode/],
  ];
  it.each(cases)('refuses %s', async (_, bytes, message) => {
    const error = await failure(bytes, 'hostile.safetensors');
    expect(error.message).toMatch(message);
    expect(error.message).toContain('hostile.safetensors');
    expect(error.message).not.toContain('\n');
  });

  it('survives deep nesting and long strings in a header', async () => {
    expect((await failure(handmade(`{"w":${'['.repeat(500_000)}${']'.repeat(500_000)}}`))).message.length).toBeLessThan(400);
    expect((await failure(handmade(`{"w":"${'\\\\a'.repeat(1_000_000)}"}`))).message.length).toBeLessThan(400);
  });

  it('refuses a missing file, a directory and a device', async () => {
    await expect(openSafetensors(at('absent.safetensors'))).rejects.toThrow(/cannot open .*absent\.safetensors: no such file/);
    await expect(openSafetensors(folder)).rejects.toThrow(/expected a file at .*, got a directory/);
    await expect(openSafetensors('/dev/zero')).rejects.toThrow(/got a pipe or device/);
  });

  it('gives the tensors back for any set of them (property)', async () => {
    const names = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 });
    const sizes = fc.array(fc.nat({ max: 4 }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(names, sizes, fc.integer(), async (keys, shape, seed) => {
        fc.pre(!keys.includes('__metadata__') && !keys.includes('__proto__'));
        const length = shape.reduce((a, b) => a * b, 1);
        const tensors = new Map<string, StoredTensor>();
        keys.forEach((key, i) => {
          const bytes = Uint8Array.from({ length: length * 4 }, (_, j) => (seed ^ (i * 31 + j * 7)) & 255);
          tensors.set(key, i % 2 ? { dtype: 'I32', shape, data: new Int32Array(bytes.buffer) } : { dtype: 'U8', shape, data: bytes.subarray(0, length) });
        });
        await writeSafetensors(at('any.safetensors'), tensors);
        expect(await readSafetensors(at('any.safetensors'))).toEqual(tensors);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it('either refuses or reads a damaged file, never anything else (property)', async () => {
    await writeSafetensors(at('whole.safetensors'), everyDtype, { config: '{}' });
    const whole = readFileSync(at('whole.safetensors'));
    const headerEnd = 8 + Number(whole.readBigUInt64LE(0));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: headerEnd - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat({ max: whole.length }), { freq: 4 }),
        async (edits, cut) => {
          const bytes = Buffer.from(cut === null ? whole : whole.subarray(0, cut));
          for (const [position, value] of edits) if (position < bytes.length) bytes[position] = value;
          writeFileSync(at('damaged.safetensors'), bytes);
          await readSafetensors(at('damaged.safetensors')).then(
            (tensors) => {
              for (const { shape, data } of tensors.values()) expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
            },
            (error: unknown) => {
              refused += 1;
              expect(error).toBeInstanceOf(DataError);
            },
          );
        },
      ),
      { numRuns: 400, seed: 4 },
    );
    expect(refused).toBeGreaterThan(200);
  });
});

describe('a file that promises more than there is memory', () => {
  /** A consistent file with a small tensor and one of two TiB, none of which is on the disk. */
  function sparse(name: string): string {
    const header = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"huge":{"dtype":"F32","shape":[549755813888],"data_offsets":[4,2199023255556]}}';
    writeFileSync(at(name), handmade(header, new Uint8Array(Float32Array.of(7).buffer)));
    truncateSync(at(name), 8 + header.length + 4 + 2 ** 41);
    return at(name);
  }

  it('shows names and shapes and gives the tensors that fit', async () => {
    const tensors = await readSafetensors(sparse('sparse.safetensors'));
    expect(tensors.get('huge')?.shape).toEqual([2 ** 39]);
    expect(tensors.get('a')?.data).toEqual(Float32Array.of(7));
    expect(() => tensors.get('huge')?.data).toThrow(DataError);
    expect(() => tensors.get('huge')?.data).toThrow(/expected a tensor that fits into memory for "huge" in .*sparse\.safetensors, got 2048\.0 GiB where .* GiB are available/);
    const file = await openSafetensors(at('sparse.safetensors'));
    await expect(file.read('huge')).rejects.toThrow(/expected a tensor that fits into memory for "huge"/);
    await file.close();
  });

  it('is compared with the model without being read', async () => {
    const { model } = await loadCheckpoint(sparse('model.safetensors'));
    const own = new Map([['a', { shape: [1] }], ['huge', { shape: [3] }]]);
    expect(() => assertSameModel(own, model, 'model.safetensors')).toThrow(/1 key of another shape \(huge: expected \[3\], got \[549755813888\]\)/);
  });
});

describe('tensors that are read when asked for', () => {
  const one = (value: number): [string, StoredTensor][] => [['w', { dtype: 'F32', shape: [1], data: Float32Array.of(value) }]];

  it('are those of the file that was opened, whatever takes its place', async () => {
    await writeSafetensors(at('replaced.safetensors'), one(1));
    const before = await readSafetensors(at('replaced.safetensors'));
    await writeSafetensors(at('replaced.safetensors'), one(2));
    expect(before.get('w')?.data).toEqual(Float32Array.of(1));
    rmSync(at('replaced.safetensors'));
    expect(before.get('w')?.data).toBe(before.get('w')?.data);
  });

  it('leave no file open once all are read', async () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    await writeSafetensors(at('closed.safetensors'), one(1));
    const before = open();
    const tensors = await readSafetensors(at('closed.safetensors'));
    expect(open()).toBe(before + 1);
    expect(tensors.get('w')?.data).toHaveLength(1);
    expect(open()).toBe(before);
  });

  it('say that the file was cut', async () => {
    await writeSafetensors(at('cutting.safetensors'), one(1));
    const tensors = await readSafetensors(at('cutting.safetensors'));
    truncateSync(at('cutting.safetensors'), readFileSync(at('cutting.safetensors')).length - 2);
    expect(() => tensors.get('w')?.data).toThrow(/expected 4 bytes of tensor "w" in .*, got 2; the file was cut while open/);
  });
});

describe('the reference files', () => {
  const files = readdirSync(packedReferenceFolder).filter((name) => name.endsWith('.safetensors.gz')).map((name) => name.slice(0, -'.gz'.length));

  it('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(20);
  });

  it.each(files)('%s is read whole and comes out the same when written again', async (name) => {
    const path = join(referenceFolder, name);
    const tensors = await readSafetensors(path);
    expect(tensors.size).toBeGreaterThan(0);
    const file = await openSafetensors(path);
    expect(file.metadata['config']).toMatch(/^\{.*\}$/s);
    await writeSafetensors(at('again.safetensors'), tensors, file.metadata);
    await file.close();
    expect(readFileSync(at('again.safetensors')).equals(readFileSync(path))).toBe(true);
  });
});
