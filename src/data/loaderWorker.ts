// A loader's worker thread. It takes batches by message and knows nothing of the dataset; what a sample is, it learns from the
// module of its kind.

import { parentPort, workerData } from 'node:worker_threads';
import { BatchProducer } from './batchProducer.ts';
import { toWire, type BatchRequest, type WorkerReply, type WorkerRequest, type WorkerSetup } from './loaderProtocol.ts';
import type { BatchArrays, SampleKind } from './sampleKind.ts';

const port = parentPort;
if (port === null) throw new Error('loaderWorker: expected to run as a worker thread of a loader');
const setup = workerData as WorkerSetup;
const { sampleKind } = await import(setup.module) as { readonly sampleKind: SampleKind<unknown, unknown, BatchArrays> };
const producer = new BatchProducer(sampleKind.createMaker(setup.options), setup.decodesInFlight);

port.on('message', (request: WorkerRequest) => {
  // Without its port the thread has nothing to wait for and ends once its last decode has.
  if (request === 'close') port.close();
  else void answer(request);
});

async function answer(request: BatchRequest): Promise<void> {
  try {
    const batch = await producer.produce({
      samples: request.sources.map((origin, i) => ({ index: request.indices[i] ?? 0, origin })),
      seed: setup.seed,
      epoch: request.epoch,
      cancelled: () => Atomics.load(request.cancelled, 0) !== 0,
    });
    reply({ id: request.id, batch }, Object.values(batch ?? {}).map(({ buffer }) => buffer));
  } catch (error) {
    reply({ id: request.id, error: toWire(error) }, []);
  }
}

function reply(message: WorkerReply<BatchArrays>, transfer: ArrayBuffer[]): void {
  port?.postMessage(message, transfer);
}
