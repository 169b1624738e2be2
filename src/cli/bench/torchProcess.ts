// A PyTorch process that does its side of a comparison when told to, so that two engines can be timed in turns in one run.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../errors.ts';

const scripts = new URL('../../../bench/', import.meta.url);
const ownPython = fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url));

const userSetSpinning = process.env['GOMP_SPINCOUNT'] !== undefined;

/** The Python that has PyTorch: the one given, else the project's .venv, else python3. */
export function torchPython(given: string | undefined): string {
  return given ?? (existsSync(ownPython) ? ownPython : 'python3');
}

export interface TorchOptions {
  /** Default: the project's .venv, else python3. */
  readonly python: string | undefined;
  /** A file under bench/ that says it is ready, and then answers each line of its input with one line of JSON. */
  readonly script: string;
  readonly args: readonly string[];
}

export class TorchProcess {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  readonly #errors: string[] = [];

  private constructor({ python, script, args }: TorchOptions) {
    // With OpenMP as the user has it, not as our engine sets it for itself.
    const env = { ...process.env };
    if (!userSetSpinning) delete env['GOMP_SPINCOUNT'];
    this.#child = spawn(torchPython(python), [fileURLToPath(new URL(script, scripts)), ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
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

  /** Sends a command. @returns what the process answers */
  async ask(command: string): Promise<unknown> {
    this.#child.stdin?.write(`${command}\n`);
    return await this.#answer();
  }

  stop(): void {
    this.#lines.close();
    this.#child.kill();
  }

  async #answer(): Promise<unknown> {
    const line = await this.#answers.next();
    if (line.done !== true) return JSON.parse(line.value);
    const reason = this.#errors.join('').trim().split('\n').at(-1) ?? '';
    throw new ConfigError(`bench: expected a Python with PyTorch to compare with, got: ${reason}; name one with --python`);
  }
}
