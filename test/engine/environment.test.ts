import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { describeEnvironment } from '../../src/engine/environment.ts';

function headCommit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

const commit = headCommit();

describe('describeEnvironment', () => {
  it.skipIf(commit === undefined)('names the commit, marked when files differ from it (needs a git repository)', async () => {
    expect([commit, `${commit}-dirty`]).toContain((await describeEnvironment()).commit);
  });

  it('names what computes, once it is chosen', async () => {
    expect(await describeEnvironment()).not.toHaveProperty('backend');
    await selectBackend({ threads: 1 });
    expect(await describeEnvironment()).toMatchObject({ backend: { name: 'torch', device: 'cpu', threads: 1, torch: expect.stringMatching(/^2\.\d+/) as string } });
  });

  it('describes the machine in plain JSON', async () => {
    const environment = await describeEnvironment();
    expect(JSON.parse(JSON.stringify(environment))).toEqual(environment);
    expect(environment).toMatchObject({ node: process.version, command: process.argv.slice(1) });
    expect(environment.platform).toContain(process.arch);
    expect(Math.abs(environment.memoryGiB - totalmem() / 1024 ** 3)).toBeLessThanOrEqual(0.5);
    expect(environment.memoryGiB % 1).toBe(0);
    expect(environment.cpu).toBe(cpus()[0]!.model.trim());
    expect(environment.version).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version);
  });
});
