// A COCO file, written entry by entry: it may be longer than a string can be.

import { open, rename, rm, stat } from 'node:fs/promises';
import { explainWriteError } from '../../../files/writeError.ts';
import { ConfigError } from '../../../errors.ts';
import type { CocoFile } from '../records.ts';
import { checkNothingAt, checkParent } from './newFolder.ts';

const PIECE = 1 << 20;

/** @throws ConfigError when there is something already, unless it is a file that may be written over, or no folder for it */
export async function checkNewFile(file: string, isOverwriting: boolean): Promise<void> {
  await checkParent(file);
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw new ConfigError(`convert: expected a JSON file to write to, got ${file}, which is a folder`);
  // What is written is renamed: a device would be gone.
  if (found && !found.isFile()) throw new ConfigError(`convert: expected a JSON file to write to, got ${file}, which is no file`);
  if (found && !isOverwriting) throw new ConfigError(`convert: expected a new file to write to, got ${file}, which is there; --overwrite replaces it`);
}

/**
 * Writes to `<file>.partial`, which then takes the place of what was there.
 * @param onPiece called after each piece; what it throws ends the writing
 * @throws ConfigError when something is at `<file>.partial`; DataError when it cannot be written
 */
export async function writeCocoFile(file: string, content: CocoFile, onPiece?: () => void): Promise<void> {
  const { info = {}, licenses = [], images = [], annotations = [], categories = [] } = content;
  const partial = `${file}.partial`;
  await checkNothingAt(partial, file);
  try {
    const handle = await open(partial, 'wx');
    try {
      let text = `{"info":${JSON.stringify(info)},"licenses":${JSON.stringify(licenses)}`;
      for (const [key, list] of Object.entries({ images, annotations, categories })) {
        text += `,\n"${key}":[`;
        for (const [i, entry] of list.entries()) {
          text += `${i === 0 ? '' : ','}\n${JSON.stringify(entry)}`;
          if (text.length < PIECE) continue;
          await handle.appendFile(text); // writes all of it, which write need not
          text = '';
          onPiece?.();
        }
        text += ']';
      }
      await handle.appendFile(`${text}}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw explainWriteError(error, file, 'what was there is intact');
  }
}
