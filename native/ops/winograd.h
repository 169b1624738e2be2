// The transforms of Winograd's convolution F(4 x 4, 3 x 3): a 6 x 6 patch of the input and a 3 x 3 kernel become 36 numbers each,
// whose products, summed over the channels, become a 4 x 4 tile of the result. 36 products take the place of 144.
// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, with the points 0, ±3/4, ±3/2 and infinity
// in place of 0, ±1, ±2: a third of the rounding error (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
// Convolution for Deep Neural Networks", 2020).
#pragma once

#include <cstdint>
#include <cstring>

#include <c10/util/BFloat16.h>

#include "ops/tiles.h"

namespace mpvg::winograd {

constexpr int kTile = 4, kKernel = 3, kPatch = 6, kPositions = kPatch * kPatch;

// Channels side by side.
constexpr int64_t kLanes = 8;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

inline Lanes load(const float* values) {
  Lanes lanes;
  std::memcpy(&lanes, values, sizeof(lanes));
  return lanes;
}

inline Lanes load(const c10::BFloat16* values) {
  float wide[kLanes];
  return load(widen(values, kLanes, wide));
}

inline void store(const Lanes& lanes, float* values) { std::memcpy(values, &lanes, sizeof(lanes)); }

inline void store(const Lanes& lanes, c10::BFloat16* values) {
  float wide[kLanes];
  store(lanes, wide);
  narrow(wide, kLanes, values);
}

constexpr float p = 0.75f, q = 1.5f, p2 = p * p, q2 = q * q, p3 = p * p2, q3 = q * q2;
// The products of a point's distances from the other points.
constexpr float f0 = p2 * q2, f1 = 2 * p2 * (p2 - q2), f3 = 2 * q2 * (q2 - p2);

// One axis of each transform. `Stride` is the distance of neighbours on that axis.
template <int Stride>
inline void patchAxis(const Lanes* d, Lanes* v) {
  const Lanes even1 = d[4 * Stride] - q2 * d[2 * Stride], odd1 = p * (d[3 * Stride] - q2 * d[Stride]);
  const Lanes even3 = d[4 * Stride] - p2 * d[2 * Stride], odd3 = q * (d[3 * Stride] - p2 * d[Stride]);
  v[0] = p2 * q2 * d[0] - (p2 + q2) * d[2 * Stride] + d[4 * Stride];
  v[Stride] = even1 + odd1;
  v[2 * Stride] = even1 - odd1;
  v[3 * Stride] = even3 + odd3;
  v[4 * Stride] = even3 - odd3;
  v[5 * Stride] = p2 * q2 * d[Stride] - (p2 + q2) * d[3 * Stride] + d[5 * Stride];
}

// Six products to four results.
template <int From, int To>
inline void tileAxis(const Lanes* m, Lanes* y) {
  const Lanes sum1 = m[From] + m[2 * From], difference1 = m[From] - m[2 * From];
  const Lanes sum3 = m[3 * From] + m[4 * From], difference3 = m[3 * From] - m[4 * From];
  y[0] = m[0] + sum1 + sum3;
  y[To] = p * difference1 + q * difference3;
  y[2 * To] = p2 * sum1 + q2 * sum3;
  y[3 * To] = p3 * difference1 + q3 * difference3 + m[5 * From];
}

// The transpose of tileAxis: gradients of four results to those of six products.
template <int From, int To>
inline void tileGradientAxis(const Lanes* dy, Lanes* dm) {
  const Lanes even1 = dy[0] + p2 * dy[2 * From], odd1 = p * dy[From] + p3 * dy[3 * From];
  const Lanes even3 = dy[0] + q2 * dy[2 * From], odd3 = q * dy[From] + q3 * dy[3 * From];
  dm[0] = dy[0];
  dm[To] = even1 + odd1;
  dm[2 * To] = even1 - odd1;
  dm[3 * To] = even3 + odd3;
  dm[4 * To] = even3 - odd3;
  dm[5 * To] = dy[3 * From];
}

template <int From, int To>
inline void kernelAxis(const Lanes* g, Lanes* u) {
  const Lanes even1 = (1 / f1) * (g[0] + p2 * g[2 * From]), odd1 = (p / f1) * g[From];
  const Lanes even3 = (1 / f3) * (g[0] + q2 * g[2 * From]), odd3 = (q / f3) * g[From];
  u[0] = (1 / f0) * g[0];
  u[To] = even1 + odd1;
  u[2 * To] = even1 - odd1;
  u[3 * To] = even3 + odd3;
  u[4 * To] = even3 - odd3;
  u[5 * To] = g[2 * From];
}

// The transpose of kernelAxis.
template <int From, int To>
inline void kernelGradientAxis(const Lanes* du, Lanes* dg) {
  const Lanes sum1 = (1 / f1) * (du[From] + du[2 * From]), difference1 = (p / f1) * (du[From] - du[2 * From]);
  const Lanes sum3 = (1 / f3) * (du[3 * From] + du[4 * From]), difference3 = (q / f3) * (du[3 * From] - du[4 * From]);
  dg[0] = (1 / f0) * du[0] + sum1 + sum3;
  dg[To] = difference1 + difference3;
  dg[2 * To] = p2 * sum1 + q2 * sum3 + du[5 * From];
}

// Both axes, in place: [6][6].
inline void transformPatch(Lanes* d) {
  Lanes rows[kPositions];
  for (int x = 0; x < kPatch; x++) patchAxis<kPatch>(d + x, rows + x);
  for (int y = 0; y < kPatch; y++) patchAxis<1>(rows + kPatch * y, d + kPatch * y);
}

// [6][6] to [4][4]
inline void transformTile(const Lanes* m, Lanes* y) {
  Lanes rows[kTile * kPatch];
  for (int x = 0; x < kPatch; x++) tileAxis<kPatch, kPatch>(m + x, rows + x);
  for (int r = 0; r < kTile; r++) tileAxis<1, 1>(rows + kPatch * r, y + kTile * r);
}

// [4][4] to [6][6]
inline void transformTileGradient(const Lanes* dy, Lanes* dm) {
  Lanes rows[kPatch * kTile];
  for (int x = 0; x < kTile; x++) tileGradientAxis<kTile, kTile>(dy + x, rows + x);
  for (int r = 0; r < kPatch; r++) tileGradientAxis<1, 1>(rows + kTile * r, dm + kPatch * r);
}

// [3][3] to [6][6]
inline void transformKernel(const Lanes* g, Lanes* u) {
  Lanes rows[kPatch * kKernel];
  for (int x = 0; x < kKernel; x++) kernelAxis<kKernel, kKernel>(g + x, rows + x);
  for (int r = 0; r < kPatch; r++) kernelAxis<1, 1>(rows + kKernel * r, u + kPatch * r);
}

// [6][6] to [3][3]
inline void transformKernelGradient(const Lanes* du, Lanes* dg) {
  Lanes rows[kKernel * kPatch];
  for (int x = 0; x < kPatch; x++) kernelGradientAxis<kPatch, kPatch>(du + x, rows + x);
  for (int r = 0; r < kKernel; r++) kernelGradientAxis<1, 1>(rows + kPatch * r, dg + kKernel * r);
}

}  // namespace mpvg::winograd
