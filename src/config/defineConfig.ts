import type { PretrainConfigInput } from './pretrainSchema.ts';

/**
 * Returns its argument: it is there for the compiler, which then knows every key. The check at launch is loadConfig's.
 *
 *     export default defineConfig({ ...base, batchSize: 256 });
 */
export function defineConfig(config: PretrainConfigInput): PretrainConfigInput {
  return config;
}
