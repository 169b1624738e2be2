import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as { packages: Readonly<Record<string, LockedPackage>> };

describe('package-lock.json', () => {
  it('names no address, so that it works with every registry', () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  it("lists every platform's binaries, without which npm ci refuses it elsewhere", () => {
    const missing = Object.entries(lock.packages).flatMap(([where, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !(`node_modules/${name}` in lock.packages) && !(`${where}/node_modules/${name}` in lock.packages)));
    expect(missing).toEqual([]);
  });
});
