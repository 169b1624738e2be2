// dist/bin: the command line in a few files, each with what one command needs, since reading a hundred small modules takes longer
// than `mpvg --help` may. The modules themselves stay in dist/ for who imports them and for worker threads.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageFolder } from './stamp.mjs';

/** Binary, or large and loaded by few commands, or with a state of which there must be one. */
const external = ['@tensorflow/tfjs-core', 'jiti', 'sharp'];

/** CommonJS packages ask for Node's modules by `require`. */
const banner = "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/**
 * Bundles dist/cli/main.js, which has to be there.
 * @param {string} root
 */
export async function bundleCommandLine(root) {
  /** @type {typeof import('esbuild')} */
  const esbuild = await import(pathToFileURL(path.join(packageFolder(root, 'esbuild'), 'lib', 'main.js')).href);
  const bin = path.join(root, 'dist', 'bin');
  const { outputFiles } = await esbuild.build({
    entryPoints: { mpvg: path.join(root, 'dist', 'cli', 'main.js') },
    outdir: bin,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external,
    banner: { js: banner },
    plugins: [{ name: 'places', setup: (build) => build.onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, ({ path: file }) => keepPlace(file, root, bin)) }],
    write: false,
    logLevel: 'silent',
  });
  fs.rmSync(bin, { recursive: true, force: true });
  fs.mkdirSync(bin);
  for (const { path: file, contents } of outputFiles) fs.writeFileSync(file, contents);
  fs.chmodSync(path.join(bin, 'mpvg.js'), 0o755);
}

/** A module of ours that finds files by its own place finds them from the bundle too.
 * @param {string} file
 * @param {string} root
 * @param {string} bin
 */
function keepPlace(file, root, bin) {
  const text = fs.readFileSync(file, 'utf8');
  if (!file.startsWith(path.join(root, 'dist')) || !text.includes('import.meta.url')) return undefined;
  const place = `new URL(${JSON.stringify(path.relative(bin, file))}, import.meta.url).href`;
  return { contents: text.replaceAll('import.meta.url', place) };
}
