// Elementary functions written so that the compiler vectorises loops over them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace mpvg {

// e^x, relative error below 2e-7 over float's range; 0 below -87.3, NaN for NaN.
// Range reduction to [-ln2/2, ln2/2] and the Cephes library's polynomial (S. Moshier).
inline float fastExp(float x) {
  const float low = x < -87.33654f ? -87.33654f : x;
  const float clamped = low > 88.0f ? 88.0f : low;
  const float n = std::nearbyint(clamped * 1.44269504f);
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

// The standard normal's distribution function and density, which GELU and its derivative need: one exponential for both.
// Abramowitz & Stegun, Handbook of Mathematical Functions, 7.1.26, absolute error below 1e-7.
struct NormalValues {
  float cdf, density;
};

inline NormalValues normalValues(float x) {
  const float z = std::fabs(x) * 0.70710678f;
  const float e = fastExp(-z * z);
  const float t = 1.0f / (1.0f + 0.3275911f * z);
  const float poly = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
  const float tail = 0.5f * poly * e;  // P(X > |x|)
  return {x >= 0 ? 1.0f - tail : tail, 0.39894228f * e};
}

}  // namespace mpvg
