// A stamp is a small file that holds the fingerprint of what an output was made from. It is written last, so an interrupted
// step is done again. Contents are hashed, not times: a checkout that touches files rebuilds nothing.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/**
 * All files under `dir` whose name ends in one of `endings`, sorted; empty when there is no such folder.
 * @param {string} dir
 * @param {readonly string[]} endings
 * @returns {string[]}
 */
export function filesUnder(dir, endings) {
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/**
 * A hash of names, contents and whatever else the output depends on.
 * @param {string} root
 * @param {readonly string[]} files absolute paths
 * @param {readonly string[]} facts
 * @returns {string}
 */
export function fingerprint(root, files, facts) {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`${fact}\0`);
  for (const file of files) {
    hash.update(`${path.relative(root, file)}\0`);
    hash.update(fs.readFileSync(file));
    hash.update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} stampFile
 * @param {string} print
 * @param {string} output the file which the step makes
 */
export function isStamped(stampFile, print, output) {
  return fs.existsSync(output) && fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === print;
}

/**
 * @param {string} stampFile
 * @param {string} print
 */
export function writeStamp(stampFile, print) {
  fs.mkdirSync(path.dirname(stampFile), { recursive: true });
  fs.writeFileSync(stampFile, print);
}

/**
 * Where an npm package lies: in our node_modules, or in that of the project which we are installed in. Of one that is not there,
 * where it should be.
 * @param {string} root
 * @param {string} name
 * @returns {string}
 */
export function packageFolder(root, name) {
  for (let dir = root; ; dir = path.dirname(dir)) {
    const folder = path.join(dir, 'node_modules', name);
    if (fs.existsSync(path.join(folder, 'package.json'))) return folder;
    if (dir === path.dirname(dir)) return path.join(root, 'node_modules', name);
  }
}

/**
 * The version of an installed npm package; empty when it is not installed.
 * @param {string} root
 * @param {string} name
 * @returns {string}
 */
export function installedVersion(root, name) {
  const file = path.join(packageFolder(root, name), 'package.json');
  if (!fs.existsSync(file)) return '';
  /** @type {{ version: string }} */
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  return manifest.version;
}
