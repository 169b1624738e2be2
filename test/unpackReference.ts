// Vitest's global set-up: unpacks test/fixtures/reference into build/reference, where tests and the commands that they run find
// plain files. What is there already is left.

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packedReferenceFolder, referenceFolder } from './reference.ts';

export default function setup(): void {
  for (const name of readdirSync(packedReferenceFolder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.gz')) continue;
    const packed = path.join(packedReferenceFolder, name);
    const { mtime } = statSync(packed);
    const file = path.join(referenceFolder, name.slice(0, -'.gz'.length));
    if (existsSync(file) && statSync(file).mtime.getTime() === mtime.getTime()) continue;
    mkdirSync(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}`; // two runs of tests may unpack at once
    writeFileSync(temporary, gunzipSync(readFileSync(packed)));
    utimesSync(temporary, mtime, mtime);
    renameSync(temporary, file);
  }
}
