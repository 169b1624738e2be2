// Single-precision matrix products on row-major buffers with leading dimensions, from the BLAS that libtorch carries. Called
// inside a parallel region they run on the calling thread, which is how the tiled operators here use them.
#pragma once

#include <cstdint>

namespace mpvg {

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
