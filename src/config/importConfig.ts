// What a config file exports, and where it fails when it does, be it in another module that it imports.

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { createJiti } from 'jiti';
import { ConfigError } from '../errors.ts';
import { member } from './schemaAt.ts';

/**
 * Runs a config file.
 * @returns its default export, unchecked
 * @throws ConfigError in one line, with file, line and, of a syntax error, column
 */
export async function importConfig(file: string): Promise<unknown> {
  const absolute = path.resolve(file);
  const status = statSync(absolute, { throwIfNoEntry: false });
  if (!status?.isFile()) {
    throw new ConfigError(`loadConfig: expected a config file, got ${file}: ${status === undefined ? 'there is no such file' : 'it is no file'}`);
  }
  // A config may lie outside the package, or be run from it before it is installed anywhere: `mpvg` is what runs here. Nothing is
  // kept on disk: that would be in a folder for temporary files which other users may write to.
  // eslint-disable-next-line mpvg/layers -- it is handed to the config, not used
  const virtualModules = { mpvg: await import('../index.ts') };
  const jiti = createJiti(import.meta.url, { virtualModules, moduleCache: false, fsCache: false });
  let loaded: unknown;
  try {
    loaded = await jiti.import(absolute);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${placeOf(error, absolute, file) ?? file}: ${reasonOf(error)}`, { cause: error });
  }
  const config = member(loaded, 'default');
  if (config !== undefined) return config;
  const others = Object.keys(loaded ?? {}).join(', ');
  throw new ConfigError(`${file}: expected \`export default defineConfig({ … })\`, got no default export${others === '' ? '' : `, only ${others}`}`);
}

/** The parser's "ParseError: what, file:line:column", and what an error says in its first line. */
const parseError = /^ParseError: (.*?)\s*\n\s*(\/.*):(\d+):(\d+)$/s;

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it throws ${String(error)}`;
  return (parseError.exec(error.message)?.[1] ?? error.message).split('\n')[0]!;
}

/** `file:line:column` or `file:line`, the config's file as the user named it; undefined where nothing tells. */
function placeOf(error: unknown, absolute: string, file: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const named = (found: string): string => (found === absolute ? file : found);
  const [, , parsed, line, column] = parseError.exec(error.message) ?? [];
  if (parsed !== undefined) return `${named(parsed)}:${line}:${Number(column) + 1}`; // it counts columns from 0
  const missing = missingModule(error);
  if (missing !== undefined) return `${named(missing.importer)}:${missing.line}`;
  // Lines of what runs are those of the source, columns are not. The first frame outside of packages and of Node is the user's.
  const frames = (error.stack ?? '').split('\n').slice(1).map((frame) => /(?:\(|at |async )(?:file:\/\/)?(\/[^()]*?):(\d+):\d+\)?$/.exec(frame));
  const own = frames.find((frame) => frame !== null && isUsers(frame[1]!));
  return own ? `${named(own[1]!)}:${own[2]}` : undefined;
}

function isUsers(found: string): boolean {
  const ours = path.resolve(import.meta.dirname, '..') + path.sep; // src or dist
  return !found.startsWith(ours) && !found.includes(`${path.sep}node_modules${path.sep}`);
}

/** The line that imports what is not there. */
function missingModule(error: Error): { readonly importer: string; readonly line: number } | undefined {
  const name = /^Cannot find module '(.*)'\nRequire stack:\n- (\/.*)/.exec(error.message);
  if (name === null) return undefined;
  const [, specifier = '', importer = ''] = name;
  const line = readFileSync(importer, 'utf8').split('\n').findIndex((text) => text.includes(specifier));
  return line < 0 ? undefined : { importer, line: line + 1 };
}
