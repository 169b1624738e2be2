import type { ReadProgress } from '../data/coco/readCocoFile.ts';
import { CountProgress } from './countProgress.ts';

/** Shows how far a large file has been read. */
export async function reading<Result>(file: string, read: (onProgress: ReadProgress) => Promise<Result>): Promise<Result> {
  let progress: CountProgress | undefined;
  try {
    return await read((bytes, all) => {
      progress ??= new CountProgress({ unit: `MB of ${file}`, total: Math.ceil(all / 1e6) });
      progress.update(Math.ceil(bytes / 1e6));
    });
  } finally {
    progress?.finish();
  }
}
