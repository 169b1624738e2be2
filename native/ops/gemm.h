// Single-precision matrix products on row-major buffers with leading dimensions, from the BLAS that libtorch carries. The tiled
// operators here call them inside parallel regions, each thread for its own tile and under a SequentialBlas.
#pragma once

#include <cstdint>

namespace mpvg {

// While it lives, products of the calling thread run on that thread alone. libtorch turns MKL's own check for this off, and
// products that start a team inside a team wait for threads that never come. When it ends, the thread's core leaves what products put it
// in.
class SequentialBlas {
 public:
  SequentialBlas();
  ~SequentialBlas();
  SequentialBlas(const SequentialBlas&) = delete;
  SequentialBlas& operator=(const SequentialBlas&) = delete;

 private:
  int previous_ = 0;
};

// C[m,n] = alpha * A[m,k] B[n,k]^T + beta * C
void gemmNT(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b, int64_t ldb, float beta,
            float* c, int64_t ldc);

// C[m,n] = alpha * A[m,k] B[k,n] + beta * C
void gemmNN(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b, int64_t ldb, float beta,
            float* c, int64_t ldc);

// C[m,n] = alpha * A[k,m]^T B[k,n] + beta * C
void gemmTN(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b, int64_t ldb, float beta,
            float* c, int64_t ldc);

}  // namespace mpvg
