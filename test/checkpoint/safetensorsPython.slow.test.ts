// Our safetensors against Python's own library, which is installed into build/safetensors-venv.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32Values } from '../../src/checkpoint/floatTensors.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { everyDtype } from './everyDtype.ts';

const environment = join(import.meta.dirname, '../../build/safetensors-venv');
const packages = ['safetensors==0.8.0', 'numpy==2.4.6'];

/** A Python with the library; without one says which tests are left out. */
function findPython(): string | undefined {
  const python = join(environment, 'bin/python');
  try {
    if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', environment]);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    execFileSync(python, ['-c', 'import numpy, safetensors.numpy']);
    return python;
  } catch (error) {
    console.warn(`SKIPPED, no Python with ${packages[0]} (${String(error).split('\n').at(-1)}): safetensors against Python's`);
    return undefined;
  }
}

const python = findPython();

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-safetensors-python-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

describe.skipIf(python === undefined)("against Python's safetensors (needs a Python with safetensors)", () => {
  const run = (script: string, ...parameters: string[]): string =>
    execFileSync(python ?? '', ['-c', script, ...parameters], { encoding: 'utf8' });
  const common = everyDtype.filter(([, { dtype }]) => dtype !== 'BF16'); // numpy has no bfloat16

  it('writes the very bytes that Python writes', async () => {
    await writeSafetensors(at('ours.safetensors'), common, { config: '{"é":"\\n"}' });
    run(
      'import sys; from safetensors.numpy import load_file, save_file; save_file(load_file(sys.argv[1]), sys.argv[2], {"config": \'{"é":"\\\\n"}\'})',
      at('ours.safetensors'),
      at('theirs.safetensors'),
    );
    expect(readFileSync(at('theirs.safetensors')).equals(readFileSync(at('ours.safetensors')))).toBe(true);
    expect(await readSafetensors(at('theirs.safetensors'))).toEqual(new Map(common));
  });

  it('is read by Python with the same values', async () => {
    await writeSafetensors(at('forPython.safetensors'), everyDtype.filter(([, { dtype }]) => dtype !== 'BF16'));
    const report = run(
      'import sys, json; from safetensors.numpy import load_file\n' +
        't = load_file(sys.argv[1]); print(json.dumps({k: [str(v.dtype), list(v.shape), [str(x) for x in v.flatten()]] for k, v in t.items()}))',
      at('forPython.safetensors'),
    );
    const seen: unknown = JSON.parse(report);
    expect(seen).toMatchObject({
      f64: ['float64', [1], ['3.141592653589793']],
      i64: ['int64', [1], ['-9223372036854775808']],
      f16: ['float16', [2], ['1.0', '-2.0']],
      i32: ['int32', [], ['-7']],
      flag: ['bool', [3], ['True', 'False', 'True']],
      empty: ['float32', [0, 5], []],
      'f32 é "quoted"\n': ['float32', [2, 2], ['1.0', '-0.0', 'inf', '1e-45']],
    });
  });

  it('reads what Python writes', async () => {
    run(
      'import sys, numpy as n; from safetensors.numpy import save_file\n' +
        'save_file({"a": n.arange(6, dtype=n.float32).reshape(2, 3), "b": n.array(2**40), "c": n.array([0.5, -1.5], dtype=n.float16)}, sys.argv[1], {"by": "python"})',
      at('python.safetensors'),
    );
    const file = await openSafetensors(at('python.safetensors'));
    expect(file.metadata).toEqual({ by: 'python' });
    expect(file.info('a').shape).toEqual([2, 3]);
    expect(await file.read('a')).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
    expect(await file.read('b')).toEqual(BigInt64Array.of(2n ** 40n));
    expect(float32Values('c', { dtype: file.info('c').dtype, data: await file.read('c') }, file.path)).toEqual(Float32Array.of(0.5, -1.5));
    await file.close();
  });
});
