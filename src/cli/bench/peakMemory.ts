// The peak memory of three training steps, each side in a process of its own, its first step included.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { mebibytes } from './numbers.ts';
import { TorchProcess, type TorchOptions } from './torchProcess.ts';

export interface MemoryResult {
  readonly batch: number;
  readonly oursBytes: number;
  readonly torchBytes: number;
  readonly ratio: number;
}

/** Steps that a side takes before its peak is read. */
export const PEAK_STEPS = 3;

/** @param own arguments of `mpvg` that make it take our steps and print the peak in bytes */
export async function comparePeaks(batch: number, own: readonly string[], torch: TorchOptions): Promise<MemoryResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [process.argv[1]!, ...own]);
  const oursBytes = Number(stdout);
  const theirs = await TorchProcess.start(torch);
  try {
    await theirs.ask(`step ${PEAK_STEPS}`);
    const { peakBytes: torchBytes } = await theirs.ask('peak') as { peakBytes: number };
    return { batch, oursBytes, torchBytes, ratio: oursBytes / torchBytes };
  } finally {
    theirs.stop();
  }
}

/** Largest resident size of this process so far, bytes; Linux only. */
export async function peakBytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) * 1024;
}

export function describeMemory({ batch, oursBytes, torchBytes, ratio }: MemoryResult): string {
  return `batch ${batch}: peak memory ${mebibytes(oursBytes)} MiB, PyTorch ${mebibytes(torchBytes)} MiB, ratio ${ratio.toFixed(3)}`;
}
