import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { checkpointPath, openRun, writeMetrics } from '../../src/engine/runDirectory.ts';
import { ConfigError } from '../../src/errors.ts';

let folder = '';
let run = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpvg-run-'));
  run = join(folder, 'runs', 'tiny');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const config = { epochs: 2, model: { join: 'mpvg' } };
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(run, name), 'utf8'));
const save = (name: string, step: number): Promise<void> =>
  saveCheckpoint(checkpointPath(run, name), { model: new Map(), optimizer: new Map(), state: { step } });

describe('openRun', () => {
  it('starts a run with its configuration and environment', async () => {
    const opened = await openRun({ path: run, config });
    const { log, resumeFrom, configChanges } = opened;
    expect(existsSync(run)).toBe(false);
    await opened.begin();
    log.append({ event: 'start', step: 0 });
    log.close();
    await writeMetrics(run, { top1: 0.5 });
    expect(readdirSync(run).sort()).toEqual(['checkpoints', 'config.json', 'env.json', 'log.jsonl', 'metrics.json']);
    expect(readJson('config.json')).toEqual(config);
    expect(readFileSync(join(run, 'metrics.json'), 'utf8')).toBe('{\n  "top1": 0.5\n}\n');
    expect([resumeFrom, configChanges]).toEqual([undefined, []]);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(readJson('env.json')).toMatchObject({ node: process.version, version, cores: cpus().length, host: hostname() });
  });

  it('refuses to overwrite a run, and says how to go on', async () => {
    await (await openRun({ path: run, config })).begin();
    const again = openRun({ path: run, config: { epochs: 3 } });
    await expect(again).rejects.toThrow(ConfigError);
    await expect(again).rejects.toThrow(/tiny with checkpoints, config\.json, env\.json; continue that run with --resume or .* --out/);
    expect(readJson('config.json')).toEqual(config);
  });

  it('refuses a run of another task in one line, without the differences of its config', async () => {
    await (await openRun({ path: run, config: { task: 'classification', epochs: 2 } })).begin();
    await expect(openRun({ path: run, config: { task: 'segmentation', iterations: 5 }, resume: true })).rejects.toThrow(new ConfigError(
      `openRun: expected a run of the task segmentation to resume in ${run}, got one of classification; resume that with its own command and config, or choose another directory with --out`));
    const same = await openRun({ path: run, config: { task: 'classification', epochs: 3 }, resume: true });
    expect(same.configChanges).toEqual(['epochs: 2 -> 3']);
  });

  it('resumes from the last checkpoint and reports what changed in the configuration', async () => {
    await (await openRun({ path: run, config })).begin();
    await save('best', 10);
    await save('last', 20);
    const resumed = await openRun({ path: run, config: { epochs: 3, model: { join: 'mpvg' }, seed: undefined }, resume: true });
    expect(resumed.resumeFrom).toBe(checkpointPath(run, 'last'));
    expect(resumed.configChanges).toEqual(['epochs: 2 -> 3']);
    expect(readJson('config.json')).toEqual(config);
    await resumed.begin();
    expect(readJson('config.json')).toEqual({ epochs: 3, model: { join: 'mpvg' } });
  });

  it('finds a last checkpoint that was set aside by a process which was killed as it replaced it', async () => {
    await (await openRun({ path: run, config })).begin();
    await save('best', 10);
    await save('last', 20);
    const aside = checkpointPath(run, `.last.${hostname().replaceAll(/[^\w-]/g, '_')}.4194305.00000000.replaced`);
    renameSync(checkpointPath(run, 'last'), aside);
    const resumed = await openRun({ path: run, config, resume: true });
    expect(resumed.resumeFrom).toBe(aside);
    await resumed.begin();
    expect(readdirSync(join(run, 'checkpoints')).sort()).toEqual(['best', 'last']);
  });

  it('is no run where a process was killed as it wrote its first file', async () => {
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, '.config.json.elsewhere.7.00000000.partial'), '{');
    await (await openRun({ path: run, config })).begin();
    expect(readJson('config.json')).toEqual(config);
    writeFileSync(join(run, `.metrics.json.${hostname().replaceAll(/[^\w-]/g, '_')}.4194305.00000000.partial`), '{');
    await (await openRun({ path: run, config, resume: true })).begin();
    expect(readdirSync(run).sort()).toEqual(['.config.json.elsewhere.7.00000000.partial', 'checkpoints', 'config.json', 'env.json']);
  });

  it('compares tasks only where both configs name one', async () => {
    mkdirSync(run, { recursive: true });
    for (const before of [null, 7, [], {}, { task: 'a' }]) {
      writeFileSync(join(run, 'config.json'), JSON.stringify(before));
      for (const now of [null, {}, { task: 'a' }]) {
        expect((await openRun({ path: run, config: now, resume: true })).path).toBe(run);
      }
    }
  });

  it('says what is in a directory, in order, three names at most', async () => {
    mkdirSync(run, { recursive: true });
    const refusal = async () => openRun({ path: run, config }).then(() => 'none', (error: unknown) => (error as Error).message);
    for (const [name, told] of [['m', 'm'], ['z', 'm, z'], ['a', 'a, m, z'], ['k', 'a, k, m, …'], ['b', 'a, b, k, …']] as const) {
      writeFileSync(join(run, name), '');
      expect(await refusal()).toContain(` with ${told}; continue`);
    }
  });

  it('compares with a config alone, and says where that is a directory', async () => {
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'config.json'), JSON.stringify(config));
    const changed = { ...config, epochs: 3, seed: undefined, model: { ...config.model, dropPath: undefined } };
    expect((await openRun({ path: run, config: changed, resume: true })).configChanges).toEqual(['epochs: 2 -> 3']);
    rmSync(join(run, 'config.json'));
    mkdirSync(join(run, 'config.json'));
    await expect(openRun({ path: run, config, resume: true })).rejects.toThrow(`cannot read ${join(run, 'config.json')}: it is a directory`);
  });

  it('resumes a run that was killed before its first checkpoint, or never began, from the start', async () => {
    await (await openRun({ path: run, config, resume: true })).begin();
    mkdirSync(join(run, 'checkpoints', `.last.${hostname().replaceAll(/[^\w-]/g, '_')}.4194305.00000000.partial`));
    const resumed = await openRun({ path: run, config, resume: true });
    expect(resumed.resumeFrom).toBeUndefined();
    await resumed.begin();
    expect(readdirSync(join(run, 'checkpoints'))).toEqual([]);
  });

  it('refuses to resume what is no run, and a file as directory', async () => {
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'cat.jpg'), '');
    await expect(openRun({ path: run, config, resume: true })).rejects.toThrow(/without config\.json \(it has cat\.jpg\)/);
    await expect(openRun({ path: join(run, 'cat.jpg'), config })).rejects.toThrow(/expected a directory for the run, got the file/);
    expect(readdirSync(run)).toEqual(['cat.jpg']);
  });
});
