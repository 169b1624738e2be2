import { describe, expect, it } from 'vitest';
import { importGraph } from './importGraph.ts';

const packagesOf = (entry: string) => importGraph(entry, { dynamic: false }).packages.filter((name) => !name.startsWith('node:'));

describe('the entries of the package', () => {
  it.each([
    ['coco.ts', []],
    ['data.ts', ['sharp']],
    ['models.ts', ['@tensorflow/tfjs-core']],
    ['ops.ts', ['@tensorflow/tfjs-core']],
    ['train.ts', ['@tensorflow/tfjs-core', 'jiti', 'sharp', 'zod']],
  ])('%s loads no more packages than %j', (entry, packages) => {
    expect(packagesOf(entry)).toEqual(packages);
  });

  it('index.ts has all of the others but COCO files', async () => {
    const names = async (entry: string) => Object.keys(await import(`../src/${entry}.ts`) as object);
    const all = new Set(await names('index'));
    for (const entry of ['data', 'models', 'ops', 'train']) expect((await names(entry)).filter((name) => !all.has(name))).toEqual([]);
  });
});
