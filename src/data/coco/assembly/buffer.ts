// Memory that grows. Blocks are never given back, so doubling keeps what is lost below what is used.

/** A block of at least `bytes`, with what the old one held. @param room bytes of the old one */
export function grown(block: usize, room: u32, bytes: u32): usize {
  const larger = heap.alloc(bytes);
  memory.copy(larger, block, room);
  return larger;
}

/** Bytes to ask for where `bytes` are needed. */
export function withReserve(bytes: u32): u32 {
  return bytes < 0x4000_0000 ? max<u32>(4096, 2 * bytes) : bytes;
}

/** A block of so many values of `bytes` each. More than 1 GiB is refused by a trap: the product must not wrap before. */
export function column(values: u64, bytes: u64): usize {
  return heap.alloc(<usize>min(values * bytes, <u64>u32.MAX_VALUE));
}
