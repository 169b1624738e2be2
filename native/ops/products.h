// The matrix products of tiles for both types of factors: float32, multiplied where it lies by the BLAS (gemm.h), and bfloat16,
// brought into the layout of the bfloat16 instructions first (bfloat16_gemm.h). Sums are float32 in both.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "ops/bfloat16_gemm.h"
#include "ops/gemm.h"
#include "ops/tiles.h"

namespace mpvg {

// Rows as the left side of a product. Those of bfloat16 are padded with zeros to a multiple of kDepth.
template <typename Factor>
struct Rows {
  Factor* data;
  int64_t count, width, stride;

  Factor* row(int64_t r) const { return data + r * stride; }
};

template <typename Factor>
int64_t rowStride(int64_t width) {
  return std::is_same_v<Factor, float> ? width : paddedDepth(width);
}

// Rows to be written; the zeros behind them are there.
template <typename Factor>
Rows<Factor> takeRows(Scratch& scratch, int64_t count, int64_t width) {
  const int64_t stride = rowStride<Factor>(width);
  const Rows<Factor> rows{scratch.take<Factor>(count * stride), count, width, stride};
  if (stride > width) {
    for (int64_t r = 0; r < count; r++) std::fill_n(rows.row(r) + width, stride - width, Factor(0));
  }
  return rows;
}

// Written rows, for products.
template <typename Factor>
Rows<const Factor> asRead(const Rows<Factor>& rows) {
  return {rows.data, rows.count, rows.width, rows.stride};
}

// Rows in memory as a left side: as they lie where they can be read so, else copied, widened or rounded.
template <typename Factor, typename T>
Rows<const Factor> readRows(Scratch& scratch, const T* data, int64_t stride, int64_t count, int64_t width) {
  if constexpr (std::is_same_v<Factor, T>) {
    if (rowStride<Factor>(width) == width) return {data, count, width, stride};
  }
  const Rows<Factor> rows = takeRows<Factor>(scratch, count, width);
  for (int64_t r = 0; r < count; r++) {
    if constexpr (std::is_same_v<Factor, T>) {
      std::copy_n(data + r * stride, width, rows.row(r));
    } else if constexpr (std::is_same_v<Factor, float>) {
      widen(data + r * stride, width, rows.row(r));
    } else {
      narrow(data + r * stride, width, rows.row(r));
    }
  }
  return asRead(rows);
}

// The right side of a product, B[depth, columns].
template <typename Factor>
class Right;

template <>
class Right<float> {
 public:
  // B as its rows lie.
  static Right of(Scratch&, Rows<const float> b) { return {b, false}; }

  // B^T lies there.
  static Right ofTransposed(Scratch&, Rows<const float> b) { return {b, true}; }

  // A layer's weight [out, in], for x W^T (`transposed`) or dy W; before the tiles, which share it.
  static Right ofWeight(const float* weight, int64_t out, int64_t in, bool transposed) {
    return {{weight, out, in, in}, transposed};
  }

  // C = A B + beta C for `count` rows of A
  void multiply(Rows<const float> a, float beta, float* c, int64_t ldc) const {
    if (transposed_) {
      gemmNT(a.count, b_.count, b_.width, 1, a.data, a.stride, b_.data, b_.stride, beta, c, ldc);
    } else {
      gemmNN(a.count, b_.width, b_.count, 1, a.data, a.stride, b_.data, b_.stride, beta, c, ldc);
    }
  }

 private:
  Right(Rows<const float> b, bool transposed) : b_(b), transposed_(transposed) {}

  Rows<const float> b_;
  bool transposed_;
};

template <>
class Right<c10::BFloat16> {
 public:
  static Right of(Scratch& scratch, Rows<const c10::BFloat16> b) {
    Right right(b.count, b.width);
    c10::BFloat16* packed = scratch.take<c10::BFloat16>(packedSize(b.count, b.width));
    right.packed_ = packed;
    for (int64_t first = 0; first < b.width; first += kPanel) {
      packPanel(b.data + first, b.stride, b.count, std::min(kPanel, b.width - first), packed + first * right.depth_);
    }
    return right;
  }

  static Right ofTransposed(Scratch& scratch, Rows<const c10::BFloat16> b) {
    Right right(b.width, b.count);
    c10::BFloat16* packed = scratch.take<c10::BFloat16>(packedSize(b.width, b.count));
    right.packed_ = packed;
    for (int64_t first = 0; first < b.count; first += kPanel) {
      packTransposedPanel(b.row(first), b.stride, b.width, std::min(kPanel, b.count - first), packed + first * right.depth_);
    }
    return right;
  }

  // Rounded and packed once, by all threads, into memory of its own.
  static Right ofWeight(const float* weight, int64_t out, int64_t in, bool transposed) {
    Right right(transposed ? in : out, transposed ? out : in);
    right.memory_ = at::empty({packedSize(right.depth_, right.columns_)}, at::kBFloat16);
    c10::BFloat16* packed = right.memory_.data_ptr<c10::BFloat16>();
    right.packed_ = packed;
    at::parallel_for(0, (right.columns_ + kPanel - 1) / kPanel, 1, [&](int64_t begin, int64_t end) {
      for (int64_t first = begin * kPanel; first < std::min(end * kPanel, right.columns_); first += kPanel) {
        const int64_t columns = std::min(kPanel, right.columns_ - first);
        if (transposed) {
          Scratch scratch;
          const auto rows = readRows<c10::BFloat16>(scratch, weight + first * in, in, columns, in);
          packTransposedPanel(rows.data, rows.stride, in, columns, packed + first * right.depth_);
        } else {
          packPanel(weight + first, in, out, columns, packed + first * right.depth_);
        }
      }
    });
    return right;
  }

  void multiply(Rows<const c10::BFloat16> a, float beta, float* c, int64_t ldc) const {
    gemmPacked(a.count, columns_, depth_, a.data, a.stride, packed_, beta != 0, c, ldc);
  }

 private:
  Right(int64_t depth, int64_t columns) : depth_(paddedDepth(depth)), columns_(columns) {}

  int64_t depth_, columns_;
  const c10::BFloat16* packed_ = nullptr;
  at::Tensor memory_;
};

// C[a.width, b.width] = A^T B + beta C, beta 0 or 1: the gradient of a weight from that of its layer's output and its input.
inline void multiplyTransposed(Rows<const float> a, Rows<const float> b, float beta, float* c, int64_t ldc) {
  gemmTN(a.width, b.width, a.count, 1, a.data, a.stride, b.data, b.stride, beta, c, ldc);
}

inline void multiplyTransposed(Rows<const c10::BFloat16> a, Rows<const c10::BFloat16> b, float beta, float* c, int64_t ldc) {
  Scratch scratch;
  const int64_t depth = paddedDepth(a.count);
  c10::BFloat16* left = scratch.take<c10::BFloat16>(a.width * depth);
  transposeLeft(a.data, a.stride, a.count, a.width, left);
  Right<c10::BFloat16>::of(scratch, b).multiply({left, a.width, a.count, depth}, beta, c, ldc);
}

}  // namespace mpvg
