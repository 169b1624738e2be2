#include "ops/gemm.h"

#include <ATen/ATen.h>

#include "ops/bfloat16_gemm.h"

// Fortran BLAS, column-major. x86 builds of libtorch export MKL's; where a build has none, ATen's mm serves.
extern "C" __attribute__((weak)) void sgemm_(const char* transA, const char* transB, const int* m, const int* n, const int* k,
                                             const float* alpha, const float* a, const int* lda, const float* b,
                                             const int* ldb, const float* beta, float* c, const int* ldc);

extern "C" __attribute__((weak)) int MKL_Set_Num_Threads_Local(int count);

namespace mpvg {

SequentialBlas::SequentialBlas() {
  if (MKL_Set_Num_Threads_Local != nullptr) previous_ = MKL_Set_Num_Threads_Local(1);
}

SequentialBlas::~SequentialBlas() {
  endProducts();
  if (MKL_Set_Num_Threads_Local != nullptr) MKL_Set_Num_Threads_Local(previous_);
}

namespace {

// Row-major C = op(A) op(B) is column-major C^T = op(B)^T op(A)^T on the same buffers.
void gemm(bool transposeA, bool transposeB, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda,
          const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  if (sgemm_ != nullptr) {
    const int rows = static_cast<int>(n), columns = static_cast<int>(m), depth = static_cast<int>(k);
    const int strideA = static_cast<int>(lda), strideB = static_cast<int>(ldb), strideC = static_cast<int>(ldc);
    sgemm_(transposeB ? "T" : "N", transposeA ? "T" : "N", &rows, &columns, &depth, &alpha, b, &strideB, a, &strideA, &beta, c,
           &strideC);
    return;
  }
  const auto view = [](const float* data, int64_t rows, int64_t columns, int64_t stride) {
    return at::from_blob(const_cast<float*>(data), {rows, columns}, {stride, 1}, at::kFloat);
  };
  const at::Tensor left = transposeA ? view(a, k, m, lda).t() : view(a, m, k, lda);
  const at::Tensor right = transposeB ? view(b, n, k, ldb).t() : view(b, k, n, ldb);
  at::Tensor out = view(c, m, n, ldc);
  const at::Tensor product = at::mm(left, right).mul_(alpha);
  if (beta == 0) {
    out.copy_(product);
  } else {
    out.mul_(beta).add_(product);
  }
}

}  // namespace

void gemmNT(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b, int64_t ldb, float beta,
            float* c, int64_t ldc) {
  gemm(false, true, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void gemmNN(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b, int64_t ldb, float beta,
            float* c, int64_t ldc) {
  gemm(false, false, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void gemmTN(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b, int64_t ldb, float beta,
            float* c, int64_t ldc) {
  gemm(true, false, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

}  // namespace mpvg
