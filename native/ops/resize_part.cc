// A part of a bilinearly resized map from a part of the map: what a map that is too large to be resized as a whole is resized by,
// in bands. Bits are those of ATen's upsample_bilinear2d on the whole: each pixel's sources and weights are worked out from the
// sizes of the wholes, products and sums are rounded where ATen rounds them. Source: ATen, native/cpu/UpSampleKernel.cpp.
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/check.h"

namespace mpvg {

namespace {

// Two pixels of the source along one axis, counted from where the given part of it begins, and their weights.
struct Neighbours {
  int64_t first, second;
  float firstWeight, secondWeight;
};

// Of the result's pixels [begin, begin + count) along one axis.
std::vector<Neighbours> neighbours(int64_t source, int64_t size, int64_t begin, int64_t count, int64_t offset, int64_t given) {
  const float scale = static_cast<float>(source) / static_cast<float>(size);
  std::vector<Neighbours> all;
  all.reserve(count);
  for (int64_t pixel = begin; pixel < begin + count; pixel++) {
    Neighbours n{pixel, pixel, 1, 0};
    if (source != size) {
      const float place = std::max(std::fma(scale, static_cast<float>(pixel) + 0.5f, -0.5f), 0.0f);
      n.first = std::min(static_cast<int64_t>(place), source - 1);
      n.second = n.first + (n.first < source - 1 ? 1 : 0);
      n.secondWeight = std::min(std::max(place - static_cast<float>(n.first), 0.0f), 1.0f);
      n.firstWeight = 1 - n.secondWeight;
    }
    TORCH_CHECK(n.first >= offset && n.second < offset + given, "expected pixels ", n.first, " to ", n.second,
                " of the source in x, got ", offset, " to ", offset + given - 1);
    n.first -= offset;
    n.second -= offset;
    all.push_back(n);
  }
  return all;
}

// Channels that ATen's loop takes at a time; what is left over is summed in another order.
constexpr int64_t kVector = 8;

void checkPart(const at::Tensor& x, at::IntArrayRef place, at::IntArrayRef source, at::IntArrayRef size, at::IntArrayRef part) {
  TORCH_CHECK(x.dim() == 4 && x.scalar_type() == at::kFloat, "expected float32 [B, H, W, C] for x, got ", x.sizes());
  TORCH_CHECK(place.size() == 2 && source.size() == 2 && size.size() == 2 && part.size() == 4, "expected 2, 2, 2 and 4 numbers");
  for (int axis = 0; axis < 2; axis++) {
    TORCH_CHECK(place[axis] >= 0 && place[axis] + x.size(axis + 1) <= source[axis], "expected x inside ", source, ", got ", x.sizes(),
                " at ", place);
    TORCH_CHECK(part[axis] >= 0 && part[axis + 2] >= 0 && part[axis] + part[axis + 2] <= size[axis], "expected a part of ", size,
                ", got ", part);
  }
}

at::Tensor resizePartCpu(const at::Tensor& given, at::IntArrayRef place, at::IntArrayRef source, at::IntArrayRef size,
                         at::IntArrayRef part) {
  checkPart(given, place, source, size, part);
  const at::Tensor x = given.contiguous();
  const int64_t batch = x.size(0), height = x.size(1), width = x.size(2), channels = x.size(3);
  const auto rows = neighbours(source[0], size[0], part[0], part[2], place[0], height);
  const auto columns = neighbours(source[1], size[1], part[1], part[3], place[1], width);
  at::Tensor result = at::empty({batch, part[2], part[3], channels}, x.options());
  const float* in = x.const_data_ptr<float>();
  float* out = result.data_ptr<float>();
  const bool isSeparable = channels < 4 && size[0] + size[1] > 128;
  const int64_t vectors = channels - channels % kVector;
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, channels));
  at::parallel_for(0, batch * part[2] * part[3], grain, [&](int64_t begin, int64_t end) {
    for (int64_t pixel = begin; pixel < end; pixel++) {
      const Neighbours& column = columns[pixel % part[3]];
      const Neighbours& row = rows[pixel / part[3] % part[2]];
      const float* plane = in + pixel / part[3] / part[2] * height * width * channels;
      const float *a = plane + (row.first * width + column.first) * channels, *b = plane + (row.first * width + column.second) * channels;
      const float *c = plane + (row.second * width + column.first) * channels, *d = plane + (row.second * width + column.second) * channels;
      float* to = out + pixel * channels;
      if (isSeparable) {
        for (int64_t i = 0; i < channels; i++) {
          const float upper = std::fma(column.firstWeight, a[i], column.secondWeight * b[i]);
          const float lower = std::fma(column.firstWeight, c[i], column.secondWeight * d[i]);
          to[i] = std::fma(row.firstWeight, upper, row.secondWeight * lower);
        }
        continue;
      }
      const float wa = row.firstWeight * column.firstWeight, wb = row.firstWeight * column.secondWeight;
      const float wc = row.secondWeight * column.firstWeight, wd = row.secondWeight * column.secondWeight;
      for (int64_t i = 0; i < vectors; i++) to[i] = std::fma(wa, a[i], std::fma(wb, b[i], std::fma(wd, d[i], wc * c[i])));
      for (int64_t i = vectors; i < channels; i++) to[i] = std::fma(wd, d[i], std::fma(wc, c[i], std::fma(wa, a[i], wb * b[i])));
    }
  });
  return result;
}

// By other devices' own rounding.
at::Tensor resizePartComposed(const at::Tensor& x, at::IntArrayRef place, at::IntArrayRef source, at::IntArrayRef size,
                              at::IntArrayRef part) {
  checkPart(x, place, source, size, part);
  at::Tensor result = x;
  for (int axis = 0; axis < 2; axis++) {
    const auto lines = neighbours(source[axis], size[axis], part[axis], part[axis + 2], place[axis], x.size(axis + 1));
    std::vector<int64_t> firsts, seconds;
    std::vector<float> weights;
    for (const Neighbours& line : lines) {
      firsts.push_back(line.first);
      seconds.push_back(line.second);
      weights.push_back(line.secondWeight);
    }
    std::vector<int64_t> along(4, 1);
    along[axis + 1] = static_cast<int64_t>(lines.size());
    const at::Tensor share = at::tensor(weights).to(x.device()).view(along);
    const at::Tensor first = at::tensor(firsts, at::kLong).to(x.device()), second = at::tensor(seconds, at::kLong).to(x.device());
    result = at::lerp(result.index_select(axis + 1, first), result.index_select(axis + 1, second), share);
  }
  return result;
}

at::Tensor resizePartMeta(const at::Tensor& x, at::IntArrayRef place, at::IntArrayRef source, at::IntArrayRef size,
                          at::IntArrayRef part) {
  checkPart(x, place, source, size, part);
  return at::empty({x.size(0), part[2], part[3], x.size(3)}, x.options());
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) { m.impl("resize_part", mpvg::resizePartCpu); }
TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) { m.impl("resize_part", mpvg::resizePartComposed); }
TORCH_LIBRARY_IMPL(mpvg, Meta, m) { m.impl("resize_part", mpvg::resizePartMeta); }
