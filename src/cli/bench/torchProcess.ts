// A PyTorch process that takes training steps when told to, so that two engines can be timed in turns in one run.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../errors.ts';

const script = fileURLToPath(new URL('../../../bench/engine/torch_step.py', import.meta.url));
const ownPython = fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url));

const userSetSpinning = process.env['GOMP_SPINCOUNT'] !== undefined;

export interface TorchOptions {
  /** Default: the project's .venv, else python3. */
  readonly python: string | undefined;
  /** Folder with weights.bin and weights.json. */
  readonly weights: string;
  readonly batch: number;
  readonly threads: number;
  readonly precision: 'fp32' | 'bf16';
}

export interface Steps {
  readonly ms: readonly number[];
  /** Of the last step. */
  readonly loss: number;
}

export class TorchProcess {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  readonly #errors: string[] = [];

  private constructor({ python, weights, batch, threads, precision }: TorchOptions) {
    const program = python ?? (existsSync(ownPython) ? ownPython : 'python3');
    const args = [script, '--weights', weights, '--batch', `${batch}`, '--threads', `${threads}`, '--precision', precision];
    // With OpenMP as the user has it, not as our engine sets it for itself.
    const env = { ...process.env };
    if (!userSetSpinning) delete env['GOMP_SPINCOUNT'];
    this.#child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.on('error', (error) => this.#errors.push(error.message));
    this.#child.stdin?.on('error', (error) => this.#errors.push(error.message));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#errors.push(chunk.toString()));
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @throws ConfigError when there is no Python with PyTorch */
  static async start(options: TorchOptions): Promise<TorchProcess> {
    const process = new TorchProcess(options);
    await process.#answer();
    return process;
  }

  async step(count: number): Promise<Steps> {
    return await this.#ask(`step ${count}`) as Steps;
  }

  /** Largest resident size so far. */
  async peakBytes(): Promise<number> {
    return (await this.#ask('peak') as { peakBytes: number }).peakBytes;
  }

  stop(): void {
    this.#lines.close();
    this.#child.kill();
  }

  async #ask(command: string): Promise<unknown> {
    this.#child.stdin?.write(`${command}\n`);
    return await this.#answer();
  }

  async #answer(): Promise<unknown> {
    const line = await this.#answers.next();
    if (line.done !== true) return JSON.parse(line.value);
    const reason = this.#errors.join('').trim().split('\n').at(-1) ?? '';
    throw new ConfigError(`bench engine: expected a Python with PyTorch to compare with, got: ${reason}; name one with --python`);
  }
}
