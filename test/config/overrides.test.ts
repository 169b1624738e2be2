import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { applyOverride } from '../../src/config/overrides.ts';

const schema = z.strictObject({
  lr: z.number(),
  name: z.string(),
  tags: z.array(z.string()),
  size: z.union([z.literal('small'), z.strictObject({ depth: z.int() })]),
  data: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('folder'), dir: z.string() }),
    z.strictObject({ kind: z.literal('video'), frames: z.int() }),
  ]),
});

function after(...assignments: string[]) {
  const config = { lr: 0.1, name: 'run', tags: ['a', 'b'], size: 'small', data: { kind: 'folder', dir: 'x' } };
  for (const assignment of assignments) applyOverride(config, assignment, schema);
  return config;
}

describe('applyOverride', () => {
  it('reads numbers, and keeps text that looks like a number where only text can be', () => {
    expect(after('lr=1e-3').lr).toBe(0.001);
    expect(after('name=5').name).toBe('5');
    expect(after('name=a=b').name).toBe('a=b');
    expect(after('data.dir=/tmp/true').data.dir).toBe('/tmp/true');
    expect(after('data.dir=true').data.dir).toBe('true');
  });

  it('reaches into lists and makes room for an object where a name stood', () => {
    expect(after('tags.1=c').tags).toEqual(['a', 'c']);
    expect(after('size.depth=3').size).toEqual({ depth: 3 });
    expect(after('data={"kind":"video","frames":3}', 'data.frames=4').data).toEqual({ kind: 'video', frames: 4 });
  });

  it.each([
    ['lr', '--set: expected path=value, got lr'],
    ['=3', '--set: expected path=value, got =3'],
    ['data..dir=3', '--set: expected path=value, got data..dir=3'],
    ['lrr=3', '--set: expected one of the keys lr, name, tags, size, data, got lrr: did you mean lr?'],
    ['data.frames=3', '--set: expected one of the keys kind, dir, got data.frames'],
    ['lr.x=3', '--set: expected a place that holds keys, got lr.x'],
    ['tags.2=c', '--set: expected a place that holds keys, got tags.2'],
    ['__proto__.polluted=1', '--set: expected one of the keys lr, name, tags, size, data, got __proto__'],
  ])('refuses %s', (assignment, message) => {
    expect(() => after(assignment)).toThrow(message);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
