// Memory that grows. Blocks are never given back, so doubling keeps what is lost below what is used.

/** A block of at least `bytes`, with what the old one held. @param room bytes of the old one */
export function grown(block: usize, room: i32, bytes: i32): usize {
  const larger = heap.alloc(bytes);
  memory.copy(larger, block, room);
  return larger;
}

/** Bytes to ask for where `bytes` are needed. */
export function withReserve(bytes: i32): i32 {
  return max(4096, 2 * bytes);
}
