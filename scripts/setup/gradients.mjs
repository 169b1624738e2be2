// build/tfjs-gradients.mjs: tfjs-core's gradients in one file. Its Node build registers none, and the modules which do are
// not among its exports for Node. The bundle carries its own copy of what they use; tape and registries live in
// tfjs-core's global namespace, so both copies share them, provided that tfjs-core itself was imported first.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fingerprint, installedVersion, isStamped, writeStamp } from './stamp.mjs';

/** @param {import('./context.mjs').Context} context */
function paths({ root }) {
  return { output: path.join(root, 'build', 'tfjs-gradients.mjs'), stamp: path.join(root, 'build', 'tfjs-gradients.stamp') };
}

/** @param {import('./context.mjs').Context} context */
function print({ root }) {
  return fingerprint(root, [import.meta.filename], ['@tensorflow/tfjs-core', 'esbuild'].map((name) => `${name} ${installedVersion(root, name)}`));
}

/** @type {import('./context.mjs').Step} */
export const gradients = {
  doing: "bundling tfjs-core's gradients",

  current(context) {
    const { stamp, output } = paths(context);
    return isStamped(stamp, print(context), output);
  },

  async make(context) {
    const { root } = context;
    const { output, stamp } = paths(context);
    /** @type {typeof import('esbuild')} */
    const esbuild = await import(pathToFileURL(path.join(root, 'node_modules', 'esbuild', 'lib', 'main.js')).href);
    fs.rmSync(stamp, { force: true });
    const unfinished = `${output}.${process.pid}`;
    await esbuild.build({
      entryPoints: [path.join(root, 'node_modules', '@tensorflow', 'tfjs-core', 'dist', 'register_all_gradients.js')],
      outfile: unfinished,
      bundle: true,
      format: 'esm',
      platform: 'node',
      // tfjs-core declares its modules free of side effects, but registering is one.
      ignoreAnnotations: true,
      logLevel: 'silent',
    });
    fs.renameSync(unfinished, output);
    writeStamp(stamp, print(context));
  },
};
