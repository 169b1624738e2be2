import path from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { layersRule, violation } from '../../../scripts/lint/layers.mjs';

const root = path.resolve(import.meta.dirname, '../../../src');

/** What the rule says about one line of code placed in src/<file>. */
function complaints(file: string, code: string): string[] {
  const linter = new Linter({ cwd: path.dirname(root) });
  const config = [
    {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser as Linter.Parser },
      plugins: { mpvg: { rules: { layers: layersRule(root) } } },
      rules: { 'mpvg/layers': 'error' as const },
    },
  ];
  return linter.verify(code, config, path.join(root, file)).map((message) => message.message);
}

describe('the layer rule', () => {
  it('lets imports point down, however far', () => {
    expect(complaints('cli/pretrain.ts', "import { train } from '../engine/trainer.ts';")).toEqual([]);
    expect(complaints('backbones/position/join.ts', "import { layerNorm } from '../../ops/layerNorm.ts';")).toEqual([]);
    expect(complaints('nn/linear.ts', "import { ShapeError } from '../errors.ts';")).toEqual([]);
    expect(complaints('coco.ts', "export { CocoEval } from './evaluation/coco/cocoEval.ts';")).toEqual([]);
    expect(complaints('data/loader.ts', "import { Rng } from '../random/rng.ts';")).toEqual([]);
    expect(complaints('data/segmentation/segmentationLoader.ts', "import { BatchLoader } from '../batchLoader.ts';")).toEqual([]);
    expect(complaints('data/segmentation/cropSamples.ts', "import { augment } from './augmentation.ts';")).toEqual([]);
    expect(complaints('evaluation/labelFolders.ts', "import { classSet } from '../data/segmentation/classSet.ts';")).toEqual([]);
  });

  it.each([
    ['ops/linear.ts', "import { Linear } from '../nn/linear.ts';", 'src/ops lies below src/nn: arrows point down only'],
    ['nn/linear.ts', "import type { Config } from '../config/schema.ts';", 'src/nn lies below src/config: arrows point down only'],
    ['backbones/deit.ts', "export * from '../heads/classification.ts';", 'src/backbones lies below src/heads: arrows point down only'],
    ['engine/trainer.ts', "const m = await import('../cli/main.ts');", 'src/engine lies below src/cli: arrows point down only'],
    ['backbones/deit.ts', "import { aten } from '../backends/torch/binding.ts';", 'model code never names a backend: call src/ops'],
    ['data/loader.ts', "import { gelu } from '../ops/gelu.ts';", 'data and evaluation hold typed arrays, not tensors'],
    ['data/loader.ts', "import * as tf from '@tensorflow/tfjs-core';", 'src/data holds typed arrays, not tensors'],
    ['cli/main.ts', "import { defineConfig } from '../index.ts';", 'src/index.ts is a package entry: import the file that defines it'],
    ['evaluation/coco/tide.ts', "import { CocoEval } from '../../coco.ts';", 'src/coco.ts is a package entry: import the file that defines it'],
    ['data/transforms/apply.ts', "import * as tf from '@tensorflow/tfjs-core';", 'src/data holds typed arrays, not tensors'],
    ['data/batchLoader.ts', "import { augment } from './segmentation/augmentation.ts';", 'loaders know no kind of sample: give them one (src/data/sampleKind.ts)'],
    ['data/coco/overlay.ts', "export * from '../segmentation/classSet.ts';", 'loaders know no kind of sample: give them one (src/data/sampleKind.ts)'],
    ['helpers/text.ts', "import { gelu } from '../ops/gelu.ts';", 'src/helpers is in no layer: add it to scripts/lint/layers.mjs'],
  ])('reports %s: %s', (file, code, message) => {
    expect(complaints(file, code)).toEqual([message]);
  });

  it('orders every pair of rows one way only', () => {
    for (const [upper, lower] of [['cli', 'config'], ['engine', 'tasks'], ['heads', 'adapter'], ['adapter', 'backbones'], ['ops', 'backends']] as const) {
      expect(violation(upper, lower)).toBeUndefined();
      expect(violation(lower, upper)).toBeDefined();
    }
  });
});
