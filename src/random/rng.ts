// A counter-based random generator: every stream is a pure function of its key, so the augmentation of a sample does not
// depend on which worker reaches it first and a resumed run draws what the uninterrupted one would have drawn.
// Source: sfc32 (Chris Doty-Humphrey, PractRand),
// seeded through MurmurHash3's 32-bit finalizer over the key.

function mix(hash: number): number {
  let h = hash | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit hash of a list of integers (each taken modulo 2^32, its high part mixed in). */
export function hashKey(...key: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of key) {
    hash = mix(hash ^ (part >>> 0));
    hash = mix(hash + Math.floor(part / 0x1_0000_0000) + 0x9e3779b9);
  }
  return hash;
}

/** One random stream. Create it with the integers that identify what is drawn: `new Rng(seed, epoch, sampleIndex)`. */
export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(...key: readonly number[]) {
    this.#a = hashKey(...key, 1);
    this.#b = hashKey(...key, 2);
    this.#c = hashKey(...key, 3);
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** An integer, uniform in [0, 2^32). */
  uint32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A double, uniform in [low, high); 53 random bits. */
  uniform(low = 0, high = 1): number {
    const unit = ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 0x20_0000_0000_0000;
    return low + unit * (high - low);
  }

  /** An integer, uniform in [0, limit). */
  integer(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** A standard normal deviate (Box-Muller, one of the pair). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** A random order of 0 … count-1 (Fisher-Yates). */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = order[i] ?? 0;
      order[i] = order[j] ?? 0;
      order[j] = swap;
    }
    return order;
  }
}
