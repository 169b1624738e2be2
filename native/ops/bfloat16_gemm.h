// Products of bfloat16 matrices with float32 sums, for tiles: called inside parallel regions, each on its thread alone. The kernel
// is oneDNN's, from the libtorch that is there (at::native::cpublas::brgemm); the layouts it reads are made here. Left: rows whose
// length is a multiple of kDepth, zeros at their end. Right, "packed": panels of kPanel columns, in them pairs of rows interleaved,
// as AMX and AVX512-BF16 read them. Everything is fastest where addresses and strides are multiples of 64 bytes.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace mpvg {

constexpr int64_t kDepth = 32, kPanel = 64;

// Whether this processor, this build and this libtorch multiply so.
bool tilesMultiplyBfloat16();

inline int64_t paddedDepth(int64_t depth) { return (depth + kDepth - 1) / kDepth * kDepth; }

inline int64_t packedSize(int64_t depth, int64_t columns) {
  return paddedDepth(depth) * ((columns + kPanel - 1) / kPanel * kPanel);
}

// One panel of a right side: `columns` (at most kPanel) of B[depth, columns] with rows `stride` apart. T is float, which is
// rounded, or BFloat16.
template <typename T>
void packPanel(const T* b, int64_t stride, int64_t depth, int64_t columns, c10::BFloat16* packed);

// The same for B^T[columns, depth] in memory. Its rows are a left side: a multiple of kDepth long, zeros at their end.
void packTransposedPanel(const c10::BFloat16* b, int64_t stride, int64_t depth, int64_t columns, c10::BFloat16* packed);

// A[rows, width] as the left side A^T[width, paddedDepth(rows)].
void transposeLeft(const c10::BFloat16* a, int64_t stride, int64_t rows, int64_t width, c10::BFloat16* out);

// C[m, columns] = A[m, depth] B (+ C where `add`), A a left side and B packed; depth is a multiple of kDepth.
void gemmPacked(int64_t m, int64_t columns, int64_t depth, const c10::BFloat16* a, int64_t lda, const c10::BFloat16* packed,
                bool add, float* c, int64_t ldc);

// Leaves the state that the calling thread's products put its core in (AMX's tiles).
void endProducts();

}  // namespace mpvg
