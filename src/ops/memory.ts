// What there is of memory for tensors, asked before it is needed: the system grants more than it has and ends the process later.

import { engine } from '@tensorflow/tfjs-core';
import { TorchBackend } from '../backends/torch/backend.ts';
import { binding } from '../backends/torch/binding.ts';
import { ConfigError } from '../errors.ts';

/** In bytes. */
export interface TensorMemory {
  /** In tensors. */
  readonly held: number;
  /** What the process has for tensors, used or not. */
  readonly reserved: number;
  /** By which that can grow: of the machine's memory, of the cgroup's, of addresses. */
  readonly available: number;
}

/** The memory of tensors on the CPU; undefined where they are elsewhere. */
export function tensorMemory(): TensorMemory | undefined {
  const { backend } = engine();
  if (!(backend instanceof TorchBackend) || backend.device !== 'cpu') return undefined;
  const { bytes, reservedBytes } = binding().memory();
  return { held: bytes, reserved: reservedBytes, available: binding().availableBytes() };
}

/**
 * Refuses what does not fit, before any of it is made.
 * @param bytes of new tensors
 * @param asker who makes them, and `what` they are, as the message has it: `asker: expected what that fits into memory`
 * @throws ConfigError
 */
export function expectMemoryFor(bytes: number, asker: string, what: string, remedy: string): void {
  const memory = tensorMemory();
  if (memory === undefined) return;
  const available = memory.available + memory.reserved - memory.held;
  if (bytes <= available) return;
  throw new ConfigError(`${asker}: expected ${what} that fits into memory, got ${gibibytes(bytes)} where ${gibibytes(available)} are available; ${remedy}`);
}

/** `4.2 GiB`. */
export function gibibytes(bytes: number): string {
  const size = bytes / 2 ** 30;
  return `${size < 1e6 ? size.toFixed(1) : size.toExponential(1)} GiB`;
}
