// A checkpoint: a directory {model,ema,optimizer}.safetensors + state.json that appears complete or not at all.
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foreignContent, TELLING_BYTES } from '../data/foreignContent.ts';
import { DataError } from '../errors.ts';
import { writeDirectoryAtomically, writeFileAtomically } from '../files/atomicWrite.ts';
import { floatTensors } from './floatTensors.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import type { TensorMap } from './storedTensor.ts';
import { locate } from '../files/temporaries.ts';
import { unwrapNames } from './wrapperNames.ts';
import { explainReadError } from '../files/writeError.ts';

export { assertSameModel } from './checkpointKeys.ts';

/** What a run needs beside tensors to go on exactly: plain JSON, numbers finite. */
export type CheckpointState = Readonly<Record<string, unknown>>;

/** What a training run saves. */
export interface Checkpoint {
  /** Parameters and buffers by their checkpoint key. */
  readonly model: TensorMap;
  /** The moving average of the parameters, when the run keeps one. */
  readonly ema?: TensorMap;
  /** The optimizer's state by its key. */
  readonly optimizer: TensorMap;
  /** Where the run stands. */
  readonly state: CheckpointState;
}

/** What was loaded. Only the model is always there: a single weights file has nothing else. */
export interface LoadedCheckpoint {
  /** The directory or file that was read, after a run directory was resolved to its checkpoint. */
  readonly path: string;
  /** Parameters and buffers by their checkpoint key. */
  readonly model: TensorMap;
  /** What stood before the names of all tensors of the model, which are without it here. */
  readonly wrapper?: string;
  /** The moving average of the parameters. */
  readonly ema?: TensorMap;
  /** The optimizer's state by its key. */
  readonly optimizer?: TensorMap;
  /** Where the run stood. */
  readonly state?: CheckpointState;
}

/** The tensor files of a checkpoint. */
export type CheckpointPart = 'model' | 'ema' | 'optimizer';

/** How to read a checkpoint. */
export interface LoadOptions {
  /** Which tensor files to read; default all that are there. `model` is always read. */
  readonly parts?: readonly CheckpointPart[];
  /** Which checkpoint of a run directory to take; the other one when it is absent. Default 'best'. */
  readonly prefer?: 'best' | 'last';
}

const stateFile = 'state.json';

/**
 * Writes a checkpoint directory. An older one at the same place stays intact until the new one is complete and on disk.
 * @throws DataError when there is no space left or the place cannot be written
 */
export async function saveCheckpoint(directory: string, { model, ema, optimizer, state }: Checkpoint): Promise<void> {
  const text = stateText(state);
  await writeDirectoryAtomically(directory, async (temporary) => {
    await writeSafetensors(fileOf(temporary, 'model'), model);
    if (ema) await writeSafetensors(fileOf(temporary, 'ema'), ema);
    await writeSafetensors(fileOf(temporary, 'optimizer'), optimizer);
    await writeFile(join(temporary, stateFile), text);
  });
}

/**
 * Replaces the state of a checkpoint that is there; its tensors stay.
 * @throws DataError as saveCheckpoint does; the older state is intact then
 */
export async function saveCheckpointState(directory: string, state: CheckpointState): Promise<void> {
  await writeFileAtomically(join(directory, stateFile), (temporary) => writeFile(temporary, stateText(state)));
}

/**
 * Finds the checkpoint that a path means: a .safetensors file or a checkpoint directory itself, or in a run directory
 * `checkpoints/best`, else `checkpoints/last`.
 * @returns the file or directory to read
 * @throws DataError when there is none
 */
export async function findCheckpoint(path: string, prefer: 'best' | 'last' = 'best'): Promise<string> {
  const found = await locate(path);
  if (found === undefined) throw new DataError(`findCheckpoint: expected a checkpoint at ${path}, got no such file or directory`);
  if (!(await stat(found)).isDirectory()) return checkedFile(found);
  if (await isFile(fileOf(found, 'model'))) return found;
  for (const name of prefer === 'best' ? ['best', 'last'] : ['last', 'best']) {
    for (const parent of [join(found, 'checkpoints'), found]) {
      const candidate = await locate(join(parent, name));
      if (candidate !== undefined && (await isFile(fileOf(candidate, 'model')))) return candidate;
    }
  }
  const names = await readdir(found).catch((error: unknown) => { throw explainReadError(error, path); });
  const got = names.length === 0 ? 'an empty directory' : `a directory with ${names.slice(0, 5).join(', ')}`;
  throw new DataError(`findCheckpoint: expected model.safetensors or checkpoints/{best,last} in ${path}, got ${got}`);
}

/**
 * Reads a checkpoint from anything that `findCheckpoint` accepts: what every option that takes weights means by its value. Values
 * are float32, whatever floating-point type the files have.
 * @throws DataError when there is none or a file in it is damaged
 */
export async function loadCheckpoint(path: string, { parts, prefer = 'best' }: LoadOptions = {}): Promise<LoadedCheckpoint> {
  const found = await findCheckpoint(path, prefer);
  if (!(await stat(found)).isDirectory()) return { path: found, ...(await readModel(found)) };
  const wanted = async (part: CheckpointPart): Promise<boolean> => (parts?.includes(part) ?? true) && isFile(fileOf(found, part));
  return {
    path: found,
    ...(await readModel(fileOf(found, 'model'))),
    ...((await wanted('ema')) && { ema: await readFloats(fileOf(found, 'ema')) }),
    ...((await wanted('optimizer')) && { optimizer: await readFloats(fileOf(found, 'optimizer')) }),
    ...((await isFile(join(found, stateFile))) && { state: await readState(join(found, stateFile)) }),
  };
}

async function readModel(path: string): Promise<Pick<LoadedCheckpoint, 'model' | 'wrapper'>> {
  const { tensors, wrapper } = unwrapNames(await readFloats(path));
  return { model: tensors, ...(wrapper !== '' && { wrapper }) };
}

async function readFloats(path: string): Promise<TensorMap> {
  return floatTensors(await readSafetensors(path), path);
}

async function readState(path: string): Promise<CheckpointState> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => { throw explainReadError(error, path); });
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (error) {
    const got = foreignContent(Buffer.from(text)) ?? (error instanceof Error ? error.message : String(error));
    throw new DataError(`loadCheckpoint: expected JSON in ${path}, got ${got}`);
  }
  if (!isRecord(state)) throw new DataError(`loadCheckpoint: expected a JSON object in ${path}, got ${text.slice(0, 40)}`);
  return state;
}

async function checkedFile(path: string): Promise<string> {
  if (path.endsWith('.safetensors')) return path;
  const handle = await open(path, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(TELLING_BYTES), 0, TELLING_BYTES, 0).finally(() => handle.close());
  const start = buffer.subarray(0, bytesRead);
  if (start[8] === 0x7b) return path; // a header's '{': safetensors under another name
  const got = foreignContent(start) ?? "another kind of file; save a .pth file's tensors with safetensors.torch.save_file";
  throw new DataError(`findCheckpoint: expected a .safetensors file or a directory at ${path}, got ${got}`);
}

function stateText(state: CheckpointState): string {
  return `${JSON.stringify(state, refuseNonFinite, 2)}\n`;
}

// JSON would turn these into null, and a resumed run into another one.
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new RangeError(`saveCheckpoint: expected a finite number for state ${key}, got ${value}`);
}

function isRecord(value: unknown): value is CheckpointState {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The file that a part of a loaded checkpoint was read from. */
export async function sourceOf({ path }: LoadedCheckpoint, part: CheckpointPart): Promise<string> {
  return await isFile(path) ? path : fileOf(path, part);
}

function fileOf(directory: string, part: CheckpointPart): string {
  return join(directory, `${part}.safetensors`);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}
