// A folder of class folders: ROOT/<class>/…/<picture>. Source: the layout of torchvision.datasets.ImageFolder, and its
// numbering: classes sorted by name, pictures sorted by path within a class. Departures: names that start with a dot are
// skipped (editors and macOS leave such files), GIF and AVIF count as pictures, a picture in a format that cannot be decoded
// (BMP, PPM) is an error instead of a failure in the middle of an epoch.

import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { DataError } from '../errors.ts';
import { DECODABLE_EXTENSIONS } from './decode.ts';
import type { ClassificationDataset, RawImage } from './dataset.ts';
import { loadSource, type PictureSource } from './sampleSource.ts';

const UNDECODABLE_EXTENSIONS = ['.bmp', '.ppm', '.pgm'];

export class ImageFolder implements ClassificationDataset {
  readonly size: number;
  readonly classNames: readonly string[];
  readonly #dir: string;
  readonly #paths: readonly string[];
  readonly #labels: Int32Array;

  private constructor(dir: string, classNames: readonly string[], pathsByClass: readonly (readonly string[])[]) {
    this.#dir = dir;
    this.classNames = classNames;
    this.#paths = pathsByClass.flat();
    this.#labels = Int32Array.from(pathsByClass.flatMap((paths, label) => paths.map(() => label)));
    this.size = this.#paths.length;
  }

  /**
   * Lists a folder; no picture is opened.
   * @throws DataError when the folder is missing or unreadable, has no class folder, or a class folder has no picture.
   */
  static async open(dir: string): Promise<ImageFolder> {
    const classNames: string[] = [];
    for (const name of await sortedNames(dir)) {
      if ((await statOf(join(dir, name))).isDirectory()) classNames.push(name);
    }
    if (classNames.length === 0) {
      throw new DataError(`ImageFolder.open: expected one folder of pictures per class in ${dir}, got no folder`);
    }
    const pathsByClass: string[][] = [];
    for (const className of classNames) {
      const paths: string[] = [];
      await collect(dir, className, paths, new Set());
      if (paths.length === 0) {
        throw new DataError(
          `ImageFolder.open: expected at least one picture (${DECODABLE_EXTENSIONS.join(' ')}) ` +
            `for class '${className}', got none in ${join(dir, className)}`,
        );
      }
      pathsByClass.push(paths);
    }
    return new ImageFolder(dir, classNames, pathsByClass);
  }

  label(index: number): number {
    return this.#labels[this.#checked(index)] ?? 0;
  }

  describe(index: number): string {
    return join(this.#dir, this.#paths[this.#checked(index)] ?? '');
  }

  source(index: number): PictureSource {
    return { kind: 'file', path: this.describe(index) };
  }

  async load(index: number): Promise<RawImage> {
    return loadSource(this.source(index));
  }

  #checked(index: number): number {
    if (!(index >= 0 && index < this.size)) {
      throw new RangeError(`ImageFolder: expected an index in [0, ${this.size}), got ${index}`);
    }
    return index;
  }
}

/** Appends the pictures under root/folder, as paths relative to root. `visited` ends loops of symbolic links. */
async function collect(root: string, folder: string, paths: string[], visited: Set<string>): Promise<void> {
  const real = await realpath(join(root, folder));
  if (visited.has(real)) return;
  visited.add(real);
  const subfolders: string[] = [];
  for (const entry of await sortedEntries(join(root, folder))) {
    const path = join(folder, entry.name);
    const kind = entry.isSymbolicLink() ? await statOf(join(root, path)) : entry;
    if (kind.isDirectory()) subfolders.push(path);
    else if (kind.isFile() && isPicture(join(root, path))) paths.push(path);
  }
  // As os.walk does: a folder's own files come before those of its subfolders.
  for (const subfolder of subfolders) await collect(root, subfolder, paths, visited);
}

function isPicture(path: string): boolean {
  const extension = extname(path).toLowerCase();
  if (UNDECODABLE_EXTENSIONS.includes(extension)) {
    throw new DataError(
      `ImageFolder.open: expected pictures in one of ${DECODABLE_EXTENSIONS.join(' ')}, got ${path}: convert or remove it`,
    );
  }
  return DECODABLE_EXTENSIONS.includes(extension);
}

async function sortedNames(dir: string): Promise<string[]> {
  return (await sortedEntries(dir)).map((entry) => entry.name);
}

async function sortedEntries(dir: string) {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (error) {
    throw unreadable(dir, error);
  }
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): DataError {
  return new DataError(`ImageFolder.open: expected a readable folder or file at ${path}, got: ${error instanceof Error ? error.message : String(error)}`);
}
