import type { ConfigInput } from '../recipes/table.ts';

/** The configs of one task. */
export type OfTask<Task extends ConfigInput['task']> = Extract<ConfigInput, {
  /** Which task. */
  readonly task: Task;
}>;

/**
 * Returns its argument: it is there for the compiler, which then knows every key. The check at launch is loadConfig's.
 *
 *     export default defineConfig({ ...base, batchSize: 256 });
 */
export function defineConfig<Task extends ConfigInput['task']>(config: { task: Task } & OfTask<Task>): OfTask<Task> {
  return config;
}
