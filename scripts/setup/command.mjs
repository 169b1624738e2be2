import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/**
 * Where PATH finds a program, or undefined.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findProgram(name, env) {
  if (name.includes('/')) return fs.existsSync(name) ? name : undefined;
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (fs.statSync(file).isFile()) return file;
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return undefined;
}

// A program runs in a process group of its own and never outlives us: a watcher in the group reads a pipe whose other end is
// ours. The kernel closes that end however we go, also by SIGKILL, and the watcher then kills the group, compilers included.
const guard = '{ trap "" TERM INT HUP; read -r line <&3; kill -KILL "-$$"; } >/dev/null 2>&1 & exec "$@" 3<&-';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** What else is done away with when a signal ends us.
 * @type {Set<() => void>}
 */
export const endings = new Set();

/** Whether a signal is ending us; then nothing goes on from a program that it ended. */
let isEnding = false;

/**
 * @typedef {object} CommandOptions
 * @property {string} root where it runs
 * @property {NodeJS.ProcessEnv} env
 * @property {number} [lock] an open file that it holds as long as it runs, see lock.mjs
 * @property {boolean} [shown] what it prints goes to the terminal, and is not returned
 */

/**
 * Runs a program to its end and returns its exit code with all that it printed.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<{ code: number, stdout: string, output: string }>}
 */
export function runCommand(program, args, { root, env, lock, shown = false }) {
  return new Promise((resolve, reject) => {
    const printed = shown ? 'inherit' : 'pipe';
    const child = spawn('/bin/sh', ['-c', guard, 'sh', program, ...args], {
      cwd: root, env, detached: true, stdio: ['ignore', printed, printed, 'pipe', lock ?? 'ignore'],
    });
    running.add(child);
    let stdout = '';
    let output = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    // What a program leaves behind ends with it; only then are its pipes at their end.
    child.on('exit', () => child.stdio[3]?.destroy());
    child.on('close', (code, signal) => {
      running.delete(child);
      if (!isEnding) resolve({ code: code ?? 1, stdout, output: signal ? `${output}\nkilled by ${signal}` : output });
    });
  });
}

/**
 * From now on TERM, INT and HUP end the programs that run and then this process. What has not ended after five seconds, or when a
 * signal comes again, is killed.
 */
export function endWithPrograms() {
  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => {
    if (!isEnding) {
      isEnding = true;
      process.stderr.write(`stopped by ${signal}\n`);
      await Promise.race([Promise.all([...running].map(terminate)), new Promise((resolve) => setTimeout(resolve, 5000))]);
    }
    endings.forEach((ending) => ending());
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
  };
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) process.on(signal, end);
}

/** @param {import('node:child_process').ChildProcess} child */
function terminate(child) {
  return new Promise((resolve) => {
    child.on('close', resolve);
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has just ended.
    }
  });
}

/**
 * The last lines of a program's output, for a message.
 * @param {string} output
 * @param {number} count
 */
export function lastLines(output, count) {
  return output.trimEnd().split('\n').slice(-count).join('\n');
}

/** @param {string} output */
export function looksLikeNoNetwork(output) {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|ConnectTimeoutError|Temporary failure in name resolution|Network is unreachable|ProxyError/.test(output);
}

/** @param {string} output */
export function looksLikeDiskFull(output) {
  return /ENOSPC|No space left on device/.test(output);
}
