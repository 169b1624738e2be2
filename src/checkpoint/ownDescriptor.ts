// A second descriptor of an open file, which is closed by its owner or, at the latest, when nobody can reach it any more.

import { closeSync, openSync, readSync } from 'node:fs';

/** One read or write call carries at most this much: the system's limit is 2 GiB. */
export const maxTransferBytes = 2 ** 30;

const closing = new FinalizationRegistry<number>(closeSync);

export class OwnDescriptor {
  readonly #descriptor: number;

  /** @param descriptor of a file that is open for reading; it may be closed afterwards */
  constructor(descriptor: number) {
    this.#descriptor = openSync(`/proc/self/fd/${descriptor}`, 'r'); // the file that is open, not what has its name now
    closing.register(this, this.#descriptor, this);
  }

  /** Fills an array from a position in the file. @returns how many bytes there were */
  read(bytes: Uint8Array, position: number): number {
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(this.#descriptor, bytes, done, Math.min(bytes.length - done, maxTransferBytes), position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  /** Once; there is no reading afterwards. */
  close(): void {
    closing.unregister(this);
    closeSync(this.#descriptor);
  }
}
