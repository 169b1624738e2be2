// Multi-scale deformable attention: what its CPU and CUDA versions share. Letters: B samples, S pixels of all maps together,
// M heads, D channels of a head, Q queries, L maps, P points.
#pragma once

#include <ATen/ATen.h>

namespace mpvg::deform {

struct Shapes {
  int64_t batch, pixels, heads, depth, queries, levels, points;
};

// Checks the arguments. `levels` holds each map's height and width; value is [B, S, M, D], locations [B, Q, M, L, P, 2] (x, y),
// weights [B, Q, M, L, P].
Shapes shapesOf(const at::Tensor& value, at::IntArrayRef levels, const at::Tensor& locations, const at::Tensor& weights);

// Also that of the result, [B, Q, M * D].
void checkGradient(const at::Tensor& dy, const Shapes& s);

}  // namespace mpvg::deform
