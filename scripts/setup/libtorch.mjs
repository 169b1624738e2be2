// libtorch: from $MPVG_LIBTORCH, else from the torch that python3 imports, else from a .venv inside the project, which is
// created for it. No Python but that one is ever changed.

import fs from 'node:fs';
import path from 'node:path';
import { findProgram, lastLines, looksLikeDiskFull, looksLikeNoNetwork, runCommand } from './command.mjs';
import { SetupProblem } from './problem.mjs';

/** @typedef {import('./context.mjs').Context} Context */
/** @typedef {import('./context.mjs').Libtorch} Libtorch */

/** Older wheels for Linux were built with another C++ ABI. */
const minimumVersion = [2, 7];

/** The wheel that a new .venv gets, as an exact pin: the one we test with. */
const pinnedWheel = 'torch==2.13.0';

const remedy = 'set MPVG_LIBTORCH to the folder of a torch package, the one that holds include/ and lib/';

/**
 * The libtorch in a folder, or undefined where there is none.
 * @param {string} dir
 * @returns {Libtorch | undefined}
 */
function libtorchIn(dir) {
  const hasLibrary = fs.existsSync(path.join(dir, 'lib', 'libtorch_cpu.so'));
  if (!hasLibrary || !fs.existsSync(path.join(dir, 'include', 'ATen', 'ATen.h'))) return undefined;
  const python = path.join(dir, 'version.py');
  const distribution = path.join(dir, 'build-version');
  let version;
  if (fs.existsSync(python)) version = /__version__ = '([^']+)'/.exec(fs.readFileSync(python, 'utf8'))?.[1];
  else if (fs.existsSync(distribution)) version = fs.readFileSync(distribution, 'utf8').trim();
  return { dir, version: version ?? 'unknown' };
}

/** @param {Libtorch} found */
function isNewEnough({ version }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minimumMajor = 0, minimumMinor = 0] = minimumVersion;
  return major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
}

/**
 * @param {Context} context
 * @returns {Promise<Libtorch | undefined>}
 */
async function fromPython(context) {
  const python = findProgram('python3', context.env);
  if (python === undefined) return undefined;
  // Finding the package does not import it: that would take seconds.
  const script = 'import importlib.util as u\ns = u.find_spec("torch")\nprint(s.submodule_search_locations[0] if s and s.submodule_search_locations else "")';
  const { code, stdout } = await runCommand(python, ['-c', script], context);
  const dir = stdout.trim();
  return code === 0 && dir !== '' ? libtorchIn(dir) : undefined;
}

/**
 * @param {string} root
 * @returns {Libtorch | undefined}
 */
function fromVenv(root) {
  const lib = path.join(root, '.venv', 'lib');
  if (!fs.existsSync(lib)) return undefined;
  for (const python of fs.readdirSync(lib)) {
    const packages = path.join(lib, python, 'site-packages');
    // pip writes RECORD last: without it an installation was interrupted.
    const complete = fs.existsSync(packages)
      && fs.readdirSync(packages).some((name) => /^torch-.*\.dist-info$/.test(name) && fs.existsSync(path.join(packages, name, 'RECORD')));
    const found = complete ? libtorchIn(path.join(packages, 'torch')) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * @param {Context} context
 * @returns {Promise<Libtorch | undefined>}
 */
async function find(context) {
  const named = context.env['MPVG_LIBTORCH'];
  if (named) {
    const found = libtorchIn(path.resolve(named));
    if (found === undefined) throw new SetupProblem(`no libtorch in MPVG_LIBTORCH=${named}: ${remedy}`);
    if (!isNewEnough(found)) {
      throw new SetupProblem(`expected torch ${minimumVersion.join('.')} or newer in MPVG_LIBTORCH=${named}, got ${found.version}: pip install -U torch, or unset MPVG_LIBTORCH`);
    }
    return found;
  }
  const installed = await fromPython(context);
  if (installed !== undefined && isNewEnough(installed)) return installed;
  const own = fromVenv(context.root);
  return own !== undefined && isNewEnough(own) ? own : undefined;
}

/** @type {import('./context.mjs').Step} */
export const libtorch = {
  doing: `installing ${pinnedWheel} into .venv (python3 has no torch ${minimumVersion.join('.')} or newer; MPVG_LIBTORCH can name another)`,

  async current(context) {
    context.libtorch ??= await find(context);
    return context.libtorch !== undefined;
  },

  async make(context) {
    const { root, env } = context;
    const python = findProgram('python3', env);
    if (python === undefined) {
      throw new SetupProblem(`no libtorch and no python3 to install it: install Python 3.10 or newer with venv (Debian, Ubuntu: apt install python3-venv), or ${remedy}`);
    }
    const venv = path.join(root, '.venv');
    const venvPython = path.join(venv, 'bin', 'python');
    if (!fs.existsSync(path.join(venv, 'bin', 'pip'))) {
      const { code, output } = await runCommand(python, ['-m', 'venv', venv], context);
      if (code !== 0) {
        if (looksLikeDiskFull(output)) throw new SetupProblem('no space left on the disk for .venv');
        if (output.includes('PATH separator')) throw new SetupProblem(`Python makes no .venv in a folder whose path has a ":": move this one, or ${remedy}`);
        throw new SetupProblem(`python3 -m venv failed: install Python's venv (Debian, Ubuntu: apt install python3-venv), or ${remedy} (${lastLines(output, 1)})`);
      }
    }
    const { code, output } = await runCommand(venvPython, ['-m', 'pip', 'install', '--disable-pip-version-check', pinnedWheel], context);
    if (code === 0) return;
    if (looksLikeDiskFull(output)) throw new SetupProblem(`no space left on the disk for ${pinnedWheel} (about 1 GB, several with CUDA)`);
    if (looksLikeNoNetwork(output)) {
      throw new SetupProblem(`pip cannot reach its index for ${pinnedWheel}: connect to the network, or ${remedy}`);
    }
    if (/No matching distribution|Could not find a version/.test(output)) {
      throw new SetupProblem(`pip has no ${pinnedWheel} for this python3 and machine: use Python 3.10 or newer, or ${remedy}`);
    }
    throw new SetupProblem(`pip install ${pinnedWheel} failed:\n${lastLines(output, 15)}`);
  },
};
