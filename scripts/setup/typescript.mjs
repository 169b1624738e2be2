// dist/: the TypeScript of src/, compiled, and the command line bundled.

import fs from 'node:fs';
import path from 'node:path';
import { bundleCommandLine } from './bundle.mjs';
import { runCommand } from './command.mjs';
import { SetupProblem } from './problem.mjs';
import { filesUnder, fingerprint, installedVersion, isStamped, writeStamp } from './stamp.mjs';

/** @param {import('./context.mjs').Context} context */
function paths({ root }) {
  const dist = path.join(root, 'dist');
  return { src: path.join(root, 'src'), dist, compiled: path.join(dist, 'cli', 'main.js'), output: path.join(dist, 'bin', 'mpvg.js'), stamp: path.join(dist, '.setup-stamp') };
}

/** @param {import('./context.mjs').Context} context */
function print(context) {
  const sources = filesUnder(paths(context).src, ['.ts']);
  const settings = ['tsconfig.json', 'tsconfig.build.json'].map((name) => path.join(context.root, name));
  const tools = ['typescript', 'esbuild'].map((name) => `${name} ${installedVersion(context.root, name)}`);
  return fingerprint(context.root, [...sources, ...settings, path.join(import.meta.dirname, 'bundle.mjs')], tools);
}

/** Removes what was compiled from sources that are gone.
 * @param {import('./context.mjs').Context} context
 */
function prune(context) {
  const { src, dist } = paths(context);
  for (const file of filesUnder(dist, ['.js', '.js.map', '.d.ts'])) {
    const source = path.relative(dist, file).replace(/(\.js\.map|\.js|\.d\.ts)$/, '.ts');
    if (!fs.existsSync(path.join(src, source))) fs.rmSync(file);
  }
}

/** @type {import('./context.mjs').Step} */
export const typescript = {
  doing: 'compiling TypeScript',

  current(context) {
    const { stamp, output } = paths(context);
    return isStamped(stamp, print(context), output);
  },

  async make(context) {
    const { root } = context;
    const { dist, compiled, stamp } = paths(context);
    const made = print(context);
    fs.rmSync(stamp, { force: true });
    // The compiler's own record of what it wrote does not notice that somebody removed it.
    if (!fs.existsSync(compiled)) fs.rmSync(path.join(dist, '.tsbuildinfo'), { force: true });
    const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { code, output: printed } = await runCommand(process.execPath, [compiler, '-p', 'tsconfig.build.json'], context);
    if (code !== 0) throw new SetupProblem(`TypeScript does not compile:\n${printed.trimEnd().split('\n').slice(0, 15).join('\n')}`);
    prune(context);
    await bundleCommandLine(root);
    writeStamp(stamp, made);
  },
};
