import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { resourceFailure } from '../../src/cli/resourceFailure.ts';

async function workerError(source: string, options: object): Promise<unknown> {
  return new Promise((resolve) => {
    new Worker(source, { eval: true, ...options }).on('error', resolve).on('exit', resolve);
  });
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('resourceFailure', () => {
  it('knows a worker that ran out of memory', async () => {
    const error = await workerError('const all = []; for (;;) all.push(new Array(1e4).fill({}));', { resourceLimits: { maxOldGenerationSizeMb: 8 } });
    expect(resourceFailure(error)).toMatch(/^a worker thread ran out of memory; use fewer workers/);
  });

  it('knows arrays for which there is no memory', () => {
    expect(resourceFailure(thrown(() => new ArrayBuffer(2 ** 52)))).toMatch(/^out of memory \(Array buffer allocation failed\); make the batch/);
    expect(resourceFailure(thrown(() => new Uint8Array(2 ** 53 - 1)))).toMatch(/^out of memory \(/);
  });

  it('shows what the allocator of tensors says, without the operator', () => {
    const error = new Error('aten::add.Tensor(float32[3], 1): out of memory: 9.0 MiB asked for, 1.0 MiB held by tensors, 2.0 MiB available on this machine');
    expect(resourceFailure(error)).toBe('out of memory: 9.0 MiB asked for, 1.0 MiB held by tensors, 2.0 MiB available on this machine; make the batch, the pictures or the model smaller');
  });

  it.each(['ERR_WORKER_INIT_FAILED', 'ENOMEM', 'EAGAIN', 'EMFILE'])('knows %s, and that it takes one line', (code) => {
    expect(resourceFailure(Object.assign(new Error('spawn failed'), { code }))).toMatch(/^[^\n]+ \(.*ulimit/);
  });

  it('says which path the system refused', () => {
    expect(resourceFailure(thrown(() => readFileSync('/nowhere')))).toBe('cannot open /nowhere: no such file or directory');
    expect(resourceFailure(Object.assign(new Error('EFOO: none'), { code: 'EFOO', syscall: 'open', path: '/x' }))).toBeUndefined();
  });

  it('leaves faults of ours to those who show stacks', () => {
    for (const error of [new TypeError('x is undefined'), new RangeError('Invalid array length'), new Error('ENOMEM'), 'out of memory: text', undefined]) {
      expect(resourceFailure(error)).toBeUndefined();
    }
  });
});
