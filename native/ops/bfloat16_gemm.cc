#include "ops/bfloat16_gemm.h"

#include <ATen/ATen.h>
#include <ATen/native/CPUBlas.h>
#if defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>
// GCC 12 takes the undefined vectors inside its own intrinsics for ours.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <algorithm>
#include <exception>

#include "ops/tiles.h"

namespace mpvg {

using c10::BFloat16;

namespace {

constexpr int64_t kBlock = 16;  // pairs of values in 64 bytes

thread_local bool tilesInUse = false;

// Sixteen rows of sixteen pairs.
#if defined(__AVX512BW__) && defined(__AVX512VL__)
struct Block {
  __m512i row[kBlock];
};

// Rows where they lie; those from `rows` on are zero.
inline Block loadPairs(const BFloat16* from, int64_t stride, int64_t rows) {
  Block block;
  for (int64_t r = 0; r < kBlock; r++) block.row[r] = r < rows ? _mm512_loadu_si512(from + r * stride) : _mm512_setzero_si512();
  return block;
}

// Pairs of values that stand one above the other in 32 rows; `rows` and `columns` say how many there are.
inline Block loadRows(const BFloat16* from, int64_t stride, int64_t rows, int64_t columns) {
  const __mmask16 mask = static_cast<__mmask16>(columns >= kBlock ? 0xffff : (1 << columns) - 1);
  const auto line = [&](int64_t r) {
    return r < rows ? _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from + r * stride)) : _mm512_setzero_si512();
  };
  Block block;
  for (int64_t r = 0; r < kBlock; r++) block.row[r] = _mm512_or_si512(line(2 * r), _mm512_slli_epi32(line(2 * r + 1), 16));
  return block;
}

inline void storePairs(const Block& block, int64_t rows, BFloat16* to, int64_t stride) {
  for (int64_t r = 0; r < rows; r++) _mm512_storeu_si512(to + r * stride, block.row[r]);
}

inline Block transposed(const Block& in) {
  Block a, b;
  for (int r = 0; r < 16; r += 2) {
    a.row[r] = _mm512_unpacklo_epi32(in.row[r], in.row[r + 1]);
    a.row[r + 1] = _mm512_unpackhi_epi32(in.row[r], in.row[r + 1]);
  }
  for (int r = 0; r < 16; r += 4) {
    for (int i = 0; i < 2; i++) {
      b.row[r + 2 * i] = _mm512_unpacklo_epi64(a.row[r + i], a.row[r + 2 + i]);
      b.row[r + 2 * i + 1] = _mm512_unpackhi_epi64(a.row[r + i], a.row[r + 2 + i]);
    }
  }
  // b.row[4 q + i] holds, of rows 4 q to 4 q + 3, column i of each quarter.
  for (int i = 0; i < 4; i++) {
    const __m512i low = _mm512_shuffle_i32x4(b.row[i], b.row[4 + i], 0x88), high = _mm512_shuffle_i32x4(b.row[i], b.row[4 + i], 0xdd);
    const __m512i low2 = _mm512_shuffle_i32x4(b.row[8 + i], b.row[12 + i], 0x88);
    const __m512i high2 = _mm512_shuffle_i32x4(b.row[8 + i], b.row[12 + i], 0xdd);
    a.row[i] = _mm512_shuffle_i32x4(low, low2, 0x88);
    a.row[8 + i] = _mm512_shuffle_i32x4(low, low2, 0xdd);
    a.row[4 + i] = _mm512_shuffle_i32x4(high, high2, 0x88);
    a.row[12 + i] = _mm512_shuffle_i32x4(high, high2, 0xdd);
  }
  return a;
}
#else
struct Block {
  BFloat16 row[kBlock][2 * kBlock];
};

inline Block loadPairs(const BFloat16* from, int64_t stride, int64_t rows) {
  Block block;
  for (int64_t r = 0; r < kBlock; r++) {
    for (int64_t i = 0; i < 2 * kBlock; i++) block.row[r][i] = r < rows ? from[r * stride + i] : BFloat16(0);
  }
  return block;
}

inline Block loadRows(const BFloat16* from, int64_t stride, int64_t rows, int64_t columns) {
  Block block;
  for (int64_t r = 0; r < 2 * kBlock; r++) {
    for (int64_t i = 0; i < kBlock; i++) {
      block.row[r / 2][2 * i + r % 2] = r < rows && i < columns ? from[r * stride + i] : BFloat16(0);
    }
  }
  return block;
}

inline void storePairs(const Block& block, int64_t rows, BFloat16* to, int64_t stride) {
  for (int64_t r = 0; r < rows; r++) std::copy_n(block.row[r], 2 * kBlock, to + r * stride);
}

inline Block transposed(const Block& in) {
  Block out;
  for (int64_t r = 0; r < kBlock; r++) {
    for (int64_t i = 0; i < kBlock; i++) std::copy_n(in.row[r] + 2 * i, 2, out.row[i] + 2 * r);
  }
  return out;
}
#endif

}  // namespace

bool tilesMultiplyBfloat16() {
  static const bool multiplies = [] {
    alignas(64) BFloat16 ones[kDepth * kPanel];
    alignas(64) float sums[kBlock * kBlock] = {};
    std::fill(std::begin(ones), std::end(ones), BFloat16(1));
    try {
      gemmPacked(kBlock, kBlock, kDepth, ones, kDepth, ones, false, sums, kBlock);
      endProducts();
    } catch (const std::exception&) {
      return false;  // libtorch or oneDNN has no such kernel for this processor
    }
    return std::all_of(std::begin(sums), std::end(sums), [](float sum) { return sum == kDepth; });
  }();
  return multiplies;
}

template <typename T>
void packPanel(const T* b, int64_t stride, int64_t depth, int64_t columns, BFloat16* packed) {
  alignas(64) BFloat16 lines[2][kPanel] = {};
  for (int64_t r = 0; r < paddedDepth(depth); r += 2) {
    const uint16_t* pair[2];
    for (int64_t i = 0; i < 2; i++) {
      const BFloat16* line = lines[i];
      if (r + i >= depth) {
        std::fill_n(lines[i], kPanel, BFloat16(0));
      } else if constexpr (std::is_same_v<T, float>) {
        narrow(b + (r + i) * stride, columns, lines[i]);
      } else if (columns == kPanel) {
        line = b + (r + i) * stride;
      } else {
        std::copy_n(b + (r + i) * stride, columns, lines[i]);
      }
      pair[i] = reinterpret_cast<const uint16_t*>(line);
    }
    auto* out = reinterpret_cast<uint32_t*>(packed + r * kPanel);
    const uint16_t *even = pair[0], *odd = pair[1];
    for (int64_t c = 0; c < kPanel; c++) out[c] = even[c] | static_cast<uint32_t>(odd[c]) << 16;
  }
}

template void packPanel<float>(const float*, int64_t, int64_t, int64_t, BFloat16*);
template void packPanel<BFloat16>(const BFloat16*, int64_t, int64_t, int64_t, BFloat16*);

void packTransposedPanel(const BFloat16* b, int64_t stride, int64_t depth, int64_t columns, BFloat16* packed) {
  for (int64_t c = 0; c < columns; c += kBlock) {
    for (int64_t r = 0; r < paddedDepth(depth); r += 2 * kBlock) {
      const Block block = transposed(loadPairs(b + c * stride + r, stride, columns - c));
      storePairs(block, kBlock, packed + r * kPanel + 2 * c, 2 * kPanel);
    }
  }
}

void transposeLeft(const BFloat16* a, int64_t stride, int64_t rows, int64_t width, BFloat16* out) {
  const int64_t outStride = paddedDepth(rows);
  for (int64_t c = 0; c < width; c += kBlock) {
    for (int64_t r = 0; r < rows; r += 2 * kBlock) {
      const Block block = transposed(loadRows(a + r * stride + c, stride, rows - r, width - c));
      storePairs(block, std::min(kBlock, width - c), out + c * outStride + r, outStride);
    }
  }
}

void gemmPacked(int64_t m, int64_t columns, int64_t depth, const BFloat16* a, int64_t lda, const BFloat16* packed, bool add, float* c,
                int64_t ldc) {
  for (int64_t first = 0; first < columns; first += kPanel) {
    at::native::cpublas::brgemm(m, std::min(kPanel, columns - first), depth, lda, kPanel, ldc, add, a, packed + first * depth,
                                c + first, true);
    tilesInUse = true;
  }
}

void endProducts() {
  if (tilesInUse) at::native::cpublas::brgemm_release(true);
  tilesInUse = false;
}

}  // namespace mpvg
