// A project for set-up to work on: the real scripts, and in place of npm, cmake, Python and the compilers small programs that
// write down how they were called and make the files which the real ones would make.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const repository = path.resolve(import.meta.dirname, '../../..');

export interface SetupRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the programs were called with since the last run, as "name argument argument". */
  readonly calls: readonly string[];
}

export interface StartedSetup {
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<SetupRun>;
}

export class FakeProject {
  readonly root: string;
  readonly bin: string;
  readonly #calls: string;

  /** @param prefix how its folder's name begins; with a space, since paths are handed on as arguments, never through a shell */
  constructor(prefix = 'mpvg set-up ') {
    this.root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), prefix)));
    this.bin = path.join(this.root, 'fake-bin');
    this.#calls = path.join(this.root, 'calls');
    fs.cpSync(path.join(repository, 'scripts'), path.join(this.root, 'scripts'), { recursive: true });
    this.write('package.json', '{ "name": "fake" }');
    this.write('package-lock.json', JSON.stringify({ packages: { '': {}, 'node_modules/typescript': { version: '6.0.0' }, 'node_modules/other-os': { version: '1.0.0', optional: true } } }));
    this.write('tsconfig.json', '{}');
    this.write('tsconfig.build.json', '{}');
    this.write('native/CMakeLists.txt', 'project(fake)');
    this.write('native/addon.cc', 'int one = 1;');
    this.write('src/cli/main.ts', 'export {};');
    this.writeTorch('torch', '2.13.0+cpu');

    this.program('npm', `
      write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/typescript': { version: '6.0.0' } } }));
      write('node_modules/typescript/package.json', '{ "version": "6.0.0" }');
      write('node_modules/typescript/bin/tsc', \`
        const fs = require('fs');
        fs.appendFileSync('calls', 'tsc\\\\n');
        fs.mkdirSync('dist/cli', { recursive: true });
        fs.writeFileSync('dist/cli/main.js', '');
        if (fs.readFileSync('src/cli/main.ts', 'utf8').includes('wrong')) { console.log("src/cli/main.ts(1,1): error TS2304: Cannot find name 'wrong'."); process.exit(2); }
      \`);
      write('node_modules/esbuild/package.json', '{ "version": "1.0.0" }');
      for (const name of ['node-addon-api', 'node-api-headers']) write("node_modules/" + name + "/package.json", '{ "version": "1.0.0" }');
      write('node_modules/esbuild/lib/main.js', \`
        exports.build = async ({ outfile, outdir }) => {
          fs.appendFileSync('calls', 'esbuild\\\\n');
          if (outfile) fs.writeFileSync(outfile, '');
          else return { outputFiles: [{ path: outdir + '/mpvg.js', contents: '' }] };
        };
        const fs = require('fs');
      \`);
    `);
    this.program('python3', `if (args[0] === '-c') console.log(path.join(root, 'torch'));`);
    fs.symlinkSync(execFileSync('which', ['flock'], { encoding: 'utf8' }).trim(), path.join(this.bin, 'flock'));
    this.program('c++', '');
    this.program('make', '');
    // The result has to be a library that Node can load.
    const bindings = path.join(repository, 'node_modules', '@rolldown');
    const name = fs.readdirSync(bindings, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith('.node'));
    const library = path.join(bindings, name ?? 'no binding');
    this.program('cmake', `
      if (args[0] === '--build') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
        fs.rmSync(path.join(args[1], 'mpvg.node'), { force: true });
        fs.symlinkSync(${JSON.stringify(library)}, path.join(args[1], 'mpvg.node'));
      } else {
        fs.mkdirSync(args[3], { recursive: true });
      }
    `);
  }

  write(name: string, text: string): void {
    const file = path.join(this.root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }

  /** What of a torch package set-up looks at. */
  writeTorch(dir: string, version: string): void {
    this.write(`${dir}/version.py`, `__version__ = '${version}'\n`);
    this.write(`${dir}/lib/libtorch_cpu.so`, '');
    this.write(`${dir}/include/ATen/ATen.h`, '');
  }

  /** Puts a program on PATH; `code` runs with args, fs, path, root and write(name, text). */
  program(name: string, code: string): void {
    this.write(`fake-bin/${name}`, `#!${process.execPath}
      const fs = require('fs'), path = require('path');
      const root = ${JSON.stringify(this.root)}, args = process.argv.slice(2);
      const write = (name, text) => { fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true }); fs.writeFileSync(path.join(root, name), text); };
      fs.appendFileSync(${JSON.stringify(this.#calls)}, ${JSON.stringify(name)} + ' ' + args.join(' ').replaceAll('\\n', ' ') + '\\n');
      ${code}
    `);
    fs.chmodSync(path.join(this.bin, name), 0o755);
  }

  without(name: string): void {
    fs.rmSync(path.join(this.bin, name));
  }

  exists(name: string): boolean {
    return fs.existsSync(path.join(this.root, name));
  }

  async setUp(env: Record<string, string> = {}, ...args: readonly string[]): Promise<SetupRun> {
    return this.start(env, ...args).ended;
  }

  /** Set-up that can be stopped. */
  start(env: Record<string, string> = {}, ...args: readonly string[]): StartedSetup {
    fs.rmSync(this.#calls, { force: true });
    const child = spawn(process.execPath, ['scripts/setup.mjs', ...args], { cwd: this.root, env: { PATH: this.bin, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => { stdout += String(chunk); });
    child.stderr.on('data', (chunk) => { stderr += String(chunk); });
    const ended = new Promise<SetupRun>((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, calls: this.calls() }));
    });
    return { kill: (signal) => child.kill(signal), ended };
  }

  /** What the addon was built from: torch or a package of headers. */
  linked(name: string): string {
    return fs.readlinkSync(path.join(this.root, 'build/native/found', name));
  }

  /** Calls so far, in order. */
  calls(): string[] {
    if (!fs.existsSync(this.#calls)) return [];
    return fs.readFileSync(this.#calls, 'utf8').split('\n').filter((line) => line !== '');
  }

  remove(): void {
    fs.rmSync(this.root, { recursive: true });
  }
}
