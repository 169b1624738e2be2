import { z } from 'zod';

/**
 * The schemas that can apply at `path` of a value: more than one where a union leaves it open. Of a union told apart by `kind`,
 * only the option that the value names counts, if it names one.
 */
export function schemasAt(schema: z.core.$ZodType, value: unknown, path: readonly PropertyKey[]): z.core.$ZodType[] {
  const options = unwrap(schema, value);
  const [key, ...rest] = path;
  if (key === undefined) return options;
  return options.flatMap((option) => {
    const child = childOf(option, key);
    return child === undefined ? [] : schemasAt(child, member(value, key), rest);
  });
}

/** The keys that an object may have at `path`, or none where no object can be there. */
export function keysAt(schema: z.core.$ZodType, value: unknown, path: readonly PropertyKey[]): string[] {
  const objects = schemasAt(schema, value, path).filter((option) => option instanceof z.ZodObject);
  return [...new Set(objects.flatMap(({ shape }) => Object.keys(shape)))];
}

/** Own member of an object or array; undefined for anything else. */
export function member(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}

/** Strips what wraps a schema without changing where its members are. */
function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly) {
    return unwrap(schema.def.innerType, value);
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in, value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const chosen = member(value, discriminator);
    const named = schema.options.filter((option) => {
      const literal = childOf(option, discriminator);
      return literal instanceof z.ZodLiteral && literal.value === chosen;
    });
    return (named.length > 0 ? named : schema.options).flatMap((option) => unwrap(option, value));
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unwrap(option, value));
  return [schema];
}

function childOf(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    const shape: Record<PropertyKey, z.core.$ZodType> = schema.shape;
    return Object.hasOwn(shape, key) ? shape[key] : undefined;
  }
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodTuple) return schema.def.items[Number(key)];
  return undefined;
}
