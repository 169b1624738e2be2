// What is left of memory and of addresses: of the machine, of the cgroups that the process is in (version 1 and 2), and below the
// limits that were set for it (ulimit).
#pragma once

#include <cstddef>

namespace mpvg {

// Bytes that can be had before the kernel ends processes. Page cache counts as free, the machine's and a cgroup's.
size_t availableMemory();

// Bytes of addresses below `ulimit -v`; SIZE_MAX where there is no limit.
size_t availableAddresses();

}  // namespace mpvg
