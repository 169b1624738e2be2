// Values given on the command line: `--set optimizer.lr=1e-3`.

import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { nearest } from './nearest.ts';
import { keysAt, member, schemasAt } from '../schema/schemaAt.ts';

/**
 * Sets one value of a config in place. `assignment` is path=value: dots separate the path's parts, list items are numbered from
 * 0. The value is JSON where the schema can take what it says, else text: cosine needs no quotes.
 * @throws ConfigError when the assignment has no path or the config has no such place.
 */
export function applyOverride(config: object, assignment: string, schema: z.core.$ZodType): void {
  const equals = assignment.indexOf('=');
  const path = assignment.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 0 || path.includes('')) throw new ConfigError(`--set: expected path=value, got ${assignment}`);
  const text = assignment.slice(equals + 1);

  let target = config;
  path.forEach((key, depth) => {
    const before = path.slice(0, depth);
    const isItem = Array.isArray(target) && /^\d+$/.test(key) && Number(key) < target.length;
    if (!isItem) {
      const known = keysAt(schema, config, before);
      if (!known.includes(key)) throw noSuchPlace(path.slice(0, depth + 1).join('.'), key, known);
    }
    if (depth === path.length - 1) {
      (target as Record<string, unknown>)[key] = parseValue(text, schemasAt(schema, config, path));
      return;
    }
    const next = member(target, key);
    if (typeof next === 'object' && next !== null) target = next;
    else (target as Record<string, unknown>)[key] = target = {};
  });
}

function noSuchPlace(place: string, key: string, known: readonly string[]): ConfigError {
  const meant = nearest(key, known);
  const expected = known.length > 0 ? `one of the keys ${known.join(', ')}` : 'a place that holds keys';
  return new ConfigError(`--set: expected ${expected}, got ${place}` + (meant === undefined ? '' : `: did you mean ${meant}?`));
}

/** A folder called 5 stays the text "5" where only a text can be. */
function parseValue(text: string, schemas: readonly z.core.$ZodType[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const accepts = (candidate: unknown) => schemas.some((schema) => z.safeParse(schema, candidate).success);
  return !accepts(value) && accepts(text) ? text : value;
}
