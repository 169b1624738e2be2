// A folder of class folders: ROOT/<class>/…/<picture>. Source: the layout of torchvision.datasets.ImageFolder, and its
// numbering: classes sorted by name, pictures by folder and name within a class, all by code points. Departures: hidden files and
// what systems leave behind are passed by; GIF and AVIF count as pictures; a picture in a format that cannot be decoded is an
// error instead of a failure in the middle of an epoch, and so is a folder that two classes share through links.

import { join } from 'node:path';
import { DataError } from '../errors.ts';
import type { ClassificationDataset } from './dataset.ts';
import type { RawImage } from './decode.ts';
import { inCodePointOrder } from './files/codePointOrder.ts';
import { PHOTO_EXTENSIONS, photosAmong } from './files/fileNames.ts';
import { walkFolders } from './files/walkFolders.ts';
import { loadPicture, type PictureSource } from './pictureSource.ts';

const CALLER = 'ImageFolder.open';

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
   * @throws DataError when the folder is missing or unreadable, has no class folder, or a class folder has no picture; naming
   * links that cannot be followed, and folders that two classes share
   */
  static async open(dir: string): Promise<ImageFolder> {
    const pathsByClass = new Map<string, string[]>();
    const classOf = new Map<string, string>();
    for (const { name, real, files } of await walkFolders(dir, { caller: CALLER, what: 'one folder of pictures per class' })) {
      if (name === '') continue;
      const [className = ''] = name.split('/', 1);
      const other = classOf.get(real) ?? className;
      if (other !== className) {
        throw new DataError(`${CALLER}: expected pictures of one class in ${join(dir, name)}, got ${real}, whose pictures are of class '${other}' too; remove the link`);
      }
      classOf.set(real, className);
      const paths = pathsByClass.get(className) ?? [];
      pathsByClass.set(className, paths);
      for (const file of photosAmong(files, join(dir, name), CALLER)) paths.push(join(name, file));
    }
    if (pathsByClass.size === 0) throw new DataError(`${CALLER}: expected one folder of pictures per class in ${dir}, got no folder`);
    const folders = inCodePointOrder(pathsByClass.keys());
    const classNames = folders.map((folder) => folder.normalize('NFC')); // é of macOS is that of Linux: training and validation agree
    const twice = classNames.find((name, i) => classNames.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new DataError(`${CALLER}: expected one folder per class in ${dir}, got two named '${twice}', composed and decomposed`);
    }
    for (const className of folders) {
      if (pathsByClass.get(className)!.length > 0) continue;
      throw new DataError(`${CALLER}: expected at least one picture (${PHOTO_EXTENSIONS.join(' ')}) for class '${className}', got none in ${join(dir, className)}`);
    }
    return new ImageFolder(dir, classNames, folders.map((folder) => pathsByClass.get(folder)!));
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
    return loadPicture(this.source(index));
  }

  #checked(index: number): number {
    if (!(index >= 0 && index < this.size)) {
      throw new RangeError(`ImageFolder: expected an index in [0, ${this.size}), got ${index}`);
    }
    return index;
  }
}
