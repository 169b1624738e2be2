#include "allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "available_memory.h"

namespace mpvg {

namespace {

constexpr size_t kAlignment = 64;            // a cache line, what libtorch's own allocator gives
constexpr size_t kReserve = size_t{1} << 40;  // addresses only; pages come when touched
constexpr size_t kGrowth = size_t{64} << 20;  // how far the used part of the range grows at a time
constexpr size_t kHugePage = size_t{2} << 20;

size_t roundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

std::string mebibytes(size_t bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

// How many addresses to take: all that could ever be used or, below a limit (ulimit -v), half: JavaScript, worker threads with their
// WebAssembly memories, and libraries need the rest.
size_t reservable() { return std::min(kReserve, availableAddresses() / 2); }

class ArenaAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* data = bytes == 0 ? nullptr : take(bytes);
    return {data, data, &ArenaAllocator::release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &ArenaAllocator::release; }

  void copy_data(void* destination, const void* source, size_t bytes) const override {
    std::memcpy(destination, source, bytes);
  }

  MemoryStats stats() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return {static_cast<int64_t>(inUse_), static_cast<int64_t>(peak_), static_cast<int64_t>(top_)};
  }

  size_t available() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::min(availableMemory(), capacity_ - top_);
  }

  void resetPeak() {
    const std::lock_guard<std::mutex> lock(mutex_);
    peak_ = inUse_;
  }

  void releaseFree() {
    const std::lock_guard<std::mutex> lock(mutex_);
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    for (const auto& [offset, size] : freeByOffset_) {
      const size_t begin = roundUp(offset, page), end = (offset + size) / page * page;
      if (end > begin) madvise(base_ + begin, end - begin, MADV_DONTNEED);
    }
  }

  static ArenaAllocator& instance() {
    // Never destroyed: tensors held by other static objects may outlive any order of destruction.
    static auto* allocator = new ArenaAllocator();
    return *allocator;
  }

 private:
  ArenaAllocator() {
    // Addresses that cannot be touched cost nothing, whatever the system's policy; `grow` makes them usable.
    void* range = MAP_FAILED;
    for (capacity_ = reservable(); range == MAP_FAILED && capacity_ >= kGrowth; capacity_ /= 2) {
      range = mmap(nullptr, capacity_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (range != MAP_FAILED) break;
    }
    if (range == MAP_FAILED) {
      throw std::runtime_error("out of memory: no addresses are left for tensors (" + mebibytes(availableAddresses()) +
                               " below the limit); raise it (ulimit -v)");
    }
    base_ = static_cast<char*>(range);
  }

  void* take(size_t requested) {
    const size_t size = roundUp(requested, kAlignment);
    const std::lock_guard<std::mutex> lock(mutex_);
    auto fit = freeBySize_.lower_bound({size, 0});
    if (fit == freeBySize_.end()) {
      grow(size, requested);
      fit = freeBySize_.lower_bound({size, 0});
    }
    const auto [blockSize, offset] = *fit;
    eraseFree(offset, blockSize);
    if (blockSize > size) insertFree(offset + size, blockSize - size);
    live_.emplace(offset, Block{size, requested});
    inUse_ += requested;
    peak_ = std::max(peak_, inUse_);
    return base_ + offset;
  }

  void give(void* data) {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_t offset = static_cast<size_t>(static_cast<char*>(data) - base_);
    const auto found = live_.find(offset);
    size_t size = found->second.size;
    inUse_ -= found->second.requested;
    live_.erase(found);
    auto next = freeByOffset_.lower_bound(offset);
    if (next != freeByOffset_.end() && next->first == offset + size) {
      const auto [nextOffset, nextSize] = *next;
      eraseFree(nextOffset, nextSize);
      size += nextSize;
    }
    auto previous = freeByOffset_.lower_bound(offset);
    if (previous != freeByOffset_.begin()) {
      --previous;
      const auto [previousOffset, previousSize] = *previous;
      if (previousOffset + previousSize == offset) {
        eraseFree(previousOffset, previousSize);
        offset = previousOffset;
        size += previousSize;
      }
    }
    insertFree(offset, size);
  }

  void grow(size_t size, size_t requested) {
    // The free tail of the range, if there is one, is extended: only what is missing is new.
    size_t tail = 0;
    if (!freeByOffset_.empty()) {
      const auto& [offset, bytes] = *freeByOffset_.rbegin();
      if (offset + bytes == top_) tail = bytes;
    }
    const size_t missing = roundUp(size - tail, size - tail >= kGrowth ? kHugePage : kGrowth);
    const size_t available = availableMemory();
    if (size - tail > available) outOfMemory(requested, mebibytes(available) + " available on this machine");
    if (missing > capacity_ - top_ || mprotect(base_ + top_, missing, PROT_READ | PROT_WRITE) != 0) {
      outOfMemory(requested, mebibytes(capacity_ - top_) + " left of the addresses that the process' limits allow (ulimit -v, -d)");
    }
    madvise(base_ + top_, missing, MADV_HUGEPAGE);
    size_t offset = top_, bytes = missing;
    top_ += missing;
    if (tail > 0) {
      offset -= tail;
      bytes += tail;
      eraseFree(offset, tail);
    }
    insertFree(offset, bytes);
  }

  [[noreturn]] void outOfMemory(size_t requested, const std::string& left) {
    throw std::runtime_error("out of memory: " + mebibytes(requested) + " asked for, " + mebibytes(inUse_) + " held by tensors, " + left);
  }

  void insertFree(size_t offset, size_t size) {
    freeByOffset_.emplace(offset, size);
    freeBySize_.emplace(size, offset);
  }

  void eraseFree(size_t offset, size_t size) {
    freeByOffset_.erase(offset);
    freeBySize_.erase({size, offset});
  }

  static void release(void* data) {
    if (data != nullptr) instance().give(data);
  }

  struct Block {
    size_t size, requested;
  };

  std::mutex mutex_;
  char* base_ = nullptr;
  size_t capacity_ = 0, top_ = 0, inUse_ = 0, peak_ = 0;
  std::map<size_t, size_t> freeByOffset_;
  std::set<std::pair<size_t, size_t>> freeBySize_;
  std::unordered_map<size_t, Block> live_;
};

}  // namespace

void installAllocator() { c10::SetCPUAllocator(&ArenaAllocator::instance(), /*priority=*/1); }

MemoryStats cpuMemory() { return ArenaAllocator::instance().stats(); }

int64_t availableCpuMemory() { return static_cast<int64_t>(ArenaAllocator::instance().available()); }

void resetPeakCpuMemory() { ArenaAllocator::instance().resetPeak(); }

void releaseFreeCpuMemory() { ArenaAllocator::instance().releaseFree(); }

}  // namespace mpvg
