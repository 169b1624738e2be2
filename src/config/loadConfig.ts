// From a config file and the command line to a checked config.

import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { configSchema, type Config } from './configSchema.ts';
import { describeError } from './describeIssue.ts';
import { importConfig } from './importConfig.ts';
import { applyOverride } from './overrides.ts';
import { expandPreset } from './positionJoinSchema.ts';
import { member } from './schemaAt.ts';

export interface ConfigOverrides {
  /** A position join's preset. */
  readonly join?: string;
  /** The dataset's folder: of an image folder, the one that holds train/ and val/. */
  readonly data?: string;
  /** Assignments such as optimizer.lr=1e-3, applied in order, after all else. */
  readonly set?: readonly string[];
}

/**
 * Loads a config (TypeScript or JavaScript, anywhere), applies the overrides and checks the result.
 * @throws ConfigError in one line: a missing file, a file that fails, an unknown key, a value of the wrong kind.
 */
export async function loadConfig(file: string, overrides: ConfigOverrides = {}): Promise<Config> {
  return resolveConfig(file, await importConfig(file), overrides);
}

/**
 * The same for a command that does one task.
 * @throws ConfigError also when the config is for another task
 */
export async function loadConfigFor<Task extends Config['task']>(
  task: Task, file: string, overrides: ConfigOverrides = {},
): Promise<Extract<Config, { task: Task }>> {
  const config = await loadConfig(file, overrides);
  if (!isFor(config, task)) throw new ConfigError(`${file}: expected a config with task '${task}', got '${config.task}'; ${remedies[config.task]}`);
  return config;
}

const remedies: Record<Config['task'], string> = {
  classification: '`mpvg pretrain` trains it',
  segmentation: '`mpvg finetune` trains it',
};

function isFor<Task extends Config['task']>(config: Config, task: Task): config is Extract<Config, { task: Task }> {
  return config.task === task;
}

/** Overrides and check of what a file exports. `name` stands in messages. */
function resolveConfig(name: string, raw: unknown, { join, data, set = [] }: ConfigOverrides): Config {
  const config = plainCopy(name, raw);
  expandPreset(config);
  const assignments = [
    ...(join === undefined ? [] : [`model.join=${join}`]),
    ...(data === undefined ? [] : dataAssignments(config, data)),
    ...set,
  ];
  for (const assignment of assignments) {
    applyOverride(config, assignment, configSchema);
    expandPreset(config);
  }
  const checked = configSchema.safeParse(config);
  if (!checked.success) throw new ConfigError(`${name}: ${describeError(checked.error, configSchema, config)}`);
  return checked.data;
}

/** A copy that overrides may change. */
function plainCopy(name: string, raw: unknown): object {
  if (typeof raw !== 'object' || raw === null) throw new ConfigError(`${name}: expected an object as default export, got ${raw === null ? 'null' : typeof raw}`);
  try {
    return structuredClone(raw);
  } catch (error) {
    throw new ConfigError(`${name}: expected plain data, got ${error instanceof Error ? error.message : String(error)}`);
  }
}

function dataAssignments(config: object, dir: string): string[] {
  const kind = member(member(config, 'data'), 'kind');
  if (kind === 'imageFolder') return [`data.trainDir=${path.join(dir, 'train')}`, `data.valDir=${path.join(dir, 'val')}`];
  return [`data.dir=${dir}`];
}
