import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cyclesRule } from '../../../scripts/lint/cycles.mjs';

let folder = '';
const files = {
  'a.ts': "import { b } from './b.ts';\nimport fs from 'node:fs';",
  'b.ts': "export * from './c.ts';",
  'c.ts': "import type { A } from './a.ts';\nimport { d } from './d.ts';",
  'd.ts': "export const d = await import('./e.ts');",
  'e.ts': 'export {};',
  'index.ts': "export * from './reader.ts';",
  'reader.ts': "const given = await import('./index.ts');",
};
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mpvg-cycles-'));
  for (const [name, code] of Object.entries(files)) writeFileSync(path.join(folder, name), code);
});
afterAll(() => rmSync(folder, { recursive: true }));

function complaints(file: keyof typeof files): string[] {
  const linter = new Linter({ cwd: folder });
  const config = [{
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser as Linter.Parser },
    plugins: { mpvg: { rules: { cycles: cyclesRule() } } },
    rules: { 'mpvg/cycles': 'error' as const },
  }];
  return linter.verify(files[file], config, path.join(folder, file)).map(({ message }) => message);
}

describe('the cycle rule', () => {
  it('names the way of files that import each other, types included', () => {
    expect(complaints('a.ts')).toEqual(['these files import each other: a.ts → b.ts → c.ts → a.ts']);
    expect(complaints('b.ts')).toEqual(['these files import each other: b.ts → c.ts → a.ts → b.ts']);
    expect(complaints('c.ts')).toEqual(['these files import each other: c.ts → a.ts → b.ts → c.ts']);
  });

  it('lets others pass, those that are loaded later too', () => {
    expect([complaints('d.ts'), complaints('e.ts')]).toEqual([[], []]);
  });

  it('leaves out the package that is handed to a config', () => {
    expect([complaints('index.ts'), complaints('reader.ts')]).toEqual([[], []]);
  });
});
