// Multi-scale deformable attention: each query reads, for each head, P points of each of L maps by bilinear interpolation and
// sums them with weights. What lies outside a map is 0; pixel (i, j) has its middle at ((j + 0.5) / width, (i + 0.5) / height).
// Source: Zhu et al., "Deformable DETR", 2021, equation 3. Values may be bfloat16; the arithmetic is float32.
//
// The forward pass deals queries to threads. The backward pass deals them (sample, head, map): each owns its part of the
// values' gradient, so that sums are made in one order, whatever the number of threads.
#include "ops/ms_deform_attn.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "ops/check.h"

namespace mpvg {

namespace deform {

Shapes shapesOf(const at::Tensor& value, at::IntArrayRef levels, const at::Tensor& locations, const at::Tensor& weights) {
  TORCH_CHECK(value.dim() == 4, "expected value [B, S, M, D], got ", value.sizes());
  TORCH_CHECK(!levels.empty() && levels.size() % 2 == 0, "expected heights and widths for levels, got ", levels);
  TORCH_CHECK(locations.dim() == 6 && locations.size(5) == 2, "expected locations [B, Q, M, L, P, 2], got ", locations.sizes());
  const Shapes s{value.size(0),     value.size(1),     value.size(2),    value.size(3),
                 locations.size(1), locations.size(3), locations.size(4)};
  TORCH_CHECK(s.levels == static_cast<int64_t>(levels.size()) / 2 && locations.size(0) == s.batch && locations.size(2) == s.heads,
              "expected locations [", s.batch, ", Q, ", s.heads, ", ", levels.size() / 2, ", P, 2], got ", locations.sizes());
  TORCH_CHECK(weights.sizes() == locations.sizes().slice(0, 5), "expected weights ", locations.sizes().slice(0, 5), ", got ",
              weights.sizes());
  int64_t counted = 0;
  for (size_t i = 0; i < levels.size(); i += 2) {
    TORCH_CHECK(levels[i] > 0 && levels[i + 1] > 0, "expected heights and widths above 0 for levels, got ", levels);
    counted += levels[i] * levels[i + 1];
  }
  TORCH_CHECK(counted == s.pixels, "expected levels of ", s.pixels, " pixels together, got ", counted);
  return s;
}

void checkGradient(const at::Tensor& dy, const Shapes& s) {
  TORCH_CHECK(dy.dim() == 3 && dy.size(0) == s.batch && dy.size(1) == s.queries && dy.size(2) == s.heads * s.depth,
              "expected dy [", s.batch, ", ", s.queries, ", ", s.heads * s.depth, "], got ", dy.sizes());
}

namespace {

struct Map {
  int64_t height, width, start;
};

std::vector<Map> mapsOf(at::IntArrayRef levels) {
  std::vector<Map> maps;
  int64_t start = 0;
  for (size_t i = 0; i < levels.size(); i += 2) {
    maps.push_back({levels[i], levels[i + 1], start});
    start += levels[i] * levels[i + 1];
  }
  return maps;
}

inline float toFloat(float value) { return value; }
inline float toFloat(c10::BFloat16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.x) << 16); }

// The four pixels around a place: upper left, upper right, lower left, lower right. One that is outside its map stands for some
// pixel inside, with share 0, so that no loop over channels needs a branch.
struct Corners {
  int64_t pixel[4];
  float share[4];
  bool inside[4];
  float right, below;  // how far the place lies from the upper left pixel, in [0, 1)
};

// False when the place has no part in the map: far outside, or not a number.
inline bool find(const Map& map, const float* location, Corners& corners) {
  const float x = location[0] * static_cast<float>(map.width) - 0.5f, y = location[1] * static_cast<float>(map.height) - 0.5f;
  if (!(x > -1 && y > -1 && x < static_cast<float>(map.width) && y < static_cast<float>(map.height))) return false;
  const float floorX = std::floor(x), floorY = std::floor(y);
  const int64_t left = static_cast<int64_t>(floorX), top = static_cast<int64_t>(floorY);
  corners.right = x - floorX;
  corners.below = y - floorY;
  const int64_t columns[2] = {std::max<int64_t>(left, 0), std::min(left + 1, map.width - 1)};
  const int64_t rows[2] = {std::max<int64_t>(top, 0), std::min(top + 1, map.height - 1)};
  const bool insideX[2] = {left >= 0, left + 1 < map.width}, insideY[2] = {top >= 0, top + 1 < map.height};
  const float shareX[2] = {1 - corners.right, corners.right}, shareY[2] = {1 - corners.below, corners.below};
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) {
      const int corner = 2 * i + j;
      corners.inside[corner] = insideX[j] && insideY[i];
      corners.share[corner] = corners.inside[corner] ? shareX[j] * shareY[i] : 0;
      corners.pixel[corner] = map.start + rows[i] * map.width + columns[j];
    }
  }
  return true;
}

// Depth 0 stands for any; others are known to the compiler, which then unrolls the loops over channels.
template <int kDepth, typename T>
void forward(const T* value, const std::vector<Map>& maps, const float* locations, const float* weights, const Shapes& s, T* out) {
  const int64_t depth = kDepth > 0 ? kDepth : s.depth, row = s.heads * depth, samples = s.levels * s.points;
  at::parallel_for(0, s.batch * s.queries, 8, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(kDepth > 0 ? 0 : depth);
    float fixed[kDepth > 0 ? kDepth : 1];
    float* sum = kDepth > 0 ? fixed : scratch.data();
    Corners at{};
    for (int64_t query = begin; query < end; query++) {
      for (int64_t head = 0; head < s.heads; head++) {
        const T* plane = value + query / s.queries * s.pixels * row + head * depth;
        const float* location = locations + (query * s.heads + head) * samples * 2;
        const float* weight = weights + (query * s.heads + head) * samples;
        for (int64_t c = 0; c < depth; c++) sum[c] = 0;
        for (const Map& map : maps) {
          for (int64_t point = 0; point < s.points; point++, location += 2, weight++) {
            if (!find(map, location, at)) continue;
            const T *p0 = plane + at.pixel[0] * row, *p1 = plane + at.pixel[1] * row;
            const T *p2 = plane + at.pixel[2] * row, *p3 = plane + at.pixel[3] * row;
            const float w0 = *weight * at.share[0], w1 = *weight * at.share[1];
            const float w2 = *weight * at.share[2], w3 = *weight * at.share[3];
            for (int64_t c = 0; c < depth; c++) {
              sum[c] += (w0 * toFloat(p0[c]) + w1 * toFloat(p1[c])) + (w2 * toFloat(p2[c]) + w3 * toFloat(p3[c]));
            }
          }
        }
        T* line = out + query * row + head * depth;
        for (int64_t c = 0; c < depth; c++) line[c] = sum[c];
      }
    }
  });
}

template <int kDepth, typename T>
void backward(const float* dy, const T* value, const std::vector<Map>& maps, const float* locations, const float* weights,
              const Shapes& s, float* dvalue, float* dlocations, float* dweights) {
  const int64_t depth = kDepth > 0 ? kDepth : s.depth, row = s.heads * depth;
  at::parallel_for(0, s.batch * s.heads * s.levels, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(kDepth > 0 ? 0 : depth);
    float fixed[kDepth > 0 ? kDepth : 1];
    float* past = kDepth > 0 ? fixed : scratch.data();
    Corners at{};
    for (int64_t item = begin; item < end; item++) {
      const int64_t level = item % s.levels, head = item / s.levels % s.heads, sample = item / s.levels / s.heads;
      const Map& map = maps[level];
      const int64_t plane = sample * s.pixels * row + head * depth;
      for (int64_t pixel = map.start; pixel < map.start + map.height * map.width; pixel++) {
        for (int64_t c = 0; c < depth; c++) dvalue[plane + pixel * row + c] = 0;
      }
      for (int64_t query = sample * s.queries; query < (sample + 1) * s.queries; query++) {
        for (int64_t c = 0; c < depth; c++) past[c] = dy[query * row + head * depth + c];
        const int64_t first = ((query * s.heads + head) * s.levels + level) * s.points;
        for (int64_t point = first; point < first + s.points; point++) {
          if (!find(map, locations + 2 * point, at)) {
            dweights[point] = dlocations[2 * point] = dlocations[2 * point + 1] = 0;
            continue;
          }
          float dot[4];
          for (int corner = 0; corner < 4; corner++) {
            const T* from = value + plane + at.pixel[corner] * row;
            float* to = dvalue + plane + at.pixel[corner] * row;
            const float factor = weights[point] * at.share[corner];
            float sum = 0;
            for (int64_t c = 0; c < depth; c++) {
              sum += past[c] * toFloat(from[c]);
              to[c] += factor * past[c];
            }
            dot[corner] = at.inside[corner] ? sum : 0;
          }
          const float upper = dot[1] - dot[0], lower = dot[3] - dot[2], left = dot[2] - dot[0], right = dot[3] - dot[1];
          dweights[point] =
              at.share[0] * dot[0] + at.share[1] * dot[1] + at.share[2] * dot[2] + at.share[3] * dot[3];
          dlocations[2 * point] =
              weights[point] * static_cast<float>(map.width) * (upper + at.below * (lower - upper));
          dlocations[2 * point + 1] =
              weights[point] * static_cast<float>(map.height) * (left + at.right * (right - left));
        }
      }
    }
  });
}

// Calls body with the depth as a compile-time constant where it is a usual one.
template <typename Body>
void withDepth(int64_t depth, const Body& body) {
  switch (depth) {
    case 16: return body(std::integral_constant<int, 16>());
    case 32: return body(std::integral_constant<int, 32>());
    case 64: return body(std::integral_constant<int, 64>());
    default: return body(std::integral_constant<int, 0>());
  }
}

// [B, M, D, height, width] of one map, as [B * M, D, height, width].
at::Tensor plane(const at::Tensor& value, const Map& map, const Shapes& s) {
  return value.narrow(1, map.start, map.height * map.width)
      .permute({0, 2, 3, 1})
      .reshape({s.batch * s.heads, s.depth, map.height, map.width});
}

// [B, Q, M, L, P, ...] of one map as [B * M, Q, P, ...].
at::Tensor ofMap(const at::Tensor& samples, int64_t level, const Shapes& s) {
  const at::Tensor one = samples.select(3, level).transpose(1, 2);
  std::vector<int64_t> sizes = one.sizes().slice(2).vec();
  sizes.insert(sizes.begin(), s.batch * s.heads);
  return one.reshape(sizes);
}

// grid_sampler's places are in [-1, 1].
at::Tensor gridOf(const at::Tensor& locations, int64_t level, const Shapes& s) { return ofMap(locations, level, s).mul(2).sub(1); }

constexpr int64_t kBilinear = 0, kZeros = 0;

// The same from ATen's operators, for devices without a kernel of ours.
at::Tensor composed(const at::Tensor& value, at::IntArrayRef levels, const at::Tensor& locations, const at::Tensor& weights) {
  const Shapes s = shapesOf(value, levels, locations, weights);
  const std::vector<Map> maps = mapsOf(levels);
  at::Tensor sum = at::zeros({s.batch * s.heads, s.depth, s.queries}, value.options().dtype(at::kFloat));
  for (int64_t level = 0; level < s.levels; level++) {
    const at::Tensor read = at::grid_sampler_2d(plane(value.to(at::kFloat), maps[level], s), gridOf(locations, level, s), kBilinear,
                                                kZeros, false);  // [B * M, D, Q, P]
    sum.add_(read.mul(ofMap(weights, level, s).unsqueeze(1)).sum(3));
  }
  return sum.view({s.batch, s.heads * s.depth, s.queries}).transpose(1, 2).contiguous().to(value.scalar_type());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> composedBackward(const at::Tensor& dy, const at::Tensor& value, at::IntArrayRef levels,
                                                                const at::Tensor& locations, const at::Tensor& weights) {
  const Shapes s = shapesOf(value, levels, locations, weights);
  checkGradient(dy, s);
  const std::vector<Map> maps = mapsOf(levels);
  const at::Tensor past = dy.to(at::kFloat).transpose(1, 2).reshape({s.batch * s.heads, s.depth, s.queries, 1});
  std::vector<at::Tensor> dvalues, dplaces, dshares;
  for (int64_t level = 0; level < s.levels; level++) {
    const at::Tensor from = plane(value.to(at::kFloat), maps[level], s), grid = gridOf(locations, level, s);
    const at::Tensor read = at::grid_sampler_2d(from, grid, kBilinear, kZeros, false);
    const at::Tensor factor = ofMap(weights, level, s).unsqueeze(1);  // [B * M, 1, Q, P]
    const auto [dplane, dgrid] =
        at::grid_sampler_2d_backward(past.mul(factor).contiguous(), from, grid, kBilinear, kZeros, false, {true, true});
    dvalues.push_back(dplane.view({s.batch, s.heads, s.depth, -1}).permute({0, 3, 1, 2}));
    dplaces.push_back(dgrid.mul(2).view({s.batch, s.heads, s.queries, s.points, 2}).transpose(1, 2));
    dshares.push_back(read.mul(past).sum(1).view({s.batch, s.heads, s.queries, s.points}).transpose(1, 2));
  }
  return {at::cat(dvalues, 1).to(value.scalar_type()), at::stack(dplaces, 3), at::stack(dshares, 3)};
}

bool composedWanted() {
  // For tests: MPVG_DEFORM=composed takes the version of other devices.
  static const bool wanted = [] {
    const char* way = std::getenv("MPVG_DEFORM");
    return way != nullptr && std::string(way) == "composed";
  }();
  return wanted;
}

at::Tensor cpu(const at::Tensor& value, at::IntArrayRef levels, const at::Tensor& locations, const at::Tensor& weights) {
  if (composedWanted()) return composed(value, levels, locations, weights);
  const Shapes s = shapesOf(value, levels, locations, weights);
  const at::ScalarType type = activationType(value, "value");
  const at::Tensor from = value.contiguous(), places = activation(locations, "locations", at::kFloat);
  const at::Tensor shares = activation(weights, "weights", at::kFloat);
  at::Tensor out = at::empty({s.batch, s.queries, s.heads * s.depth}, value.options());
  const std::vector<Map> maps = mapsOf(levels);
  withDepth(s.depth, [&](auto depth) {
    const auto run = [&]<typename T>(T* target) {
      forward<depth()>(from.const_data_ptr<T>(), maps, places.const_data_ptr<float>(), shares.const_data_ptr<float>(), s, target);
    };
    if (type == at::kFloat) run(out.data_ptr<float>());
    else run(out.data_ptr<c10::BFloat16>());
  });
  return out;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> cpuBackward(const at::Tensor& dy, const at::Tensor& value, at::IntArrayRef levels,
                                                           const at::Tensor& locations, const at::Tensor& weights) {
  if (composedWanted()) return composedBackward(dy, value, levels, locations, weights);
  const Shapes s = shapesOf(value, levels, locations, weights);
  checkGradient(dy, s);
  const at::ScalarType type = activationType(value, "value");
  const at::Tensor from = value.contiguous(), past = dy.to(at::kFloat).contiguous();
  const at::Tensor places = activation(locations, "locations", at::kFloat), shares = activation(weights, "weights", at::kFloat);
  at::Tensor dvalue = at::empty(value.sizes(), value.options().dtype(at::kFloat));
  at::Tensor dlocations = at::empty_like(places), dweights = at::empty_like(shares);
  const std::vector<Map> maps = mapsOf(levels);
  withDepth(s.depth, [&](auto depth) {
    const auto run = [&]<typename T>(const T* values) {
      backward<depth()>(past.const_data_ptr<float>(), values, maps, places.const_data_ptr<float>(), shares.const_data_ptr<float>(), s,
                        dvalue.data_ptr<float>(), dlocations.data_ptr<float>(), dweights.data_ptr<float>());
    };
    if (type == at::kFloat) run(from.const_data_ptr<float>());
    else run(from.const_data_ptr<c10::BFloat16>());
  });
  return {dvalue.to(type), dlocations, dweights};
}

at::Tensor meta(const at::Tensor& value, at::IntArrayRef levels, const at::Tensor& locations, const at::Tensor& weights) {
  const Shapes s = shapesOf(value, levels, locations, weights);
  return at::empty({s.batch, s.queries, s.heads * s.depth}, value.options());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> metaBackward(const at::Tensor& dy, const at::Tensor& value, at::IntArrayRef levels,
                                                            const at::Tensor& locations, const at::Tensor& weights) {
  checkGradient(dy, shapesOf(value, levels, locations, weights));
  return {at::empty(value.sizes(), value.options()), at::empty(locations.sizes(), locations.options()),
          at::empty(weights.sizes(), weights.options())};
}

}  // namespace

}  // namespace deform

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("ms_deform_attn", mpvg::deform::cpu);
  m.impl("ms_deform_attn_backward", mpvg::deform::cpuBackward);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("ms_deform_attn", mpvg::deform::composed);
  m.impl("ms_deform_attn_backward", mpvg::deform::composedBackward);
}

TORCH_LIBRARY_IMPL(mpvg, Meta, m) {
  m.impl("ms_deform_attn", mpvg::deform::meta);
  m.impl("ms_deform_attn_backward", mpvg::deform::metaBackward);
}
