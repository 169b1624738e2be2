import { describe, expectTypeOf, it } from 'vitest';
import { defineConfig } from '../../src/config/defineConfig.ts';
import type { ClassificationConfigInput } from '../../src/recipes/classification/schema.ts';
import type { SegmentationConfigInput } from '../../src/recipes/segmentation/schema.ts';

// Type checks: `npm run types` fails when one of the marked lines stops being an error.
describe('defineConfig', () => {
  it('makes the compiler refuse misspelt keys, unknown choices and values of the wrong kind', () => {
    const typos = (base: ClassificationConfigInput) => [
      // @ts-expect-error -- a misspelt key
      defineConfig({ ...base, batchsize: 3 }),
      // @ts-expect-error -- a misspelt key one level down
      defineConfig({ ...base, schedule: { ...base.schedule, epoch: 3 } }),
      // @ts-expect-error -- no such preset
      defineConfig({ ...base, model: { ...base.model, join: 'mpgv' } }),
      // @ts-expect-error -- text for a number
      defineConfig({ ...base, seed: '3' }),
    ];
    expectTypeOf(typos).returns.items.toEqualTypeOf<ClassificationConfigInput>();
  });

  it('does so for segmentation configs, and tells the tasks apart', () => {
    const typos = (base: SegmentationConfigInput) => [
      // @ts-expect-error -- a misspelt key
      defineConfig({ ...base, evaluateEveryStep: 3 }),
      // @ts-expect-error -- a misspelt key two levels down
      defineConfig({ ...base, model: { ...base.model, adapter: { ...base.model.adapter, deformHead: 3 } } }),
      // @ts-expect-error -- a key of another task
      defineConfig({ ...base, labelSmoothing: 0.1 }),
      // @ts-expect-error -- no such task
      defineConfig({ ...base, task: 'detection' }),
    ];
    expectTypeOf(typos).parameter(0).toEqualTypeOf<SegmentationConfigInput>();
    const derived = (base: SegmentationConfigInput) => defineConfig({ ...base, seed: 1 });
    expectTypeOf(derived).returns.toEqualTypeOf<SegmentationConfigInput>();
  });
});
