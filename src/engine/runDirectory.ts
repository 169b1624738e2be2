// A run on disk: runs/<name>/ with config.json, env.json, log.jsonl, metrics.json and checkpoints/{last,best}.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../files/atomicWrite.ts';
import { makeFolder } from '../files/makeFolder.ts';
import { cleanTemporaries, isTemporary, locate } from '../files/temporaries.ts';
import { systemCode } from '../files/systemReason.ts';
import { explainReadError, explainWriteError } from '../files/writeError.ts';
import { ConfigError, DataError } from '../errors.ts';
import { jsonDifferences } from './jsonDifferences.ts';
import { describeEnvironment } from './environment.ts';
import { RunLog } from './runLog.ts';
import { isLockFile } from '../files/runLock.ts';

const configName = 'config.json';

/** How to start or continue a run. */
export interface RunOptions {
  /** The run's directory; made, with its parents, when absent. */
  readonly path: string;
  /** The resolved configuration; plain JSON. */
  readonly config: unknown;
  /** Continue what is there. A directory that is empty or absent starts anew. Default false. */
  readonly resume?: boolean;
}

/** A run that can be started or continued. */
export interface RunDirectory {
  /** The run's folder. */
  readonly path: string;
  /** Its log.jsonl. */
  readonly log: RunLog;
  /** The checkpoint to continue from; absent in a new run, or when the older one was stopped before its first checkpoint. */
  readonly resumeFrom?: string;
  /** On resume: where the configuration differs from the one the run began with, one line each. */
  readonly configChanges: readonly string[];
  /**
   * Cleans what a killed process left and writes config.json and env.json. Up to here nothing of the run has changed, so it is
   * to be called when nothing is left that could be refused.
   * @throws DataError when it cannot be written
   */
  begin(): Promise<void>;
}

/** Where a run keeps the checkpoint of this name ('last' or 'best'). */
export function checkpointPath(runPath: string, name: string): string {
  return join(runPath, 'checkpoints', name);
}

/**
 * Looks at the place of a run that is to be started or, with `resume`, continued. To be called under `lockRun`. The caller that
 * resumes then loads `resumeFrom`, calls `begin`, and `log.truncateAfter` with the step found there (with -1 when there is no
 * checkpoint).
 * @throws ConfigError when the directory holds something and `resume` is not set, or holds no run or one of another task;
 *   DataError when its config.json is damaged
 */
export async function openRun({ path, config, resume = false }: RunOptions): Promise<RunDirectory> {
  const names = await namesIn(path);
  if (names.length > 0 && !resume) {
    throw new ConfigError(`openRun: expected a new or empty directory for the run, got ${path} with ${some(names)}; continue that run with --resume or choose another directory with --out`);
  }
  if (names.length > 0 && !names.includes(configName)) {
    throw new ConfigError(`openRun: expected a run to resume in ${path}, got a directory without config.json (it has ${some(names)})`);
  }
  const configFile = join(path, configName);
  const before = names.length > 0 ? await readJson(configFile) : config;
  expectSameTask(path, before, config);
  const configChanges = jsonDifferences(before, config);
  const resumeFrom = resume ? await lastCheckpoint(path) : undefined;
  const begin = async (): Promise<void> => {
    try {
      await writeJson(configFile, config); // first: a directory with anything else and without it is no run
      await cleanTemporaries(path);
      await makeFolder(join(path, 'checkpoints'));
      await cleanTemporaries(join(path, 'checkpoints'));
      await writeJson(join(path, 'env.json'), await describeEnvironment());
    } catch (error) {
      throw explainWriteError(error, path, 'the run was not started');
    }
  };
  return { path, log: new RunLog(join(path, 'log.jsonl')), configChanges, ...(resumeFrom !== undefined && { resumeFrom }), begin };
}

/** Where the task is another, so is nearly all of the config: that is said alone. @throws ConfigError */
function expectSameTask(path: string, before: unknown, now: unknown): void {
  const taskOf = (config: unknown) => (typeof config === 'object' && config !== null && 'task' in config ? String(config.task) : undefined);
  const [theirs, ours] = [taskOf(before), taskOf(now)];
  if (theirs === undefined || ours === undefined || theirs === ours) return;
  throw new ConfigError(`openRun: expected a run of the task ${ours} to resume in ${path}, got one of ${theirs}; resume that with its own command and config, or choose another directory with --out`);
}

/** Writes metrics.json, the run's results so far, in place of an older one. */
export async function writeMetrics(runPath: string, metrics: unknown): Promise<void> {
  await writeJson(join(runPath, 'metrics.json'), metrics);
}

/** `last`, be it set aside by a process that was killed as it replaced it; else `best`. */
async function lastCheckpoint(path: string): Promise<string | undefined> {
  return await locate(checkpointPath(path, 'last')) ?? await locate(checkpointPath(path, 'best'));
}

async function namesIn(path: string): Promise<string[]> {
  const status = await stat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined; // what can be made of it is lockRun's matter
    throw explainReadError(error, path);
  });
  if (status === undefined) return [];
  if (!status.isDirectory()) throw new ConfigError(`openRun: expected a directory for the run, got the file ${path}`);
  const names = await readdir(path).catch((error: unknown) => { throw explainReadError(error, path); });
  return names.filter((name) => !isLockFile(name) && !isTemporary(name)).sort();
}

function some(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => { throw explainReadError(error, path); });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`openRun: expected JSON in ${path}, got ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, (temporary) => writeFile(temporary, `${JSON.stringify(value, undefined, 2)}\n`));
}
