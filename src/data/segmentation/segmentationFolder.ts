// A folder of photos and a folder of label images with the same names. Source: the layout of ADE20K's scene parsing benchmark,
// images/{training,validation} beside annotations/{training,validation}.

import { join } from 'node:path';
import { DataError } from '../../errors.ts';
import { inCodePointOrder } from '../files/codePointOrder.ts';
import { photosAmong } from '../files/fileNames.ts';
import { filesByStem } from '../files/pairing.ts';
import { walkFiles } from '../files/walkFolders.ts';
import type { ClassSet } from './classSet.ts';
import type { LabelledPhotoSource } from './labelledPhoto.ts';

const CALLER = 'SegmentationFolder.open';

/** Where photos and label images lie, and how they belong together. */
export interface SegmentationFolderOptions {
  /** Pictures, subfolders included. */
  readonly photos: string;
  /** Label images in the same subfolders. */
  readonly maps: string;
  /** Of the label images. */
  readonly classes: ClassSet;
  /** How photos' names end, in any case; what is before it names the map. Default: any extension that can be decoded. */
  readonly photoSuffix?: string;
  /** Default '.png'. */
  readonly mapSuffix?: string;
  /** Photos without a map are faults, or are not meant (a folder of photos of which some are labelled). Default 'fault'. */
  readonly unlabelled?: 'fault' | 'skip';
}

/** A file without its counterpart. */
export interface Unpaired {
  /** Its path. */
  readonly file: string;
  /** What there should be. */
  readonly missing: string;
}

/** Photos with their label images, as files. */
export class SegmentationFolder {
  /** Pairs. */
  readonly size: number;
  /** Of the label images. */
  readonly classes: ClassSet;
  /** Photos without a map and maps without a photo. They are no samples; checkSegmentationData reports them. */
  readonly unpaired: readonly Unpaired[];
  readonly #photos: readonly string[];
  readonly #maps: readonly string[];

  private constructor(classes: ClassSet, photos: readonly string[], maps: readonly string[], unpaired: readonly Unpaired[]) {
    this.size = photos.length;
    this.classes = classes;
    this.unpaired = unpaired;
    this.#photos = photos;
    this.#maps = maps;
  }

  /**
   * Lists both folders; no file is opened. Samples are in the order of their names.
   * @throws DataError when a folder is missing or no photo has a map
   */
  static async open(options: SegmentationFolderOptions): Promise<SegmentationFolder> {
    const { photos: photoDir, maps: mapDir, classes, photoSuffix, mapSuffix = '.png', unlabelled = 'fault' } = options;
    const photos = await filesByName(photoDir, photoSuffix, 'pictures');
    const maps = await filesByName(mapDir, mapSuffix, 'label images');
    const names = inCodePointOrder([...photos.keys()].filter((name) => maps.has(name)));
    if (names.length === 0) {
      const [first] = photos.values();
      throw new DataError(`${CALLER}: expected label images in ${mapDir} named like the pictures in ${photoDir}, got none` +
        (first === undefined ? ' (and no picture)' : ` for any of ${photos.size}, such as ${first}`));
    }
    const unpaired = [
      ...[...photos].filter(([name]) => unlabelled === 'fault' && !maps.has(name))
        .map(([name, file]) => ({ file: join(photoDir, file), missing: join(mapDir, name + mapSuffix) })),
      ...[...maps].filter(([name]) => !photos.has(name))
        .map(([name, file]) => ({ file: join(mapDir, file), missing: join(photoDir, name + (photoSuffix ?? '.*')) })),
    ];
    return new SegmentationFolder(
      classes,
      names.map((name) => join(photoDir, photos.get(name) ?? '')),
      names.map((name) => join(mapDir, maps.get(name) ?? '')),
      unpaired,
    );
  }

  /** The photo's path: what messages call a sample. */
  describe(index: number): string {
    return this.#at(this.#photos, index);
  }

  /**
   * Path of a sample's label image.
   * @throws RangeError
   */
  mapPath(index: number): string {
    return this.#at(this.#maps, index);
  }

  /**
   * A sample's two files, for a worker thread.
   * @throws RangeError
   */
  source(index: number): LabelledPhotoSource {
    return { photo: this.describe(index), map: this.mapPath(index) };
  }

  #at(paths: readonly string[], index: number): string {
    const path = paths[index];
    if (path === undefined) throw new RangeError(`SegmentationFolder: expected an index in [0, ${this.size}), got ${index}`);
    return path;
  }
}

/**
 * Paths relative to `dir`, by what pairs them.
 * @param suffix default: that of a photo
 */
async function filesByName(dir: string, suffix: string | undefined, what: string): Promise<Map<string, string>> {
  const all = await walkFiles(dir, { caller: CALLER, what });
  return filesByStem(suffix === undefined ? photosAmong(all, dir, CALLER) : all, suffix, { folder: dir, caller: CALLER, what });
}
