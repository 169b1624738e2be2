import { execFileSync, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDirectoryAtomically, writeFileAtomically } from '../../src/files/atomicWrite.ts';
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from '../../src/checkpoint/checkpoint.ts';
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { claimTemporary, cleanTemporaries, releaseTemporary } from '../../src/files/temporaries.ts';
import { DataError } from '../../src/errors.ts';

const host = hostname().replaceAll(/[^\w-]/g, '_');
const nobody = 4_194_305; // above the largest process id that Linux gives out
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-atomic-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(content: string): (temporary: string) => Promise<void> {
  return async (temporary) => {
    writeFileSync(join(temporary, 'a.txt'), content);
    return Promise.resolve();
  };
}

describe('writeDirectoryAtomically', () => {
  it('shows the older directory until the new one is complete', async () => {
    const target = join(folder, 'deep', 'last');
    await writeDirectoryAtomically(target, write('one'));
    await writeDirectoryAtomically(target, async (temporary) => {
      await write('two')(temporary);
      expect(readFileSync(join(target, 'a.txt'), 'utf8')).toBe('one');
    });
    expect(readFileSync(join(target, 'a.txt'), 'utf8')).toBe('two');
    expect(readdirSync(join(folder, 'deep'))).toEqual(['last']);
  });

  it('keeps the older directory and removes the temporary when filling fails', async () => {
    const target = join(folder, 'last');
    await writeDirectoryAtomically(target, write('one'));
    const failing = writeDirectoryAtomically(target, async (temporary) => {
      await write('two')(temporary);
      throw new Error('the model would not be read');
    });
    await expect(failing).rejects.toThrow('the model would not be read');
    expect(readdirSync(folder)).toEqual(['last']);
    expect(readFileSync(join(target, 'a.txt'), 'utf8')).toBe('one');
  });

  it('never replaces a file by a directory', async () => {
    writeFileSync(join(folder, 'last'), 'mine');
    await expect(writeDirectoryAtomically(join(folder, 'last'), write('x'))).rejects.toThrow(/expected a directory there, got a file/);
    expect(readFileSync(join(folder, 'last'), 'utf8')).toBe('mine');
    await expect(writeDirectoryAtomically(join(folder, 'last', 'inner'), write('x'))).rejects.toThrow(/is a file, not a directory/);
  });

  it('leaves no trace of a writer that was killed, once the next one comes', async () => {
    const source = pathToFileURL('src/files/atomicWrite.ts').href;
    await writeDirectoryAtomically(join(folder, 'last'), write('one'));
    const script = `
      import { writeFileSync } from 'node:fs';
      import { createJiti } from 'jiti';
      const { writeDirectoryAtomically } = await createJiti(import.meta.url).import(${JSON.stringify(source)});
      await writeDirectoryAtomically(${JSON.stringify(join(folder, 'last'))}, async (temporary) => {
        writeFileSync(temporary + '/half', 'half');
        process.stdout.write('writing');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await cleanTemporaries(folder);
    expect(readdirSync(folder)).toHaveLength(2); // its writer lives
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readdirSync(folder)).toHaveLength(2);
    await writeDirectoryAtomically(join(folder, 'best'), write('two'));
    expect(readdirSync(folder).sort()).toEqual(['best', 'last']);
    expect(readFileSync(join(folder, 'last', 'a.txt'), 'utf8')).toBe('one');
  });
});

describe('cleanTemporaries', () => {
  it('removes what gone processes left and keeps what may still be in use', async () => {
    const recent = [
      `.step-1.${host}.${nobody}.00000000.partial`,
      `.step-1.${host}.${process.pid}.00000000.partial`,
      `.step-1.another-host.${nobody}.00000000.partial`,
      '.step-1.mine.partial',
      'last',
    ];
    for (const name of recent) mkdirSync(join(folder, name));
    const old = join(folder, '.last.another-host.1.00000000.partial');
    mkdirSync(old);
    utimesSync(old, 1, 1);
    const claimed = claimTemporary(join(folder, 'last'), 'partial');
    mkdirSync(claimed);
    await cleanTemporaries(folder);
    releaseTemporary(claimed);
    const kept = [...recent.slice(2), claimed.slice(folder.length + 1)];
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  });

  it('puts an older directory back only where there is none', async () => {
    for (const target of ['last', 'best.x']) {
      mkdirSync(join(folder, `.${target}.${host}.${nobody}.00000000.replaced`));
      writeFileSync(join(folder, `.${target}.${host}.${nobody}.00000000.replaced`, 'old'), '');
    }
    mkdirSync(join(folder, 'last'));
    await cleanTemporaries(folder);
    expect(readdirSync(folder).sort()).toEqual(['best.x', 'last']);
    expect(readdirSync(join(folder, 'best.x'))).toEqual(['old']);
    expect(readdirSync(join(folder, 'last'))).toEqual([]);
  });
});

describe('writeFileAtomically', () => {
  it('keeps a symbolic link and replaces what it points to', async () => {
    writeFileSync(join(folder, 'real'), 'one');
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    await writeFileAtomically(join(folder, 'link'), async (temporary) => {
      writeFileSync(temporary, 'two');
      return Promise.resolve();
    });
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('two');
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['link', 'real']);
  });

  it('refuses a directory as target', async () => {
    await expect(writeFileAtomically(folder, async () => Promise.resolve())).rejects.toThrow(/expected a file there, got a directory/);
  });
});

const hasFullDevice = existsSync('/dev/full');

describe.skipIf(!hasFullDevice)('a full device (needs /dev/full)', () => {
  it('gives one line that says so, and the device stays a device', async () => {
    const data = Float32Array.of(1, 2);
    const writing = writeSafetensors('/dev/full', [['w', { dtype: 'F32', shape: [2], data }]]);
    await expect(writing).rejects.toThrow(/^cannot write \/dev\/full: no space left on device; nothing was written; free some space/);
    expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true);
  });
});

const canMount = mountsSmallDisk();

describe.skipIf(!canMount)('a full disk (needs root, to mount one)', () => {
  let mounted = '';
  beforeEach(() => {
    mounted = join(folder, 'disk');
    mkdirSync(mounted);
    mount(mounted);
  });
  afterEach(() => void execFileSync('/bin/umount', [mounted]));

  it('leaves the older checkpoint intact, removes the temporary and says so in one line', async () => {
    const last = join(mounted, 'checkpoints', 'last');
    const checkpoint = (value: number, size: number): Checkpoint => {
      const data = new Float32Array(size).fill(value);
      return { model: new Map([['w', { dtype: 'F32', shape: [size], data }]]), optimizer: new Map(), state: { step: value } };
    };
    await expect(saveCheckpoint(last, checkpoint(1, 500_000))).rejects.toThrow(
      /^cannot write .*checkpoints\/last: no space left on device; nothing was written; free some space or write elsewhere$/,
    );
    await saveCheckpoint(last, checkpoint(1, 100_000));
    // Once in the midst of the model, once in the optimizer's file: 400 kB are taken of 1 MB.
    const optimizer = checkpoint(3, 100_000).model;
    for (const tooLarge of [checkpoint(2, 200_000), { ...checkpoint(2, 100_000), optimizer }]) {
      const error: unknown = await saveCheckpoint(last, tooLarge).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DataError);
      expect(String(error)).toMatch(/checkpoints\/last: no space left on device; the older checkpoint is intact; free some space/);
      expect(readdirSync(join(mounted, 'checkpoints'))).toEqual(['last']);
      expect(await loadCheckpoint(last)).toEqual({ path: last, ...checkpoint(1, 100_000) });
    }
    await saveCheckpoint(last, checkpoint(4, 100_000)); // there is room for this one beside the older
    expect(await loadCheckpoint(last)).toEqual({ path: last, ...checkpoint(4, 100_000) });
  });
});

function mount(place: string): void {
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place], { stdio: 'ignore' });
}

function mountsSmallDisk(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'mpvg-disk-'));
  try {
    mount(place);
    execFileSync('/bin/umount', [place]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true });
  }
}
