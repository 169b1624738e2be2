import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { equivalents } from '../../../scripts/mutation/equivalents.mjs';

it('knows changes that are listed as they are or by a pattern', () => {
  const known = equivalents({ 'no one reads it': ['src/a.ts: let b = «0 → 1»;'], 'both are the same': ['/^src\\/c.ts: .*«\\d → 7»/'] });
  expect(known.has('src/a.ts: let b = «0 → 1»;')).toBe(true);
  expect(known.has('src/a.ts: let b = «0 → 2»;')).toBe(false);
  expect(known.has('src/c.ts: d(«6 → 7»)')).toBe(true);
  expect(known.has('src/a.ts: d(«6 → 7»)')).toBe(false);
});

it('names the entries whose file does not exist, those of patterns for files too', () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'equivalents-'));
  onTestFinished(() => fs.rmSync(root, { recursive: true }));
  fs.mkdirSync(path.join(root, 'src/sub'), { recursive: true });
  for (const name of ['src/a.ts', 'src/sub/b.ts', 'src/sub/c.ts']) fs.writeFileSync(path.join(root, name), '');
  const gone = ['src/b.ts: «1 → 0»', '/^src\\/sub\\/a.ts: .*«1 → 0»/', '/^src\\/sub\\/(b|d).ts: x/'];
  const known = equivalents({ here: ['src/a.ts: b ? c: «1 → 0»', '/^src\\/a.ts: x/', '/^src\\/sub\\/(b|c).ts: x/', '/every: «file»/'], gone });
  expect(known.gone(root)).toEqual(gone);
});

it('lists no change of a file that does not exist', () => {
  const root = path.resolve(import.meta.dirname, '../../..');
  const file = path.join(root, 'scripts/mutation/equivalent.json');
  const reasons = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, string[]>;
  expect(equivalents(reasons).gone(root)).toEqual([]);
});
