import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import vm from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { mutate, projectProgram } from '../../../scripts/mutation/mutants.mjs';

/** The changes of a source file, and the value of its `result` with each of them on. */
function changesOf(source: string): [change: string, result: unknown][] {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'mutants-'));
  onTestFinished(() => fs.rmSync(root, { recursive: true }));
  fs.mkdirSync(path.join(root, 'src'));
  fs.writeFileSync(path.join(root, 'tsconfig.json'), '{"compilerOptions":{"strict":true,"target":"ES2023","types":[]}}');
  fs.writeFileSync(path.join(root, 'src/a.ts'), source);
  const { mutants, code } = mutate(projectProgram(root), path.join(root, 'src/a.ts'), 'src/a.ts', 0);
  const body = code.replace('const $mutant = globalThis.$mutant;', '');
  const run = vm.runInThisContext(`($mutant) => { ${body}; return result; }`) as (isOn: (id: number) => boolean) => unknown;
  return mutants.map(({ change }, id) => {
    let result: unknown;
    try {
      result = run((other) => other === id);
    } catch (error) {
      result = String(error);
    }
    return [change, result];
  });
}

it('changes signs, bounds, conditions and constants, one at a time', () => {
  expect(changesOf('let result = 7 - 2;\nif (result < 5 && true) result = -result;\n')).toEqual([
    ['let result = 7 «- → +» 2;', 9],
    ['let result = «7 → 8» - 2;', 6],
    ['let result = 7 - «2 → 3»;', -4],
    ['if (result < 5 «&& → ||» true) result = -result;', -5],
    ['if («result < 5 && true → !(result < 5 && true)») result = -result;', -5],
    ['if (result «< → <=» 5 && true) result = -result;', -5],
    ['if (result < «5 → 6» && true) result = -result;', -5],
    ['if (result < 5 && «true → false») result = -result;', 5],
    ['if (result < 5 && true) result = «-result → result»;', 5],
  ]);
});

it('drops calls that stand alone, or give what their argument or their object is', () => {
  expect(changesOf('const result = [3, 1];\nresult.reverse();\nresult.slice();\n').slice(2)).toEqual([
    ['«result.reverse() → undefined»;', [3, 1]],
    ['«result.slice() → undefined»;', [1, 3]],
  ]);
  expect(changesOf('const given = [2];\nlet result = given.concat(Math.abs(-4));\n').slice(1)).toEqual([
    ['let result = «given.concat(Math.abs(-4)) → given»;', [2]],
    ['let result = given.concat(«Math.abs(-4) → -4»);', [2, -4]],
    ['let result = given.concat(Math.abs(«-4 → 4»));', [2, 4]],
    ['let result = given.concat(Math.abs(-«4 → 5»));', [2, 5]],
  ]);
});

it('leaves joined texts, chains that may end early and what is thrown alone', () => {
  expect(changesOf("const a = null as { b: string } | null;\nvar result = 'x' + a?.b.trim();\nfunction f() { throw new Error(`${1 + 1}`); }\n"
    .replace(/ as [^;]*/, ''))).toEqual([]);
});

it('changes one of several alternatives for what is missing', () => {
  const given = 'const none = [][0], other = [][0];\n';
  const found = changesOf(`${given}const result = none ?? other ?? 7;\n`).filter(([change]) => change.includes('«??'));
  expect(found).toEqual([
    ['const result = none ?? other «?? → &&» 7;', undefined],
    ['const result = none «?? → &&» other ?? 7;', 7],
  ]);
});
