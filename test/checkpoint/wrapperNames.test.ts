import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts';
import { unwrapNames, wrapperNotes } from '../../src/checkpoint/wrapperNames.ts';

it.each([
  [['a.weight', 'module.b'], '', ['a.weight', 'module.b']],
  [['module.a', 'module.b.c'], 'module.', ['a', 'b.c']],
  [['_orig_mod.a', '_orig_mod.model'], '_orig_mod.', ['a', 'model']],
  [['state_dict.model.module.a', 'state_dict.model.b'], 'state_dict.model.', ['module.a', 'b']],
  [['modules.a', 'modules.b'], '', ['modules.a', 'modules.b']],
  [[], '', []],
])('takes off what stands before all of %j', (names, wrapper, plain) => {
  const unwrapped = unwrapNames(new Map(names.map((name, i) => [name, i])));
  expect(unwrapped).toEqual({ wrapper, tensors: new Map(plain.map((name, i) => [name, i])) });
});

it('is done when a checkpoint is read, and said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mpvg-wrapper-'));
  try {
    const path = join(folder, 'parallel.safetensors');
    await writeSafetensors(path, [['module.fc.bias', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]);
    const { model, wrapper } = await loadCheckpoint(path);
    expect([...model.keys()]).toEqual(['fc.bias']);
    expect(model.get('fc.bias')!.data).toEqual(Float32Array.of(1, 2));
    expect(wrapperNotes(path, wrapper)).toEqual([`from ${path}: names are taken without the "module." before all of them`]);
    expect(wrapperNotes(path, '')).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
