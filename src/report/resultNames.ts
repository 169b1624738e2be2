// Names for what is written about photos, so that no result takes the place of another or of a photo.

import path from 'node:path';

/**
 * A name for each photo's results, without an ending: the photo's own with its folders, and a number where another photo's
 * results have that name already. Names that differ in case or in how their letters are composed are the same: some file
 * systems know no difference.
 *
 * @param photos with `/` between folders, from where they are apart
 * @param endings of what is written for each, such as '.png'
 */
export function resultNames(photos: readonly string[], endings: readonly string[]): string[] {
  const files = new Set<string>();
  const folders = new Set<string>();
  return photos.map((photo) => {
    const own = photo.slice(0, photo.length - path.posix.extname(photo).length);
    let name = own;
    const taken = foldersOf(own).find((folder) => files.has(folder));
    for (let number = 2; !isFree(name); number++) name = numbered(own, number, taken);
    for (const ending of endings) files.add(sameName(name + ending));
    for (const folder of foldersOf(name)) folders.add(folder);
    return name;
  });

  function isFree(name: string): boolean {
    const written = endings.map((ending) => sameName(name + ending));
    return !written.some((file) => files.has(file) || folders.has(file)) && !foldersOf(name).some((folder) => files.has(folder));
  }
}

/** What is equal for names that some file system takes for the same. */
export function sameName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Paths from the folder that holds all of them, with `/` between names. */
export function withoutCommonFolder(paths: readonly string[]): string[] {
  const parts = paths.map((file) => path.resolve(file).split(path.sep));
  const [first = []] = parts;
  const differs = first.findIndex((name, depth) => parts.some((other) => other[depth] !== name || depth === other.length - 1));
  return parts.map((names) => names.slice(Math.max(differs, 0)).join('/'));
}

/** A folder that is a file already gets the number instead of the name. */
function numbered(name: string, number: number, taken: string | undefined): string {
  if (taken === undefined) return `${name}-${number}`;
  return `${name.slice(0, taken.length)}-${number}${name.slice(taken.length)}`;
}

function foldersOf(name: string): string[] {
  const parts = sameName(name).split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}
