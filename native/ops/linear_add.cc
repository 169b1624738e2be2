// The linear layer that ends a branch and the residual sum it goes into, with stochastic depth's per-sample factor:
// residual + scale[sample] * (x W^T + b). The product is written once and finished while its tile is in cache. The residual
// stream is float32 always; x may be bfloat16.
#include <ATen/ATen.h>
#include <torch/library.h>

#include "ops/bfloat16.h"
#include "ops/check.h"
#include "ops/products.h"
#include "ops/tiles.h"

namespace mpvg {

namespace {

constexpr int64_t kTileRows = 128;

struct Shapes {
  int64_t rows, in, out, rowsPerSample;
};

Shapes shapesOf(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& scale) {
  TORCH_CHECK(x.dim() >= 2 && weight.dim() == 2 && weight.size(1) == x.size(-1), "expected x [..., C] and weight [D, C], got ",
              x.sizes(), " and ", weight.sizes());
  const Shapes s{rowsOf(x), x.size(-1), weight.size(0), std::max<int64_t>(1, rowsOf(x) / std::max<int64_t>(1, x.size(0)))};
  if (scale.has_value()) {
    TORCH_CHECK(scale->dim() == 1 && scale->size(0) == x.size(0), "expected scale of shape [", x.size(0), "], got ", scale->sizes());
  }
  return s;
}

std::vector<int64_t> withLast(const at::Tensor& x, int64_t last) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = last;
  return sizes;
}

template <typename T>
void forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& residual,
             const at::Tensor& scale, const Shapes& s, at::Tensor& y) {
  using Factor = typename T::Factor;
  const auto* xs = x.const_data_ptr<typename T::Stored>();
  const auto w = Right<Factor>::ofWeight(weight.const_data_ptr<float>(), s.out, s.in, true);
  const float *residuals = residual.const_data_ptr<float>(), *offset = floatsOrNull(bias), *factors = floatsOrNull(scale);
  float* ys = y.data_ptr<float>();
  forEachTile(s.rows, kTileRows, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    Scratch scratch;
    const float* past = residuals + begin * s.out;
    float* out = ys + begin * s.out;
    w.multiply(readRows<Factor>(scratch, xs + begin * s.in, s.in, rows, s.in), 0, out, s.out);
    for (int64_t r = 0; r < rows; r++) {
      float* line = out + r * s.out;
      const float* pastLine = past + r * s.out;
      const float factor = factors == nullptr ? 1.0f : factors[(begin + r) / s.rowsPerSample];
      if (offset != nullptr) {
        for (int64_t i = 0; i < s.out; i++) line[i] = pastLine[i] + factor * (line[i] + offset[i]);
      } else {
        for (int64_t i = 0; i < s.out; i++) line[i] = pastLine[i] + factor * line[i];
      }
    }
  });
}

template <typename T>
void backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scale, const Shapes& s,
              at::Tensor& dx, at::Tensor& dweight, at::Tensor& dbias) {
  using Factor = typename T::Factor;
  const auto* xs = x.const_data_ptr<typename T::Stored>();
  const auto w = Right<Factor>::ofWeight(weight.const_data_ptr<float>(), s.out, s.in, false);
  const float *dys = dy.const_data_ptr<float>(), *factors = floatsOrNull(scale);
  auto* dxs = dx.data_ptr<typename T::Stored>();
  const int64_t shares = shareCount(s.rows);
  ThreadSums sumWeight(dweight.data_ptr<float>(), s.out * s.in, shares);
  std::optional<ThreadSums> sumBias;
  if (dbias.defined()) sumBias.emplace(dbias.data_ptr<float>(), s.out, shares);
  forEachTile(s.rows, kTileRows, [&](int64_t thread, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    Scratch scratch;
    const float* dout = dys + begin * s.out;
    if (factors != nullptr) {
      float* scaled = scratch.take(rows * s.out);
      for (int64_t r = 0; r < rows; r++) {
        const float factor = factors[(begin + r) / s.rowsPerSample];
        for (int64_t i = 0; i < s.out; i++) scaled[r * s.out + i] = factor * dout[r * s.out + i];
      }
      dout = scaled;
    }
    const auto given = readRows<Factor>(scratch, dout, s.out, rows, s.out);
    multiplyTransposed(given, readRows<Factor>(scratch, xs + begin * s.in, s.in, rows, s.in), sumWeight.beta(thread),
                       sumWeight.of(thread), s.in);
    float* din = target(dxs + begin * s.in, scratch.take(rows * s.in));
    w.multiply(given, 0, din, s.in);
    if (sumBias) {
      float* sum = sumBias->cleared(thread);
      for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = 0; i < s.out; i++) sum[i] += dout[r * s.out + i];
      }
    }
    narrow(din, rows * s.in, dxs + begin * s.in);
  });
  sumWeight.finish();
  if (sumBias) sumBias->finish();
}

at::Tensor perRow(const at::Tensor& scale, const at::Tensor& like) {
  std::vector<int64_t> shape(like.dim(), 1);
  shape[0] = scale.size(0);
  return scale.view(shape);
}

// The same from ATen's operators; see norm_linear.cc.
at::Tensor linearAddComposed(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                             const at::Tensor& residual, const std::optional<at::Tensor>& scale) {
  shapesOf(x, weight, scale);
  const auto offset = bias.has_value() ? std::optional<at::Tensor>(bias->to(x.scalar_type())) : std::nullopt;
  const at::Tensor branch = at::linear(x, weight.to(x.scalar_type()), offset);
  return scale.has_value() ? at::addcmul(residual, branch.to(at::kFloat), perRow(*scale, residual)) : at::add(residual, branch);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> linearAddBackwardComposed(const at::Tensor& dy, const at::Tensor& x,
                                                                         const at::Tensor& weight,
                                                                         const std::optional<at::Tensor>& scale, bool bias) {
  const Shapes s = shapesOf(x, weight, scale);
  const at::Tensor scaled = scale.has_value() ? dy.mul(perRow(*scale, dy)) : dy;
  const at::Tensor dout = scaled.reshape({s.rows, s.out}).to(x.scalar_type());
  const at::Tensor dweight = at::mm(dout.t(), x.reshape({s.rows, s.in})).to(at::kFloat);
  const at::Tensor dx = at::mm(dout, weight.to(x.scalar_type())).view(x.sizes());
  return {dx, dweight, bias ? scaled.reshape({s.rows, s.out}).sum(0) : at::Tensor()};
}

at::Tensor linearAddCpu(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                        const at::Tensor& residual, const std::optional<at::Tensor>& scale) {
  const Shapes s = shapesOf(x, weight, scale);
  const at::ScalarType type = activationType(x, "x");
  if (type == at::kBFloat16 && composesBfloat16()) return linearAddComposed(x, weight, bias, residual, scale);
  TORCH_CHECK(residual.dim() >= 2 && residual.size(-1) == s.out && rowsOf(residual) == s.rows, "expected a residual of shape ",
              at::IntArrayRef(withLast(x, s.out)), ", got ", residual.sizes());
  const at::Tensor in = x.contiguous(), past = activation(residual, "residual", at::kFloat);
  const at::Tensor w = parameter(weight, "weight", {s.out, s.in});
  const at::Tensor offset = bias.has_value() ? parameter(*bias, "bias", {s.out}) : at::Tensor();
  const at::Tensor factors = scale.has_value() ? parameter(*scale, "scale", {x.size(0)}) : at::Tensor();
  at::Tensor y = at::empty_like(past);
  withTypes(type, [&](auto types) { forward<decltype(types)>(in, w, offset, past, factors, s, y); });
  return y;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> linearAddBackwardCpu(const at::Tensor& dy, const at::Tensor& x,
                                                                    const at::Tensor& weight,
                                                                    const std::optional<at::Tensor>& scale, bool bias) {
  const Shapes s = shapesOf(x, weight, scale);
  const at::ScalarType type = activationType(x, "x");
  if (type == at::kBFloat16 && composesBfloat16()) return linearAddBackwardComposed(dy, x, weight, scale, bias);
  TORCH_CHECK(dy.dim() >= 2 && dy.size(-1) == s.out && rowsOf(dy) == s.rows, "expected dy of shape ",
              at::IntArrayRef(withLast(x, s.out)), ", got ", dy.sizes());
  const at::Tensor in = x.contiguous(), dout = activation(dy, "dy", at::kFloat), w = parameter(weight, "weight", {s.out, s.in});
  const at::Tensor factors = scale.has_value() ? parameter(*scale, "scale", {x.size(0)}) : at::Tensor();
  at::Tensor dx = at::empty_like(in), dweight = at::empty_like(w), dbias = bias ? at::empty({s.out}, w.options()) : at::Tensor();
  withTypes(type, [&](auto types) { backward<decltype(types)>(dout, in, w, factors, s, dx, dweight, dbias); });
  return {dx, dweight, dbias};
}

at::Tensor linearAddMeta(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>&, const at::Tensor& residual,
                         const std::optional<at::Tensor>& scale) {
  shapesOf(x, weight, scale);
  return at::empty(residual.sizes(), residual.options());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> linearAddBackwardMeta(const at::Tensor&, const at::Tensor& x,
                                                                     const at::Tensor& weight,
                                                                     const std::optional<at::Tensor>& scale, bool bias) {
  const Shapes s = shapesOf(x, weight, scale);
  return {at::empty(x.sizes(), x.options()), at::empty_like(weight), bias ? at::empty({s.out}, weight.options()) : at::Tensor()};
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("linear_add", mpvg::linearAddCpu);
  m.impl("linear_add_backward", mpvg::linearAddBackwardCpu);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("linear_add", mpvg::linearAddComposed);
  m.impl("linear_add_backward", mpvg::linearAddBackwardComposed);
}

TORCH_LIBRARY_IMPL(mpvg, Meta, m) {
  m.impl("linear_add", mpvg::linearAddMeta);
  m.impl("linear_add_backward", mpvg::linearAddBackwardMeta);
}
