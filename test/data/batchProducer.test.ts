import { describe, expect, it } from 'vitest';
import { BatchProducer } from '../../src/data/batchProducer.ts';
import { sampleKind } from '../../src/data/pictureSamples.ts';
import { DataError } from '../../src/errors.ts';

const maker = sampleKind.createMaker({ transforms: [{ kind: 'padAndCrop', sizePx: 1, paddingPx: 0 }] });

/** Samples that are decoded when they are told to. */
function samples(count: number) {
  const started: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const jobs = Array.from({ length: count }, (_, index) => ({
    index,
    origin: () => new Promise<{ data: Uint8Array; width: number; height: number }>((resolve, reject) => {
      started.push(index);
      const picture = { data: new Uint8Array(3).fill(index + 1), width: 1, height: 1 };
      ends[index] = (error) => (error === undefined ? resolve(picture) : reject(error));
    }),
  }));
  return { jobs, started, ends };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('BatchProducer', () => {
  it('decodes so many samples at a time, those of earlier batches first, and puts each in its place', async () => {
    const producer = new BatchProducer(maker, 2);
    const [first, second] = [samples(3), samples(1)];
    const cancelled = () => false;
    const made = producer.produce({ samples: first.jobs, seed: 0, epoch: 0, cancelled });
    const next = producer.produce({ samples: second.jobs, seed: 0, epoch: 0, cancelled });
    await turn();
    expect([first.started, second.started]).toEqual([[0, 1], []]);
    first.ends[1]!();
    await turn();
    expect([first.started, second.started]).toEqual([[0, 1, 2], []]);
    first.ends[2]!();
    await turn();
    expect(second.started).toEqual([0]);
    first.ends[0]!();
    expect([...(await made)!.images]).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
    second.ends[0]!();
    expect([...(await next)!.images]).toEqual([1, 1, 1]);
    // All are free again.
    const last = samples(3);
    void producer.produce({ samples: last.jobs, seed: 0, epoch: 0, cancelled });
    await turn();
    expect(last.started).toEqual([0, 1]);
    for (const end of last.ends) end();
    await turn();
    last.ends[2]!();
  });

  it('begins no sample after one that failed, and throws what the first of them threw', async () => {
    const producer = new BatchProducer(maker, 2);
    const { jobs, started, ends } = samples(4);
    const made = producer.produce({ samples: jobs, seed: 0, epoch: 0, cancelled: () => false });
    await turn();
    ends[1]!(new DataError('second'));
    await turn();
    expect(started).toEqual([0, 1]);
    ends[0]!(new DataError('first'));
    await expect(made).rejects.toThrow('first');
    expect(started).toEqual([0, 1]);
  });

  it('gives a batch up', async () => {
    const producer = new BatchProducer(maker, 1);
    const { jobs, started, ends } = samples(3);
    let isCancelled = false;
    const made = producer.produce({ samples: jobs, seed: 0, epoch: 0, cancelled: () => isCancelled });
    await turn();
    isCancelled = true;
    ends[0]!();
    expect(await made).toBeUndefined();
    expect(started).toEqual([0]);
  });
});
