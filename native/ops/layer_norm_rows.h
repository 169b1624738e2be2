// Layer normalisation of one row, forward and backward, shared by every operator that has one inside.
#pragma once

#include <cmath>
#include <cstdint>

namespace mpvg {

struct RowMoments {
  float mean, rstd;
};

// Moments in two passes over a row that is in cache.
inline RowMoments rowMoments(const float* x, int64_t width, float eps) {
  float sum = 0;
  for (int64_t i = 0; i < width; i++) sum += x[i];
  const float mean = sum / static_cast<float>(width);
  float squares = 0;
  for (int64_t i = 0; i < width; i++) squares += (x[i] - mean) * (x[i] - mean);
  return {mean, 1.0f / std::sqrt(squares / static_cast<float>(width) + eps)};
}

// y = (x - mean) * rstd * gamma + beta (+ addend, where there is one)
inline void normaliseRow(const float* x, RowMoments m, const float* gamma, const float* beta, const float* addend, int64_t width,
                         float* y) {
  if (addend != nullptr) {
    for (int64_t i = 0; i < width; i++) y[i] = (x[i] - m.mean) * m.rstd * gamma[i] + beta[i] + addend[i];
  } else {
    for (int64_t i = 0; i < width; i++) y[i] = (x[i] - m.mean) * m.rstd * gamma[i] + beta[i];
  }
}

// dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) with g = dy * gamma; adds to dgamma and dbeta.
// `residual`, where there is one, is added to dx: the gradient that arrives past the normalised branch.
inline void normaliseRowBackward(const float* dy, const float* x, RowMoments m, const float* gamma, const float* residual,
                                 int64_t width, float* dx, float* dgamma, float* dbeta) {
  float sum = 0, dot = 0;
  for (int64_t i = 0; i < width; i++) {
    const float xhat = (x[i] - m.mean) * m.rstd, g = dy[i] * gamma[i];
    sum += g;
    dot += g * xhat;
    dgamma[i] += dy[i] * xhat;
    dbeta[i] += dy[i];
  }
  const float meanG = sum / static_cast<float>(width), meanDot = dot / static_cast<float>(width);
  if (residual != nullptr) {
    for (int64_t i = 0; i < width; i++) {
      const float xhat = (x[i] - m.mean) * m.rstd;
      dx[i] = residual[i] + m.rstd * (dy[i] * gamma[i] - meanG - xhat * meanDot);
    }
  } else {
    for (int64_t i = 0; i < width; i++) {
      const float xhat = (x[i] - m.mean) * m.rstd;
      dx[i] = m.rstd * (dy[i] * gamma[i] - meanG - xhat * meanDot);
    }
  }
}

}  // namespace mpvg
