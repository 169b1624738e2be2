import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application, TSConfigReader } from 'typedoc';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { undocumented } from '../../../scripts/docs/undocumented.mjs';

const source = `
/** A size. */
export interface Size {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly kind: 'size';
}
export type Shape = { readonly kind: 'circle'; readonly radius: number };
/** Counts. */
export class Counter {
  #count = 0;
  private step = 1;
  constructor(readonly name: string) {}
  /** One more. */
  add(): number { return this.#count += this.step; }
  reset(): void { this.#count = 0; }
  get count(): number { return this.#count; }
}
/** The sizes that there are. */
export const sizes = { small: { width: 1 } };
export function area(size: Size): number { return size.width * size.height; }
/** Both sides. */
export function sides({ width, height }: Size): { readonly width: number; readonly height: number } { return { width, height }; }
`;

let folder = '';
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'mpvg-docs-')); });
afterAll(() => rmSync(folder, { recursive: true }));

it('names what is exported or public and has no docstring, but no value of a constant, nor what has one value only', async () => {
  const file = join(folder, 'entry.ts');
  writeFileSync(file, source);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { strict: true, target: 'es2023', types: [] }, files: ['entry.ts'] }));
  const app = await Application.bootstrap({
    entryPoints: [file], tsconfig: join(folder, 'tsconfig.json'), excludePrivate: true, disableGit: true, sourceLinkTemplate: '{path}', logLevel: 'Error',
  }, [new TSConfigReader()]);
  const names = undocumented((await app.convert())!).map((line) => /^.*entry\.ts:(\d+: .*) has no docstring$/.exec(line)?.[1]);
  expect(names.sort()).toEqual([
    '14: Counter.name', '17: Counter.reset', '18: Counter.count', '22: area', '6: Size.height', '9: Shape', '9: Shape.radius',
  ]);
}, 60_000);
