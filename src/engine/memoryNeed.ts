// Whether a run fits into memory, asked before its first step: what a step's tensors take is known from its trace, and without
// this the system would end the process in the midst of it. How near it comes to what is measured: docs/results.md.

import { ConfigError, ShapeError } from '../errors.ts';
import type { StepInput } from '../ops/compileStep.ts';
import { gibibytes, tensorMemory, type TensorMemory } from '../ops/memory.ts';

/** What takes memory in a run. */
export interface RunMemory {
  /** Pictures of one forward and backward pass. */
  readonly batchSize: number;
  /** Of such passes make an update. */
  readonly accumulationSteps: number;
  /** What a pass is given for so many pictures. */
  readonly inputs: (pictures: number) => readonly StepInput[];
  /** The most bytes that tensors of a pass take at a time, beside what there is already. */
  readonly peakBytes: (inputs: readonly StepInput[]) => number;
  /** Batches that are being made, wait, or are in use. */
  readonly batchesAhead: number;
  /** What a checkpoint holds: it is read back from the tensors when it is written. */
  readonly savedBytes: number;
}

/** Blocks of different sizes leave gaps between them. */
const GAPS = 1.1;
/** What libraries take for themselves: packed weights, threads' stacks. */
const LIBRARIES_BYTES = 80 * 2 ** 20;
/** Of what is available, so much is for the batch that is proposed: other programs come and go. */
const PROPOSED_SHARE = 0.95;
const MOST_PROPOSALS = 10;

/**
 * Refuses a run that does not fit, and says which batch would.
 * @param memory what there is; by default, what there is now
 * @throws ConfigError
 */
export function expectRunFits(run: RunMemory, memory: TensorMemory | undefined = tensorMemory()): void {
  if (memory === undefined) return; // not on the CPU
  const { available } = memory;
  const needed = neededBytes(run, run.batchSize, memory);
  if (needed <= available) return;
  const got = `${needed === Infinity ? 'more than can be counted' : `about ${gibibytes(needed)}`} needed for batchSize ${run.batchSize * run.accumulationSteps} where ${gibibytes(available)} are available`;
  const fitting = fittingBatch(run, memory);
  const parts = run.accumulationSteps > 1 ? ` (${run.accumulationSteps} parts of ${fitting})` : '';
  const remedy = fitting === 0 ?
    'not even the smallest batch would fit: make the model or the pictures smaller' :
    `batchSize ${fitting * run.accumulationSteps}${parts} would fit`;
  throw new ConfigError(`train: expected a training step that fits into memory, got ${got}; ${remedy}`);
}

/** By how much the process would grow. Infinity where sizes are beyond all bounds. */
function neededBytes(run: RunMemory, pictures: number, { held, reserved }: TensorMemory): number {
  const inputs = run.inputs(pictures);
  const tensors = Math.max(0, held + GAPS * peakOf(run, inputs) - reserved);
  const batch = inputs.reduce((sum, { shape, dtype }) => sum + shape.reduce((product, size) => product * size, dtype === 'bytes' ? 1 : 4), 0);
  return tensors + LIBRARIES_BYTES + run.batchesAhead * batch + run.savedBytes;
}

/** One picture, or two where a batch norm wants more than one. */
function smallest(needed: (pictures: number) => number): { pictures: number; bytes: number } {
  try {
    return { pictures: 1, bytes: needed(1) };
  } catch (error) {
    if (error instanceof ShapeError) return { pictures: 2, bytes: needed(2) };
    throw error;
  }
}

function peakOf(run: RunMemory, inputs: readonly StepInput[]): number {
  try {
    return run.peakBytes(inputs);
  } catch (error) {
    if (error instanceof Error && /overflow|out of memory|sizes of 0 or more/i.test(error.message)) return Infinity;
    throw error;
  }
}

/** The most pictures that fit, found by tracing proposals between one that fits and one that does not; 0 for none. */
function fittingBatch(run: RunMemory, memory: TensorMemory): number {
  const limit = PROPOSED_SHARE * memory.available;
  const needed = (pictures: number): number => neededBytes(run, pictures, memory);
  let fits = smallest(needed);
  if (fits.bytes > limit) return 0;
  let exceeds = { pictures: run.batchSize, bytes: needed(run.batchSize) };
  for (let i = 0; i < MOST_PROPOSALS && exceeds.pictures - fits.pictures > 1; i++) {
    // Memory grows with the batch almost in a line; where it does not, halving its logarithm ends too.
    const onLine = fits.pictures + (limit - fits.bytes) / (exceeds.bytes - fits.bytes) * (exceeds.pictures - fits.pictures);
    const between = Math.floor(i % 2 === 0 && exceeds.bytes < Infinity ? onLine : Math.sqrt(fits.pictures * exceeds.pictures));
    const pictures = Math.min(exceeds.pictures - 1, Math.max(fits.pictures + 1, between));
    const proposal = { pictures, bytes: needed(pictures) };
    if (proposal.bytes <= limit) fits = proposal;
    else exceeds = proposal;
  }
  return fits.pictures;
}
