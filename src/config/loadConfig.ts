// From a config file, or the config.json of a run, and the command line to a checked config.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expandPreset } from '../backbones/position/joinSchema.ts';
import { ConfigError } from '../errors.ts';
import type { Experiment, Recipe, RunConfig } from '../recipes/recipe.ts';
import { recipes } from '../recipes/table.ts';
import { member } from '../schema/schemaAt.ts';
import { describeError } from './describeIssue.ts';
import { importConfig } from './importConfig.ts';
import { nearest } from './nearest.ts';
import { applyOverride } from './overrides.ts';

/** What is changed in a config before it is checked. */
export interface ConfigOverrides {
  /** A position join's preset. */
  readonly join?: string;
  /** The dataset's folder: of an image folder, the one that holds train/ and val/. */
  readonly data?: string;
  /** Assignments such as optimizer.lr=1e-3, applied in order, after all else. */
  readonly set?: readonly string[];
}

/** What a file or a run holds, not checked yet. */
interface RawConfig {
  /** For messages. */
  readonly name: string;
  readonly raw: unknown;
  readonly recipe: Recipe;
}

/**
 * Loads a config (TypeScript or JavaScript, anywhere), applies the overrides and checks the result.
 * @param file may also be a run, or what is in it: then the config that it ran with
 * @throws ConfigError in one line: a missing file, a file that fails, an unknown key, a value of the wrong kind
 */
export async function openExperiment(file: string, overrides: ConfigOverrides = {}): Promise<Experiment> {
  const { name, raw, recipe } = await readConfig(file);
  return recipe.open(checkConfig(name, raw, recipe, overrides));
}

/**
 * The same for those who know the task: its config.
 * @throws ConfigError also when the config is of another task
 */
export async function loadConfig<Config extends RunConfig>(
  recipe: Recipe<Config>, file: string, overrides: ConfigOverrides = {},
): Promise<Config> {
  const { name, raw } = await readConfig(file);
  const task = member(raw, 'task');
  if (task !== recipe.task) throw new ConfigError(`${name}: expected a config with task '${recipe.task}', got '${String(task)}'`);
  return checkConfig(name, raw, recipe, overrides);
}

/** The run that a path is or lies in, such as runs/a/checkpoints/best; undefined where there is no config.json of one. */
function runOf(given: string): string | undefined {
  const [run = ''] = path.resolve(given).split(/\/checkpoints(?:\/|$)/);
  return existsSync(given) && existsSync(path.join(run, 'config.json')) ? run : undefined;
}

async function readConfig(file: string): Promise<RawConfig> {
  const run = /\.[cm]?[jt]s$/.test(file) ? undefined : runOf(file);
  if (run !== undefined) {
    const name = path.join(run, 'config.json');
    const raw = parsed(name);
    return { name, raw, recipe: await recipeFor(name, raw) };
  }
  const { config: raw, recipe } = await importConfig(file);
  return { name: file, raw, recipe: recipe ?? await recipeFor(file, raw) };
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${file}: expected JSON, got ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function recipeFor(name: string, raw: unknown): Promise<Recipe> {
  const task = member(objectOf(name, raw), 'task');
  const entry = recipes.find((candidate) => candidate.task === task);
  if (entry !== undefined) return entry.load();
  const tasks = recipes.map((candidate) => candidate.task);
  const meant = typeof task === 'string' ? nearest(task, tasks) : undefined;
  const got = task === undefined ? 'nothing' : JSON.stringify(task);
  throw new ConfigError(`${name}: expected one of ${tasks.join(', ')} for task, got ${got}${meant === undefined ? '' : `: did you mean ${meant}?`}; a task of your own comes with its config file, as \`export const recipe\``);
}

/** Overrides and check of what a file holds. `name` stands in messages. */
function checkConfig<Config extends RunConfig>(
  name: string, raw: unknown, recipe: Recipe<Config>, { join, data, set = [] }: ConfigOverrides,
): Config {
  const { schema } = recipe;
  const config = plainCopy(name, raw);
  expandPreset(config);
  const assignments = [
    ...(join === undefined ? [] : [`model.join=${join}`]),
    ...(data === undefined ? [] : dataAssignments(config, data, recipe)),
    ...set,
  ];
  for (const assignment of assignments) {
    applyOverride(config, assignment, schema);
    expandPreset(config);
  }
  const checked = schema.safeParse(config);
  if (!checked.success) throw new ConfigError(`${name}: ${describeError(checked.error, schema, config)}`);
  return checked.data;
}

function objectOf(name: string, raw: unknown): object {
  if (typeof raw === 'object' && raw !== null) return raw;
  throw new ConfigError(`${name}: expected an object as default export, got ${raw === null ? 'null' : typeof raw}`);
}

/** A copy that overrides may change. */
function plainCopy(name: string, raw: unknown): object {
  try {
    return structuredClone(objectOf(name, raw));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${name}: expected plain data, got ${error instanceof Error ? error.message : String(error)}`);
  }
}

function dataAssignments<Config extends RunConfig>(config: object, dir: string, recipe: Recipe<Config>): string[] {
  const paths = recipe.dataPaths?.(member(member(config, 'data'), 'kind'), dir) ?? { dir };
  return Object.entries(paths).map(([key, value]) => `data.${key}=${value}`);
}
