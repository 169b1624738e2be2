// What the tiled CPU operators share: rows dealt evenly to threads and cut into tiles that stay in cache, sums that every
// thread gathers for itself, and activations that are float32 or bfloat16 in memory and float32 in the arithmetic.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/util/BFloat16.h>

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "ops/gemm.h"

namespace mpvg {

// Calls body(thread, begin, end) for tiles of at most `maxRows` rows. Each thread gets one contiguous share, so the partition
// (and with it every rounding) depends on the number of threads alone.
template <typename Body>
void forEachTile(int64_t rows, int64_t maxRows, const Body& body) {
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), std::max<int64_t>(1, rows / 16));
  at::parallel_for(0, threads, 1, [&](int64_t first, int64_t last) {
    const SequentialBlas sequential;
    for (int64_t thread = first; thread < last; thread++) {
      const int64_t begin = rows * thread / threads, end = rows * (thread + 1) / threads;
      const int64_t tiles = std::max<int64_t>(1, (end - begin + maxRows - 1) / maxRows);
      for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t from = begin + (end - begin) * tile / tiles, to = begin + (end - begin) * (tile + 1) / tiles;
        if (to > from) body(thread, from, to);
      }
    }
  });
}

// How many shares forEachTile makes.
inline int64_t shareCount(int64_t rows) {
  return std::min<int64_t>(at::get_num_threads(), std::max<int64_t>(1, rows / 16));
}

// One array of sums per thread, added up into the first one's place at the end. `first(thread)` is true until that thread has
// written its array, so that a matrix product can overwrite (beta 0) instead of clearing first.
class ThreadSums {
 public:
  ThreadSums(float* result, int64_t size, int64_t shares)
      : result_(result), size_(size), shares_(shares), written_(shares, 0), rest_(at::empty({(shares - 1) * size}, at::kFloat)) {}

  float* of(int64_t thread) { return thread == 0 ? result_ : rest_.data_ptr<float>() + (thread - 1) * size_; }

  float beta(int64_t thread) { return written_[thread]++ == 0 ? 0.0f : 1.0f; }

  // For sums that are accumulated by loops: the thread's array, cleared on first use.
  float* cleared(int64_t thread) {
    if (written_[thread]++ == 0) std::memset(of(thread), 0, size_ * sizeof(float));
    return of(thread);
  }

  void finish() {
    if (written_[0] == 0) std::memset(result_, 0, size_ * sizeof(float));
    at::parallel_for(0, size_, 4096, [&](int64_t begin, int64_t end) {
      for (int64_t thread = 1; thread < shares_; thread++) {
        if (written_[thread] == 0) continue;
        const float* part = of(thread);
        for (int64_t i = begin; i < end; i++) result_[i] += part[i];
      }
    });
  }

 private:
  float* result_;
  int64_t size_, shares_;
  std::vector<int> written_;
  at::Tensor rest_;  // not cleared: written before it is read
};

// Scratch memory of one thread, given back when the Scratch ends; one inside another is fine. The thread keeps the memory for the
// next: fresh pages for every tile would cost more than the arithmetic. Addresses are multiples of 64 bytes.
class Scratch {
 public:
  Scratch() : start_(arena().position) {}
  ~Scratch() { arena().rewind(start_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <typename Number = float>
  Number* take(int64_t count) {
    return reinterpret_cast<Number*>(arena().take((count * static_cast<int64_t>(sizeof(Number)) + kAlignment - 1) / kAlignment * kAlignment));
  }

 private:
  static constexpr int64_t kAlignment = 64, kSmallest = 1 << 20;

  struct Position {
    size_t block = 0;
    int64_t used = 0;  // of that block
  };

  struct Free {
    void operator()(char* memory) const { ::operator delete[](memory, std::align_val_t(kAlignment)); }
  };

  struct Arena {
    std::vector<std::pair<std::unique_ptr<char[], Free>, int64_t>> blocks;  // and their sizes
    Position position;

    char* take(int64_t bytes) {
      while (position.block < blocks.size() && position.used + bytes > blocks[position.block].second) position = {position.block + 1, 0};
      if (position.block == blocks.size()) grow(std::max(bytes, kSmallest));
      char* memory = blocks[position.block].first.get() + position.used;
      position.used += bytes;
      return memory;
    }

    void grow(int64_t size) {
      blocks.emplace_back(static_cast<char*>(::operator new[](size, std::align_val_t(kAlignment))), size);
    }

    void rewind(Position to) {
      position = to;
      if (blocks.size() < 2 || to.block > 0 || to.used > 0) return;
      int64_t size = 0;
      for (const auto& block : blocks) size += block.second;
      blocks.clear();
      grow(size);
    }
  };

  static Arena& arena() {
    thread_local Arena kept;
    return kept;
  }

  Position start_;
};

// Activations as float: themselves, or widened into `scratch`.
inline const float* widen(const float* values, int64_t, float*) { return values; }
inline const float* widen(const c10::BFloat16* values, int64_t count, float* scratch) {
  // bfloat16 is the upper half of a float32.
  const auto* bits = reinterpret_cast<const uint16_t*>(values);
  auto* out = reinterpret_cast<uint32_t*>(scratch);
  for (int64_t i = 0; i < count; i++) out[i] = static_cast<uint32_t>(bits[i]) << 16;
  return scratch;
}

// Where results are computed: in place, or in `scratch` to be narrowed afterwards.
inline float* target(float* values, float*) { return values; }
inline float* target(c10::BFloat16*, float* scratch) { return scratch; }

inline void narrow(const float*, int64_t, float*) {}
inline void narrow(const float* scratch, int64_t count, c10::BFloat16* values) {
  const auto* bits = reinterpret_cast<const uint32_t*>(scratch);
  auto* out = reinterpret_cast<uint16_t*>(values);
  int64_t i = 0;
#ifdef __AVX512BF16__
  for (; i + 16 <= count; i += 16) {
    const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_loadu_ps(scratch + i));
    std::memcpy(out + i, &rounded, sizeof rounded);
  }
#endif
  for (; i < count; i++) {
    const uint32_t value = bits[i];
    const uint32_t rounded = (value + 0x7fff + ((value >> 16) & 1)) >> 16;  // to nearest, ties to even
    const bool nan = (value & 0x7fffffff) > 0x7f800000;
    out[i] = static_cast<uint16_t>(nan ? 0x7fc0 : rounded);
  }
}

}  // namespace mpvg
