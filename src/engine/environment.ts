// What a run was made with: enough to judge its numbers and to repeat it.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { activeBackend, type ActiveBackend } from '../ops/activeBackend.ts';

/** The machine, the software and the source of a run; plain JSON. */
export interface Environment {
  /** `process.version`. */
  readonly node: string;
  /** Operating system, its release and the processor's architecture. */
  readonly platform: string;
  readonly host: string;
  readonly cpu: string;
  readonly cores: number;
  /** In GiB. */
  readonly memoryGiB: number;
  /** What computes; absent before a backend is chosen. */
  readonly backend?: ActiveBackend;
  /** Of this package. */
  readonly version: string;
  /** Of this package's repository, '-dirty' when files differ from it; absent in an installed package. */
  readonly commit?: string;
  /** The command line, without the interpreter. */
  readonly command: readonly string[];
}

// The package's root, from src/engine and dist/engine alike.
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Describes this process, its machine and the source it was built from. */
export async function describeEnvironment(): Promise<Environment> {
  const processors = cpus();
  const commit = await commitOf(packageRoot);
  const backend = activeBackend();
  return {
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    host: hostname(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    ...(backend !== undefined && { backend }),
    version: await packageVersion(),
    ...(commit !== undefined && { commit }),
    command: process.argv.slice(1),
  };
}

async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  return version;
}

async function commitOf(directory: string): Promise<string | undefined> {
  const git = async (...parameters: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('git', parameters, { cwd: directory, timeout: 5000 });
    return stdout.trim();
  };
  try {
    // Inside node_modules the repository around is the user's, not ours.
    if ((await git('rev-parse', '--show-prefix')) !== '') return undefined;
    return await git('describe', '--always', '--dirty', '--abbrev=40', '--exclude', '*');
  } catch {
    return undefined; // no git, or no repository
  }
}
