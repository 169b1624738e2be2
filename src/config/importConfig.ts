// What a config file exports, and where it fails when it does, be it in another module that it imports.

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { createJiti } from 'jiti';
import { foreignContent } from '../data/foreignContent.ts';
import { systemReason } from '../files/systemReason.ts';
import { ConfigError } from '../errors.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { member } from '../schema/schemaAt.ts';

export interface ImportedConfig {
  /** The default export, unchecked. */
  readonly config: unknown;
  /** The export `recipe`: a task that the config brings with it. */
  readonly recipe?: Recipe;
}

/**
 * Runs a config file.
 * @throws ConfigError in one line, with file, line and, of a syntax error, column
 */
export async function importConfig(file: string): Promise<ImportedConfig> {
  const absolute = path.resolve(file);
  const found = kindOf(absolute);
  if (found !== 'a file') {
    throw new ConfigError(`loadConfig: expected a config file or a run, got ${file}: ${found}`);
  }
  const foreign = foreignContent(readFileSync(absolute));
  if (foreign !== undefined) throw new ConfigError(`loadConfig: expected a config file, got ${file}: ${foreign}`);
  // A config may lie outside the package, or be run from it before it is installed anywhere: `mpvg` is what runs here. Nothing is
  // kept on disk: that would be in a folder for temporary files which other users may write to.
  // eslint-disable-next-line mpvg/layers -- it is handed to the config, not used
  const mpvg = await import('../index.ts');
  // Its tensors are those of the tfjs-core that is loaded already: there is one engine.
  const virtualModules = { mpvg, '@tensorflow/tfjs-core': await import('@tensorflow/tfjs-core') };
  const jiti = createJiti(import.meta.url, { virtualModules, moduleCache: false, fsCache: false });
  let loaded: unknown;
  try {
    loaded = await jiti.import(absolute);
  } catch (error) {
    const place = placeOf(error, absolute, file);
    if (place === undefined && isAboutNull(error)) return { config: null };
    throw new ConfigError(`${place ?? file}: ${reasonOf(error)}`, { cause: error });
  }
  const config = member(loaded, 'default');
  const isUndefined = typeof config === 'object' && config !== null && 'default' in config; // then it is the module itself
  if (config !== undefined && !isUndefined) {
    const recipe = member(loaded, 'recipe');
    return { config, ...(recipe !== undefined && { recipe: expectRecipe(file, recipe) }) };
  }
  const others = Object.keys(loaded ?? {}).join(', ');
  throw new ConfigError(`${file}: expected \`export default defineConfig({ … })\`, got no default export${others === '' ? '' : `, only ${others}`}`);
}

function kindOf(file: string): string {
  try {
    const status = statSync(file, { throwIfNoEntry: false });
    return status === undefined ? 'there is no such file' : status.isFile() ? 'a file' : 'there is no config.json in it';
  } catch (error) {
    return systemReason(error);
  }
}

/** The loader's own failure at a module whose default export is null, on which it looks for `then`. */
function isAboutNull(error: unknown): boolean {
  return error instanceof TypeError && error.message === "Cannot read properties of null (reading 'then')";
}

function expectRecipe(file: string, value: unknown): Recipe {
  if (isRecipe(value)) return value;
  throw new ConfigError(`${file}: expected task, schema and open for the export recipe, got ${typeof value === 'object' ? `{ ${Object.keys(value ?? {}).join(', ')} }` : typeof value}`);
}

function isRecipe(value: unknown): value is Recipe {
  const schema = member(value, 'schema');
  const hasSchema = typeof schema === 'object' && schema !== null && 'safeParse' in schema;
  return typeof member(value, 'task') === 'string' && hasSchema && typeof member(value, 'open') === 'function';
}

/** The parser's "ParseError: what, file:line:column", and what an error says in its first line. */
const parseError = /^ParseError: (.*?)\s*\n\s*(\/.*):(\d+):(\d+)$/s;

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it throws ${typeof error === 'string' ? error : inspect(error, { breakLength: Infinity })}`.split('\n')[0]!;
  const message = parseError.exec(error.message)?.[1] ?? error.message;
  return message === '' ? `it throws ${error.name} without a message` : message.split('\n')[0]!;
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
  const frames = (error.stack ?? '').split('\n').map(frameOf).filter((frame) => frame !== undefined);
  const loader = frames.findLastIndex(({ path: where }) => where.includes('/node_modules/jiti/')); // beyond it are our callers
  const own = frames.slice(0, loader < 0 ? undefined : loader).find(({ path: where }) => where === absolute || isUsers(where));
  return own && `${named(own.path)}:${own.line}`;
}

/** File and line of `at name (/path:line:column)` or `at /path:line:column`; paths have blanks and brackets too. */
function frameOf(text: string): { readonly path: string; readonly line: string } | undefined {
  const [, where = ''] = /^ +at (?:async )?(.*)$/.exec(text) ?? [];
  const place = /^(\/|file:)/.test(where) ? where : /\(((?:\/|file:).*)\)$/.exec(where)?.[1] ?? '';
  const [, found, line = ''] = /^(.*):(\d+):\d+$/.exec(place) ?? [];
  return found === undefined ? undefined : { path: found.startsWith('file:') ? fileURLToPath(found) : found, line };
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
