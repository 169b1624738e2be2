import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSoundFiles, FileCheck, type DataFault } from '../../../src/data/files/fileCheck.ts';
import { DataError } from '../../../src/errors.ts';

let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-file-check-')); });
afterAll(() => rmSync(folder, { recursive: true }));

describe('FileCheck', () => {
  it('looks at each sample once, in order of samples, and tells of every sixteenth and of the end', async () => {
    const told: number[][] = [];
    const check = await FileCheck.open(40, { onProgress: (done, total) => told.push([done, total]) });
    const seen: number[] = [];
    const lookAt = async (index: number): Promise<DataFault | undefined> => {
      seen.push(index);
      await Promise.resolve();
      return index % 10 === 3 ? { file: `f${index}`, found: 'empty' } : undefined;
    };
    expect(await check.faultsOf(32, lookAt)).toEqual([3, 13, 23].map((index) => ({ file: `f${index}`, found: 'empty' })));
    expect(await check.faultsOf(8, lookAt)).toEqual([{ file: 'f3', found: 'empty' }]);
    const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
    expect(seen.toSorted((a, b) => a - b)).toEqual([...upTo(32), ...upTo(8)].sort((a, b) => a - b));
    expect(told).toEqual([[16, 40], [32, 40]]);
    await check.close();
    expect(told.at(-1)).toEqual([40, 40]);
  });

  it('tells of no end where samples are left', async () => {
    const told: number[] = [];
    const check = await FileCheck.open(16, { onProgress: (done) => told.push(done) });
    await check.faultsOf(15, () => Promise.resolve(undefined));
    await check.close();
    expect(told).toEqual([]);
    await check.faultsOf(1, () => Promise.resolve(undefined));
    expect(told).toEqual([]); // the end is told when what was found is kept
    await check.close();
    expect(told).toEqual([16]);
  });

  it('looks alone at what could not be read beside others, again', async () => {
    const check = await FileCheck.open(3, {});
    const times = new Map<number, number>();
    const faults = await check.faultsOf(3, async (index) => {
      times.set(index, (times.get(index) ?? 0) + 1);
      const found = ['', `cannot be read: ${times.get(index) === 1 ? 'of another' : 'its own'}`, 'small'][index]!;
      return Promise.resolve(index === 0 ? undefined : { file: `f${index}`, found });
    });
    expect(faults).toEqual([{ file: 'f1', found: 'cannot be read: its own' }, { file: 'f2', found: 'small' }]);
    expect([...times]).toEqual([[0, 1], [1, 2], [2, 1]]);
  });

  it('remembers what is sound by path, size and time of change, and nothing that failed', async () => {
    const [sound, broken] = [join(folder, 'a.jpg'), join(folder, 'b.jpg')];
    for (const file of [sound, broken]) writeFileSync(file, 'abc');
    const cacheFile = join(folder, 'some/where/checked.json');
    const looks: string[] = [];
    const look = async (file: string) => {
      looks.push(file);
      if (file.endsWith('b.jpg')) throw new DataError('decodeImage: expected a picture in b.jpg, got: a text, got nothing else');
      return Promise.resolve({ width: 3, height: 4 });
    };
    const facts = async (file: string) => {
      const check = await FileCheck.open(1, { cacheFile });
      const found = await check.factsOf(file, look);
      await check.close();
      return { found, decoded: check.decoded };
    };
    const unreadable = { width: 0, height: 0, fault: 'cannot be read: a text, got nothing else' };
    for (let i = 0; i < 2; i++) expect(await facts(broken)).toEqual({ found: unreadable, decoded: 1 });
    expect(existsSync(cacheFile)).toBe(false); // nothing to remember
    expect(await facts(sound)).toEqual({ found: { width: 3, height: 4 }, decoded: 1 });
    expect(await facts(relative(process.cwd(), sound))).toMatchObject({ found: { width: 3, height: 4 }, decoded: 0 });
    expect(looks).toEqual([broken, broken, sound]);
    utimesSync(sound, new Date(), new Date(1000));
    expect((await facts(sound)).decoded).toBe(1);
    writeFileSync(sound, 'abcd');
    utimesSync(sound, new Date(), new Date(1000));
    expect((await facts(sound)).decoded).toBe(1);
    expect((await facts(sound)).decoded).toBe(0);
    expect((await facts(join(folder, 'absent.jpg'))).decoded).toBe(1);
    expect((await facts(join(folder, 'absent.jpg'))).decoded).toBe(1);
    const check = await FileCheck.open(1, {});
    // What is thrown need not be an Error.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    expect(await check.factsOf(sound, () => Promise.reject('no picture'))).toEqual({ width: 0, height: 0, fault: 'no picture' });
  });
});

describe('expectSoundFiles', () => {
  const report = (count: number, remedy?: string) => ({
    samples: 20, decoded: 20, ...(remedy !== undefined && { remedy }),
    faults: Array.from({ length: count }, (_, i) => ({ file: `f${i}`, found: 'empty' })),
  });

  it('names so many faults, counts the others and says what helps', () => {
    expect(() => { expectSoundFiles(report(0), 'check', 'photos'); }).not.toThrow();
    const message = (count: number, remedy?: string, mostNamed?: number) => {
      try {
        expectSoundFiles(report(count, remedy), 'check', 'photos', mostNamed);
      } catch (error) {
        return (error as DataError).message;
      }
      return 'none';
    };
    expect(message(1)).toBe('check: expected sound photos, got 1 faults among 20 samples:\n  f0: empty');
    expect(message(2, 'look', 2)).toBe('check: expected sound photos, got 2 faults among 20 samples:\n  f0: empty\n  f1: empty\nlook');
    expect(message(4, 'look', 2)).toBe('check: expected sound photos, got 4 faults among 20 samples:\n  f0: empty\n  f1: empty\n  and 2 more\nlook');
    expect(message(11)).toMatch(/\n {2}f9: empty\n {2}and 1 more$/);
  });
});
