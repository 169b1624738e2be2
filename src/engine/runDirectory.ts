// A run on disk: runs/<name>/ with config.json, env.json, log.jsonl, metrics.json and checkpoints/{last,best,step-NNNNNN}.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomicWrite.ts';
import { findCheckpoint } from '../checkpoint/checkpoint.ts';
import { cleanTemporaries } from '../checkpoint/temporaries.ts';
import { explainWriteError } from '../checkpoint/writeError.ts';
import { ConfigError, DataError } from '../errors.ts';
import { jsonDifferences } from './jsonDifferences.ts';
import { describeEnvironment } from './environment.ts';
import { RunLog } from './runLog.ts';
import { isLockFile } from './runLock.ts';

/** How to start or continue a run. */
export interface RunOptions {
  /** The run's directory; made, with its parents, when absent. */
  readonly path: string;
  /** The resolved configuration; plain JSON. */
  readonly config: unknown;
  /** Continue what is there. A directory that is empty or absent starts anew. Default false. */
  readonly resume?: boolean;
}

/** An open run. */
export interface RunDirectory {
  readonly path: string;
  readonly log: RunLog;
  /** The checkpoint to continue from; absent in a new run, or when the older one was stopped before its first checkpoint. */
  readonly resumeFrom?: string;
  /** On resume: where the configuration differs from the one the run began with, one line each. */
  readonly configChanges: readonly string[];
}

/** Where a run keeps the checkpoint of this name ('last', 'best', `stepCheckpointName(step)`). */
export function checkpointPath(runPath: string, name: string): string {
  return join(runPath, 'checkpoints', name);
}

/** The name of a checkpoint that is kept for good: 'step-' and at least six digits. */
export function stepCheckpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/**
 * Starts a run, or with `resume` continues one: cleans what a killed process left, writes config.json and env.json, opens
 * the log. To be called under `lockRun`. The caller that resumes then loads `resumeFrom` and calls `log.truncateAfter` with the
 * step found there (with -1 when there is no checkpoint).
 * @throws ConfigError when the directory holds something and `resume` is not set, or holds no run; DataError when it cannot
 * be written
 */
export async function openRun({ path, config, resume = false }: RunOptions): Promise<RunDirectory> {
  const names = await namesIn(path);
  if (names.length > 0 && !resume) {
    throw new ConfigError(`openRun: expected a new or empty directory for the run, got ${path} with ${some(names)}; continue that run with --resume or choose another directory with --out`);
  }
  if (names.length > 0 && !names.includes('config.json')) {
    throw new ConfigError(`openRun: expected a run to resume in ${path}, got a directory without config.json (it has ${some(names)})`);
  }
  try {
    await mkdir(join(path, 'checkpoints'), { recursive: true });
    await cleanTemporaries(path);
    await cleanTemporaries(join(path, 'checkpoints'));
    const configFile = join(path, 'config.json');
    const configChanges = names.length > 0 ? jsonDifferences(await readJson(configFile), plain(config)) : [];
    await writeJson(configFile, config);
    await writeJson(join(path, 'env.json'), await describeEnvironment());
    const resumeFrom = resume ? await lastCheckpoint(path) : undefined;
    return { path, log: new RunLog(join(path, 'log.jsonl')), configChanges, ...(resumeFrom !== undefined && { resumeFrom }) };
  } catch (error) {
    throw explainWriteError(error, path, 'the run was not started');
  }
}

/** Writes metrics.json, the run's results so far, in place of an older one. */
export async function writeMetrics(runPath: string, metrics: unknown): Promise<void> {
  await writeJson(join(runPath, 'metrics.json'), metrics);
}

async function lastCheckpoint(path: string): Promise<string | undefined> {
  const names = await readdir(join(path, 'checkpoints'));
  return names.some((name) => name === 'last' || name === 'best') ? findCheckpoint(path, 'last') : undefined;
}

async function namesIn(path: string): Promise<string[]> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return [];
  if (!status.isDirectory()) throw new ConfigError(`openRun: expected a directory for the run, got the file ${path}`);
  return (await readdir(path)).filter((name) => !isLockFile(name)).sort();
}

function some(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`openRun: expected JSON in ${path}, got ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, (temporary) => writeFile(temporary, `${JSON.stringify(value, undefined, 2)}\n`));
}
