// Multi-scale deformable attention on CUDA; see ms_deform_attn.cc. Built only where libtorch has CUDA and there is an nvcc; else
// the version from ATen's operators runs. The values' gradient is summed with atomic additions, in an order that varies between
// runs: unlike the CPU's, its last bits do too.
#include "ops/ms_deform_attn.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

namespace mpvg::deform {

namespace {

constexpr int kThreads = 256, kWarp = 32, kMaxLevels = 8;

// A kernel's arguments are copied to the device: no memory of their own for the sizes.
struct Maps {
  int height[kMaxLevels], width[kMaxLevels];
  int64_t start[kMaxLevels];
};

Maps mapsOf(at::IntArrayRef levels) {
  TORCH_CHECK(levels.size() <= 2 * kMaxLevels, "expected at most ", kMaxLevels, " levels on CUDA, got ", levels.size() / 2);
  Maps maps{};
  int64_t start = 0;
  for (size_t i = 0; i < levels.size() / 2; i++) {
    maps.height[i] = static_cast<int>(levels[2 * i]);
    maps.width[i] = static_cast<int>(levels[2 * i + 1]);
    maps.start[i] = start;
    start += levels[2 * i] * levels[2 * i + 1];
  }
  return maps;
}

// The four pixels around a place, -1 for those outside the map: upper left, upper right, lower left, lower right.
struct Corners {
  int64_t pixel[4];
  float share[4];
  float right, below;
};

__device__ bool find(const Maps& maps, int level, const float* location, Corners& corners) {
  const int height = maps.height[level], width = maps.width[level];
  const float x = location[0] * width - 0.5f, y = location[1] * height - 0.5f;
  if (!(x > -1 && y > -1 && x < width && y < height)) return false;
  const int left = static_cast<int>(floorf(x)), top = static_cast<int>(floorf(y));
  corners.right = x - left;
  corners.below = y - top;
  for (int corner = 0; corner < 4; corner++) {
    const int column = left + corner % 2, row = top + corner / 2;
    const bool inside = column >= 0 && column < width && row >= 0 && row < height;
    corners.pixel[corner] = inside ? maps.start[level] + static_cast<int64_t>(row) * width + column : -1;
    corners.share[corner] = (corner % 2 ? corners.right : 1 - corners.right) * (corner / 2 ? corners.below : 1 - corners.below);
  }
  return true;
}

// One thread for each channel of the result.
template <typename T>
__global__ void forwardKernel(const T* value, Maps maps, const float* locations, const float* weights, Shapes s, T* out) {
  const int64_t row = s.heads * s.depth, count = s.batch * s.queries * row;
  for (int64_t i = blockIdx.x * static_cast<int64_t>(kThreads) + threadIdx.x; i < count; i += gridDim.x * static_cast<int64_t>(kThreads)) {
    const int64_t item = i / s.depth, sample = item / s.heads / s.queries, first = item * s.levels * s.points;
    const T* plane = value + sample * s.pixels * row + i % row;
    float sum = 0;
    Corners at;
    for (int64_t point = 0; point < s.levels * s.points; point++) {
      if (!find(maps, static_cast<int>(point / s.points), locations + 2 * (first + point), at)) continue;
      float read = 0;
      for (int corner = 0; corner < 4; corner++) {
        if (at.pixel[corner] >= 0) read += at.share[corner] * static_cast<float>(plane[at.pixel[corner] * row]);
      }
      sum += weights[first + point] * read;
    }
    out[i] = static_cast<T>(sum);
  }
}

__device__ float warpSum(float value) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffff, value, distance);
  return value;
}

// One warp for each query and head; its lanes share the channels.
template <typename T>
__global__ void backwardKernel(const float* dy, const T* value, Maps maps, const float* locations, const float* weights, Shapes s,
                               float* dvalue, float* dlocations, float* dweights) {
  const int64_t row = s.heads * s.depth, items = s.batch * s.queries * s.heads;
  const int lane = threadIdx.x % kWarp;
  const int64_t warps = gridDim.x * static_cast<int64_t>(kThreads / kWarp);
  for (int64_t item = blockIdx.x * static_cast<int64_t>(kThreads / kWarp) + threadIdx.x / kWarp; item < items; item += warps) {
    const int64_t head = item % s.heads, sample = item / s.heads / s.queries, first = item * s.levels * s.points;
    const int64_t plane = sample * s.pixels * row + head * s.depth;
    const float* past = dy + item * s.depth;
    Corners at;
    for (int64_t point = first; point < first + s.levels * s.points; point++) {
      const int level = static_cast<int>((point - first) / s.points);
      float dot[4] = {0, 0, 0, 0};
      const bool found = find(maps, level, locations + 2 * point, at);  // the same for all lanes
      if (found) {
        const float weight = weights[point];
        for (int64_t c = lane; c < s.depth; c += kWarp) {
          for (int corner = 0; corner < 4; corner++) {
            if (at.pixel[corner] < 0) continue;
            const int64_t where = plane + at.pixel[corner] * row + c;
            dot[corner] += past[c] * static_cast<float>(value[where]);
            atomicAdd(dvalue + where, weight * at.share[corner] * past[c]);
          }
        }
        for (int corner = 0; corner < 4; corner++) dot[corner] = warpSum(dot[corner]);
      }
      if (lane != 0) continue;
      const float upper = dot[1] - dot[0], lower = dot[3] - dot[2], left = dot[2] - dot[0], right = dot[3] - dot[1];
      dweights[point] =
          found ? at.share[0] * dot[0] + at.share[1] * dot[1] + at.share[2] * dot[2] + at.share[3] * dot[3] : 0;
      dlocations[2 * point] = found ? weights[point] * maps.width[level] * (upper + at.below * (lower - upper)) : 0;
      dlocations[2 * point + 1] = found ? weights[point] * maps.height[level] * (left + at.right * (right - left)) : 0;
    }
  }
}

unsigned blocksFor(int64_t threads) {
  constexpr int64_t kMost = 1 << 20;
  return static_cast<unsigned>(std::max<int64_t>(1, std::min(kMost, (threads + kThreads - 1) / kThreads)));
}

// Calls run with a null pointer of the values' type.
template <typename Run>
void withType(const at::Tensor& value, const Run& run) {
  if (value.scalar_type() == at::kFloat) return run(static_cast<float*>(nullptr));
  TORCH_CHECK(value.scalar_type() == at::kBFloat16, "expected float32 or bfloat16 for value, got ",
              c10::toString(value.scalar_type()));
  run(static_cast<c10::BFloat16*>(nullptr));
}

at::Tensor cuda(const at::Tensor& value, at::IntArrayRef levels, const at::Tensor& locations, const at::Tensor& weights) {
  const Shapes s = shapesOf(value, levels, locations, weights);
  const c10::cuda::CUDAGuard guard(value.device());
  const at::Tensor from = value.contiguous();
  const at::Tensor places = locations.to(value.device(), at::kFloat).contiguous();
  const at::Tensor shares = weights.to(value.device(), at::kFloat).contiguous();
  at::Tensor out = at::empty({s.batch, s.queries, s.heads * s.depth}, value.options());
  if (out.numel() == 0) return out;
  withType(value, [&]<typename T>(T*) {
    forwardKernel<T><<<blocksFor(out.numel()), kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
        from.const_data_ptr<T>(), mapsOf(levels), places.const_data_ptr<float>(), shares.const_data_ptr<float>(), s,
        out.data_ptr<T>());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
  return out;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> cudaBackward(const at::Tensor& dy, const at::Tensor& value, at::IntArrayRef levels,
                                                            const at::Tensor& locations, const at::Tensor& weights) {
  const Shapes s = shapesOf(value, levels, locations, weights);
  checkGradient(dy, s);
  const c10::cuda::CUDAGuard guard(value.device());
  const at::Tensor from = value.contiguous(), past = dy.to(value.device(), at::kFloat).contiguous();
  const at::Tensor places = locations.to(value.device(), at::kFloat).contiguous();
  const at::Tensor shares = weights.to(value.device(), at::kFloat).contiguous();
  at::Tensor dvalue = at::zeros(value.sizes(), value.options().dtype(at::kFloat));
  at::Tensor dlocations = at::empty_like(places), dweights = at::empty_like(shares);
  const int64_t items = s.batch * s.queries * s.heads;
  if (items > 0) {
    withType(value, [&]<typename T>(T*) {
      backwardKernel<T><<<blocksFor(items * kWarp), kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
          past.const_data_ptr<float>(), from.const_data_ptr<T>(), mapsOf(levels), places.const_data_ptr<float>(),
          shares.const_data_ptr<float>(), s, dvalue.data_ptr<float>(), dlocations.data_ptr<float>(), dweights.data_ptr<float>());
      C10_CUDA_KERNEL_LAUNCH_CHECK();
    });
  }
  return {dvalue.to(value.scalar_type()), dlocations, dweights};
}

}  // namespace

}  // namespace mpvg::deform

TORCH_LIBRARY_IMPL(mpvg, CUDA, m) {
  m.impl("ms_deform_attn", mpvg::deform::cuda);
  m.impl("ms_deform_attn_backward", mpvg::deform::cudaBackward);
}
