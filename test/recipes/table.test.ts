import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { recipes } from '../../src/recipes/table.ts';

const src = path.resolve(import.meta.dirname, '../../src');
const knowNoTask = ['cli', 'config', 'engine'];
/** What a benchmark measures is what it is named after. */
const benches = /^cli\/bench/;
/** Folders of src/ that belong to a task, and the parts of others that do. */
const taskCode = /\/(recipes\/(?!recipe\b|table\b)|tasks\/(?!task\b)|heads\/|adapter\/(?!loadPretrained\b)|data\/segmentation\/)/;

describe('the table of recipes', () => {
  it('is where tasks are named: no command, config reader or engine file names one or imports what is only one of theirs', () => {
    const tasks = new RegExp(`['"\`](${recipes.map(({ task }) => task).join('|')})['"\`]`);
    const files = knowNoTask.flatMap((folder) => readdirSync(path.join(src, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts')).map((name) => path.join(folder, name)));
    expect(files.length).toBeGreaterThan(50);
    const findings = files.filter((file) => !benches.test(file)).flatMap((file) => {
      const lines = readFileSync(path.join(src, file), 'utf8').split('\n');
      const isFound = (line: string) => tasks.test(line) || (/(?:from|import\() ?'\./.test(line) && taskCode.test(line));
      return lines.filter(isFound).map((line) => `${file}: ${line.trim()}`);
    });
    expect(findings).toEqual([]);
  });

  it('has recipes of the names that it gives, each with a schema that knows its task alone', async () => {
    for (const entry of recipes) {
      const { task } = entry;
      const recipe = await entry.load();
      expect(recipe.task).toBe(task);
      const { error } = recipe.schema.safeParse({ task: 'none' });
      expect(error?.issues.some(({ path: [key] }) => key === 'task')).toBe(true);
      expect(recipe.schema.safeParse({ task }).error?.issues.some(({ path: [key] }) => key === 'task')).toBe(false);
    }
  });
});
