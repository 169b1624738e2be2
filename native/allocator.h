// The CPU allocator under every tensor: one reserved address range from which blocks are cut best-fit and merged again when
// freed. A training step asks for the same sizes every time; handing the same pages out again avoids the page faults that
// malloc's mmap pays on every large block, and huge pages spare the matrix products TLB misses.
#pragma once

#include <cstdint>

namespace mpvg {

struct MemoryStats {
  int64_t inUse;     // bytes in live blocks, as requested
  int64_t peak;      // the largest inUse since the last resetPeak
  int64_t reserved;  // bytes of the address range touched so far: what the process holds
};

// Makes libtorch allocate from the arena. Idempotent.
void installAllocator();

MemoryStats cpuMemory();

// Bytes by which what the process holds can grow: of memory, and of addresses.
int64_t availableCpuMemory();

void resetPeakCpuMemory();

// Gives the pages of free blocks back to the operating system.
void releaseFreeCpuMemory();

}  // namespace mpvg
