import { describe, expect, it } from 'vitest';
import { fromWire, toWire } from '../../src/data/loaderProtocol.ts';
import { ConfigError, DataError } from '../../src/errors.ts';

describe('errors between threads', () => {
  const errors: Error[] = [new DataError('a photo is cut'), new ConfigError('too many'), new Error('other')];
  it.each(errors)('keep class, message and stack: %s', (error) => {
    const back = fromWire(structuredClone(toWire(error)));
    expect(back.constructor).toBe(error.constructor);
    expect([back.message, back.stack]).toEqual([error.message, error.stack]);
  });

  it('become Errors where they were none, with a stack of their own', () => {
    expect(toWire('text')).toEqual({ name: 'Error', message: 'text', stack: undefined });
    const back = fromWire({ name: 'Error', message: 'text', stack: undefined });
    expect(back.message).toBe('text');
    expect(back.stack).toContain('loaderProtocol');
  });
});
