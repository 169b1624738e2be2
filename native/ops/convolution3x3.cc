// Convolution of NHWC images with 3 x 3 kernels, stride and padding 1, and its gradients. On the CPU, where there are channels and
// pixels enough to pay for the transforms, by Winograd's method: the same result to about 1e-6 of its largest magnitude with a
// quarter of the multiplications, all in matrix products. Elsewhere libtorch's convolution.
// Images and results may be bfloat16 in memory; the arithmetic here is float32.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <vector>

#include "ops/bfloat16.h"
#include "ops/check.h"
#include "ops/gemm.h"
#include "ops/tiles.h"
#include "ops/winograd.h"

namespace mpvg {

namespace {

using namespace winograd;

// Tiles per product in the forward direction, and per product of the weight's gradient, where they are what is summed over.
constexpr int64_t kTilesPerProduct = 96, kTilesPerSum = 256;
// Floats between the matrices of neighbouring positions, so that they do not fall on the same cache lines' places.
constexpr int64_t kGap = 16;

struct Shapes {
  int64_t batch, height, width, inputs, outputs, tilesDown, tilesAcross;
  int64_t tiles() const { return batch * tilesDown * tilesAcross; }
};

Shapes shapesOf(const at::Tensor& images, int64_t inputs, int64_t outputs) {
  const int64_t height = images.size(1), width = images.size(2);
  return {images.size(0), height, width, inputs, outputs, (height + kTile - 1) / kTile, (width + kTile - 1) / kTile};
}

void check(const at::Tensor& images, const at::Tensor& weight, int64_t channels) {
  TORCH_CHECK(images.dim() == 4 && weight.dim() == 4 && weight.size(2) == kKernel && weight.size(3) == kKernel &&
                  images.size(3) == channels,
              "expected images [B, H, W, C] and weight [O, I, 3, 3], got ", images.sizes(), " and ", weight.sizes());
}

// Fewer tiles than this do not pay for the transform of the weight, fewer channels not for that of the images.
bool pays(const Shapes& s) {
  return s.inputs % kLanes == 0 && s.outputs % kLanes == 0 && s.inputs >= 16 && s.outputs >= 16 && s.tiles() >= 16;
}

// Where a tile begins.
struct TilePlace {
  int64_t image, top, left;
};

TilePlace placeOf(int64_t tile, const Shapes& s) {
  const int64_t across = tile % s.tilesAcross, down = tile / s.tilesAcross % s.tilesDown;
  return {tile / (s.tilesAcross * s.tilesDown), down * kTile, across * kTile};
}

// The addresses of a square of pixels, row by row; `outside` where there is none.
template <typename T>
void pixelAddresses(T* images, T* outside, const TilePlace& place, int64_t offset, int side, int64_t channels, const Shapes& s,
                    T** addresses) {
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      const int64_t row = place.top + y + offset, column = place.left + x + offset;
      const bool inside = row >= 0 && row < s.height && column >= 0 && column < s.width;
      *addresses++ = inside ? images + ((place.image * s.height + row) * s.width + column) * channels : outside;
    }
  }
}

// The patches of tiles [begin, end) to [36][tiles][channels], matrices `stride` apart.
template <typename T>
void transformPatches(const T* images, const std::vector<T>& zeros, int64_t channels, const Shapes& s, int64_t begin, int64_t end,
                      float* out, int64_t stride) {
  const T* from[kPositions];
  Lanes patch[kPositions];
  for (int64_t tile = begin; tile < end; tile++, out += channels) {
    pixelAddresses<const T>(images, zeros.data(), placeOf(tile, s), -1, kPatch, channels, s, from);
    for (int64_t c = 0; c < channels; c += kLanes) {
      for (int i = 0; i < kPositions; i++) patch[i] = load(from[i] + c);
      transformPatch(patch);
      for (int i = 0; i < kPositions; i++) store(patch[i], out + i * stride + c);
    }
  }
}

// Gradients of the tiles [begin, end) to those of the 36 products.
template <typename T>
void transformTileGradients(const T* images, const std::vector<T>& zeros, int64_t channels, const Shapes& s, int64_t begin,
                            int64_t end, float* out, int64_t stride) {
  const T* from[kTile * kTile];
  Lanes given[kTile * kTile], products[kPositions];
  for (int64_t tile = begin; tile < end; tile++, out += channels) {
    pixelAddresses<const T>(images, zeros.data(), placeOf(tile, s), 0, kTile, channels, s, from);
    for (int64_t c = 0; c < channels; c += kLanes) {
      for (int i = 0; i < kTile * kTile; i++) given[i] = load(from[i] + c);
      transformTileGradient(given, products);
      for (int i = 0; i < kPositions; i++) store(products[i], out + i * stride + c);
    }
  }
}

// The products of tiles [begin, end), [36][tiles][channels], to pixels.
template <typename T>
void transformTiles(const float* products, int64_t stride, const float* bias, const Shapes& s, int64_t begin, int64_t end, T* images) {
  const int64_t channels = s.outputs;
  std::vector<T> nowhere(channels);
  T* to[kTile * kTile];
  Lanes given[kPositions], tile[kTile * kTile];
  for (int64_t t = begin; t < end; t++, products += channels) {
    pixelAddresses<T>(images, nowhere.data(), placeOf(t, s), 0, kTile, channels, s, to);
    for (int64_t c = 0; c < channels; c += kLanes) {
      for (int i = 0; i < kPositions; i++) given[i] = load(products + i * stride + c);
      transformTile(given, tile);
      const Lanes offset = bias == nullptr ? Lanes{} : load(bias + c);
      for (int i = 0; i < kTile * kTile; i++) store(tile[i] + offset, to[i] + c);
    }
  }
}

// Where the 3 x 3 kernel between an input and an output channel lies in a weight tensor.
struct KernelStrides {
  int64_t input, output;
  bool turned;  // by half a turn: the kernel of the input's gradient
};

// Kernels to [36][inputs][outputs].
at::Tensor transformKernels(const float* weight, const KernelStrides& strides, const Shapes& s) {
  at::Tensor result = at::empty({kPositions, s.inputs, s.outputs}, at::kFloat);
  float* out = result.data_ptr<float>();
  const int64_t size = s.inputs * s.outputs;
  at::parallel_for(0, s.inputs, 8, [&](int64_t begin, int64_t end) {
    Lanes kernel[kKernel * kKernel], transformed[kPositions];
    float beside[kLanes];
    for (int64_t i = begin; i < end; i++) {
      for (int64_t o = 0; o < s.outputs; o += kLanes) {
        const float* from = weight + i * strides.input + o * strides.output;
        for (int t = 0; t < kKernel * kKernel; t++) {
          const int at = strides.turned ? kKernel * kKernel - 1 - t : t;
          for (int64_t lane = 0; lane < kLanes; lane++) beside[lane] = from[lane * strides.output + at];
          kernel[t] = load(beside);
        }
        transformKernel(kernel, transformed);
        for (int p = 0; p < kPositions; p++) store(transformed[p], out + p * size + i * s.outputs + o);
      }
    }
  });
  return result;
}

template <typename In, typename Out>
void convolve(const In* x, const at::Tensor& kernels, const float* bias, const Shapes& s, Out* y) {
  const float* u = kernels.const_data_ptr<float>();
  const std::vector<In> zeros(s.inputs);
  forEachTile(s.tiles(), kTilesPerProduct, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t tiles = end - begin, patchStride = tiles * s.inputs + kGap, productStride = tiles * s.outputs + kGap;
    Scratch scratch;
    float *patches = scratch.take(kPositions * patchStride), *products = scratch.take(kPositions * productStride);
    transformPatches(x, zeros, s.inputs, s, begin, end, patches, patchStride);
    for (int p = 0; p < kPositions; p++) {
      gemmNN(tiles, s.outputs, s.inputs, 1, patches + p * patchStride, s.inputs, u + p * s.inputs * s.outputs, s.outputs, 0,
             products + p * productStride, s.outputs);
    }
    transformTiles(products, productStride, bias, s, begin, end, y);
  });
}

// The gradient of the weight: the products' gradients by position, summed over the tiles chunk by chunk, then transformed back.
template <typename Given, typename In>
void weightGradient(const Given* dy, const In* x, const Shapes& s, float* dweight) {
  const int64_t chunk = std::min(kTilesPerSum, s.tiles()), size = s.inputs * s.outputs, rows = 256, blocks = (s.inputs + rows - 1) / rows;
  const int64_t patchStride = chunk * s.inputs + kGap, givenStride = chunk * s.outputs + kGap;
  const at::Tensor patches = at::empty({kPositions * patchStride}, at::kFloat), given = at::empty({kPositions * givenStride}, at::kFloat);
  const at::Tensor sums = at::empty({kPositions, s.inputs, s.outputs}, at::kFloat);
  float *v = patches.data_ptr<float>(), *g = given.data_ptr<float>(), *sum = sums.data_ptr<float>();
  const std::vector<In> noPixels(s.inputs);
  const std::vector<Given> noGradients(s.outputs);
  for (int64_t first = 0; first < s.tiles(); first += chunk) {
    const int64_t tiles = std::min(chunk, s.tiles() - first);
    at::parallel_for(0, tiles, 8, [&](int64_t begin, int64_t end) {
      transformPatches(x, noPixels, s.inputs, s, first + begin, first + end, v + begin * s.inputs, patchStride);
      transformTileGradients(dy, noGradients, s.outputs, s, first + begin, first + end, g + begin * s.outputs, givenStride);
    });
    at::parallel_for(0, kPositions * blocks, 1, [&](int64_t begin, int64_t end) {
      const SequentialBlas sequential;
      for (int64_t task = begin; task < end; task++) {
        const int64_t position = task / blocks, row = task % blocks * rows;
        gemmTN(std::min(rows, s.inputs - row), s.outputs, tiles, 1, v + position * patchStride + row, s.inputs,
               g + position * givenStride, s.outputs, first == 0 ? 0 : 1, sum + position * size + row * s.outputs, s.outputs);
      }
    });
  }
  at::parallel_for(0, s.inputs, 8, [&](int64_t begin, int64_t end) {
    Lanes transformed[kPositions], kernel[kKernel * kKernel];
    float beside[kKernel * kKernel][kLanes];
    for (int64_t i = begin; i < end; i++) {
      for (int64_t o = 0; o < s.outputs; o += kLanes) {
        for (int p = 0; p < kPositions; p++) transformed[p] = load(sum + p * size + i * s.outputs + o);
        transformKernelGradient(transformed, kernel);
        for (int t = 0; t < kKernel * kKernel; t++) store(kernel[t], beside[t]);
        for (int64_t lane = 0; lane < kLanes; lane++) {
          float* to = dweight + ((o + lane) * s.inputs + i) * kKernel * kKernel;
          for (int t = 0; t < kKernel * kKernel; t++) to[t] = beside[t][lane];
        }
      }
    }
  });
}

// NHWC memory as libtorch wants it, without a copy.
at::Tensor channelsFirst(const at::Tensor& images) { return images.permute({0, 3, 1, 2}); }
at::Tensor channelsLast(const at::Tensor& images) { return images.permute({0, 2, 3, 1}); }

// What libtorch's convolution should compute in, to give results of a type.
at::ScalarType computeType(at::ScalarType type, const at::Tensor& like) {
  return type == at::kBFloat16 && like.is_cpu() && !fastBfloat16() ? at::kFloat : type;
}

at::ScalarType resultType(bool reduced) { return reduced ? at::kBFloat16 : at::kFloat; }

at::Tensor composed(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, bool reduced) {
  const at::ScalarType type = computeType(resultType(reduced), x);
  const std::optional<at::Tensor> offset = bias.has_value() ? std::optional(bias->to(type)) : std::nullopt;
  return channelsLast(at::convolution(channelsFirst(x.to(type)), weight.to(type), offset, {1, 1}, {1, 1}, {1, 1}, false, {0, 0}, 1))
      .to(resultType(reduced));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> composedBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                                                                std::array<bool, 3> mask) {
  const at::ScalarType type = computeType(dy.scalar_type(), dy);
  return at::convolution_backward(channelsFirst(dy.to(type)), channelsFirst(x.to(type)), weight.to(type), at::OptionalIntArrayRef(),
                                  {1, 1}, {1, 1}, {1, 1}, false, {0, 0}, 1, mask);
}

at::Tensor composedInputGradient(const at::Tensor& dy, const at::Tensor& weight) {
  // Of the input only its shape is read.
  const at::Tensor like = at::empty({1}, dy.options()).expand({dy.size(0), dy.size(1), dy.size(2), weight.size(1)});
  return channelsLast(std::get<0>(composedBackward(dy, like, weight, {true, false, false}))).to(dy.scalar_type());
}

at::Tensor composedWeightGradient(const at::Tensor& dy, const at::Tensor& x) {
  const at::Tensor like = at::empty({dy.size(3), x.size(3), kKernel, kKernel}, dy.options());
  return std::get<1>(composedBackward(dy, x, like, {false, true, false})).to(at::kFloat);
}

// Calls body with a pointer of the tensor's own type.
template <typename Body>
void withValues(const at::Tensor& tensor, const Body& body) {
  if (tensor.scalar_type() == at::kFloat) body(tensor.data_ptr<float>());
  else body(tensor.data_ptr<c10::BFloat16>());
}

at::Tensor convolved(const at::Tensor& x, const at::Tensor& kernels, const at::Tensor& bias, const Shapes& s, at::ScalarType type) {
  activationType(x, "x");
  const at::Tensor in = x.contiguous();
  const at::Tensor y = at::empty({s.batch, s.height, s.width, s.outputs}, in.options().dtype(type));
  withValues(in, [&](const auto* from) {
    withValues(y, [&](auto* to) { convolve(from, kernels, floatsOrNull(bias), s, to); });
  });
  return y;
}

at::Tensor forwardCpu(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, bool reduced) {
  check(x, weight, weight.size(1));
  const Shapes s = shapesOf(x, weight.size(1), weight.size(0));
  if (!pays(s)) return composed(x, weight, bias, reduced);
  const at::Tensor w = parameter(weight, "weight", {s.outputs, s.inputs, kKernel, kKernel});
  const at::Tensor b = bias.has_value() ? parameter(*bias, "bias", {s.outputs}) : at::Tensor();
  const at::Tensor kernels = transformKernels(w.const_data_ptr<float>(), {9, 9 * s.inputs, false}, s);
  return convolved(x, kernels, b, s, resultType(reduced));
}

at::Tensor inputGradientCpu(const at::Tensor& dy, const at::Tensor& weight) {
  check(dy, weight, weight.size(0));
  // A convolution from outputs to inputs.
  const Shapes s = shapesOf(dy, weight.size(0), weight.size(1));
  if (!pays(s)) return composedInputGradient(dy, weight);
  const at::Tensor w = parameter(weight, "weight", {s.inputs, s.outputs, kKernel, kKernel});
  const at::Tensor kernels = transformKernels(w.const_data_ptr<float>(), {9 * s.outputs, 9, true}, s);
  return convolved(dy, kernels, at::Tensor(), s, dy.scalar_type());
}

at::Tensor weightGradientCpu(const at::Tensor& dy, const at::Tensor& x) {
  TORCH_CHECK(dy.dim() == 4 && x.dim() == 4 && dy.sizes().slice(0, 3) == x.sizes().slice(0, 3), "expected dy [B, H, W, O] for x ",
              x.sizes(), ", got ", dy.sizes());
  const Shapes s = shapesOf(x, x.size(3), dy.size(3));
  if (!pays(s)) return composedWeightGradient(dy, x);
  activationType(x, "x");
  activationType(dy, "dy");
  const at::Tensor in = x.contiguous(), given = dy.contiguous();
  at::Tensor dweight = at::empty({s.outputs, s.inputs, kKernel, kKernel}, at::kFloat);
  withValues(given, [&](const auto* dys) {
    withValues(in, [&](const auto* xs) { weightGradient(dys, xs, s, dweight.data_ptr<float>()); });
  });
  return dweight;
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("convolution3x3", mpvg::forwardCpu);
  m.impl("convolution3x3_backward_input", mpvg::inputGradientCpu);
  m.impl("convolution3x3_backward_weight", mpvg::weightGradientCpu);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("convolution3x3", mpvg::composed);
  m.impl("convolution3x3_backward_input", mpvg::composedInputGradient);
  m.impl("convolution3x3_backward_weight", mpvg::composedWeightGradient);
}
