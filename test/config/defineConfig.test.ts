import { describe, expectTypeOf, it } from 'vitest';
import { defineConfig } from '../../src/config/defineConfig.ts';
import type { PretrainConfigInput } from '../../src/config/pretrainSchema.ts';

// Type checks: `npm run types` fails when one of the marked lines stops being an error.
describe('defineConfig', () => {
  it('makes the compiler refuse misspelt keys, unknown choices and values of the wrong kind', () => {
    const typos = (base: PretrainConfigInput) => [
      // @ts-expect-error -- a misspelt key
      defineConfig({ ...base, batchsize: 3 }),
      // @ts-expect-error -- a misspelt key one level down
      defineConfig({ ...base, schedule: { ...base.schedule, epoch: 3 } }),
      // @ts-expect-error -- no such preset
      defineConfig({ ...base, model: { ...base.model, join: 'mpgv' } }),
      // @ts-expect-error -- text for a number
      defineConfig({ ...base, seed: '3' }),
    ];
    expectTypeOf(typos).returns.items.toEqualTypeOf<PretrainConfigInput>();
  });
});
