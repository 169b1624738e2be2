// A layer norm, the position embedding added to it, and the linear layer that reads the sum, in one pass over tiles of rows:
// the normalised rows live in cache only and are made again in the backward pass. LaPE / MPVG, equation of every layer:
// MSA's input LN_l(x_l) + LN'_l(pos_{l-1}). x is the residual stream, float32 always; y may be bfloat16.
#include <ATen/ATen.h>
#include <torch/library.h>

#include "ops/bfloat16.h"
#include "ops/check.h"
#include "ops/layer_norm_rows.h"
#include "ops/products.h"
#include "ops/tiles.h"

namespace mpvg {

namespace {

constexpr int64_t kTileRows = 128;

struct Shapes {
  int64_t rows, in, out, addendRows;
};

Shapes shapesOf(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& addend) {
  TORCH_CHECK(x.dim() >= 2 && weight.dim() == 2 && weight.size(1) == x.size(-1), "expected x [..., C] and weight [D, C], got ",
              x.sizes(), " and ", weight.sizes());
  Shapes s{rowsOf(x), x.size(-1), weight.size(0), 0};
  if (addend.has_value()) {
    TORCH_CHECK(addend->dim() >= 1 && addend->size(-1) == s.in && rowsOf(*addend) > 0 && s.rows % rowsOf(*addend) == 0,
                "expected an addend whose rows repeat over x's, got ", addend->sizes(), " for x ", x.sizes());
    s.addendRows = rowsOf(*addend);
  }
  return s;
}

std::vector<int64_t> withLast(const at::Tensor& x, int64_t last) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = last;
  return sizes;
}

template <typename T>
std::tuple<at::Tensor, at::Tensor, at::Tensor> forward(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                                                       const at::Tensor& addend, const at::Tensor& weight, const at::Tensor& bias,
                                                       double eps, const Shapes& s) {
  using Factor = typename T::Factor;
  at::Tensor y = at::empty(withLast(x, s.out), x.options().dtype(c10::CppTypeToScalarType<typename T::Stored>::value));
  at::Tensor mean = at::empty({s.rows}, x.options()), rstd = at::empty_like(mean);
  const float* xs = x.const_data_ptr<float>();
  const float *g = gamma.const_data_ptr<float>(), *b = beta.const_data_ptr<float>();
  const float *pe = floatsOrNull(addend), *offset = floatsOrNull(bias);
  const auto w = Right<Factor>::ofWeight(weight.const_data_ptr<float>(), s.out, s.in, true);
  auto* ys = y.data_ptr<typename T::Stored>();
  float *means = mean.data_ptr<float>(), *rstds = rstd.data_ptr<float>();
  forEachTile(s.rows, kTileRows, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    Scratch scratch;
    const float* in = xs + begin * s.in;
    const auto normed = takeRows<Factor>(scratch, rows, s.in);
    float* normedLine = scratch.take(s.in);
    float* out = target(ys + begin * s.out, scratch.take(rows * s.out));
    for (int64_t r = 0; r < rows; r++) {
      const RowMoments m = rowMoments(in + r * s.in, s.in, static_cast<float>(eps));
      means[begin + r] = m.mean;
      rstds[begin + r] = m.rstd;
      float* line = target(normed.row(r), normedLine);
      normaliseRow(in + r * s.in, m, g, b, pe == nullptr ? nullptr : pe + (begin + r) % s.addendRows * s.in, s.in, line);
      narrow(line, s.in, normed.row(r));
      if (offset != nullptr) std::memcpy(out + r * s.out, offset, s.out * sizeof(float));
    }
    w.multiply(asRead(normed), offset != nullptr ? 1.0f : 0.0f, out, s.out);
    narrow(out, rows * s.out, ys + begin * s.out);
  });
  return {y, mean, rstd};
}

template <typename T>
void backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& gamma,
              const at::Tensor& beta, const at::Tensor& addend, const at::Tensor& weight, const Shapes& s, at::Tensor& dx,
              at::Tensor& dgamma, at::Tensor& dbeta, at::Tensor& daddend, at::Tensor& dweight, at::Tensor& dbias) {
  using Factor = typename T::Factor;
  const auto* dys = dy.const_data_ptr<typename T::Stored>();
  const float *xs = x.const_data_ptr<float>(), *means = mean.const_data_ptr<float>(), *rstds = rstd.const_data_ptr<float>();
  const float *g = gamma.const_data_ptr<float>(), *b = beta.const_data_ptr<float>(), *pe = floatsOrNull(addend);
  const auto w = Right<Factor>::ofWeight(weight.const_data_ptr<float>(), s.out, s.in, false);
  float* dxs = dx.data_ptr<float>();
  const int64_t shares = shareCount(s.rows);
  ThreadSums sumGamma(dgamma.data_ptr<float>(), s.in, shares), sumBeta(dbeta.data_ptr<float>(), s.in, shares);
  ThreadSums sumWeight(dweight.data_ptr<float>(), s.out * s.in, shares);
  std::optional<ThreadSums> sumBias, sumAddend;
  if (dbias.defined()) sumBias.emplace(dbias.data_ptr<float>(), s.out, shares);
  if (daddend.defined()) sumAddend.emplace(daddend.data_ptr<float>(), s.addendRows * s.in, shares);
  forEachTile(s.rows, kTileRows, [&](int64_t thread, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    Scratch scratch;
    const float* in = xs + begin * s.in;
    const auto dout = readRows<Factor>(scratch, dys + begin * s.out, s.out, rows, s.out);
    const auto normed = takeRows<Factor>(scratch, rows, s.in);
    float *normedLine = scratch.take(s.in), *doutLine = scratch.take(s.out), *dnormed = scratch.take(rows * s.in);
    float* din = dxs + begin * s.in;
    for (int64_t r = 0; r < rows; r++) {
      float* line = target(normed.row(r), normedLine);
      normaliseRow(in + r * s.in, {means[begin + r], rstds[begin + r]}, g, b,
                   pe == nullptr ? nullptr : pe + (begin + r) % s.addendRows * s.in, s.in, line);
      narrow(line, s.in, normed.row(r));
    }
    multiplyTransposed(dout, asRead(normed), sumWeight.beta(thread), sumWeight.of(thread), s.in);
    w.multiply(dout, 0, dnormed, s.in);
    if (sumBias) {
      float* sum = sumBias->cleared(thread);
      for (int64_t r = 0; r < rows; r++) {
        const float* line = widen(dout.row(r), s.out, doutLine);
        for (int64_t i = 0; i < s.out; i++) sum[i] += line[i];
      }
    }
    float *dg = sumGamma.cleared(thread), *db = sumBeta.cleared(thread);
    float* dpe = sumAddend ? sumAddend->cleared(thread) : nullptr;
    for (int64_t r = 0; r < rows; r++) {
      if (dpe != nullptr) {
        float* sum = dpe + (begin + r) % s.addendRows * s.in;
        for (int64_t i = 0; i < s.in; i++) sum[i] += dnormed[r * s.in + i];
      }
      normaliseRowBackward(dnormed + r * s.in, in + r * s.in, {means[begin + r], rstds[begin + r]}, g, nullptr, s.in,
                           din + r * s.in, dg, db);
    }
  });
  sumGamma.finish();
  sumBeta.finish();
  sumWeight.finish();
  if (sumBias) sumBias->finish();
  if (sumAddend) sumAddend->finish();
}

// The same from ATen's operators: where they have fast bfloat16 products (oneDNN on processors with bfloat16 instructions), and on
// other devices.
std::tuple<at::Tensor, at::Tensor, at::Tensor> normLinearComposed(const at::Tensor& x, const at::Tensor& gamma,
                                                                  const at::Tensor& beta,
                                                                  const std::optional<at::Tensor>& addend,
                                                                  const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                                                                  double eps, bool reduced) {
  const Shapes s = shapesOf(x, weight, addend);
  const at::ScalarType type = reduced ? at::kBFloat16 : at::kFloat;
  auto [normed, mean, rstd] = at::native_layer_norm(x, {s.in}, gamma, beta, eps);
  if (addend.has_value()) normed = normed.view({-1, s.addendRows, s.in}).add(addend->reshape({s.addendRows, s.in})).view_as(x);
  const auto offset = bias.has_value() ? std::optional<at::Tensor>(bias->to(type)) : std::nullopt;
  return {at::linear(normed.to(type), weight.to(type), offset), mean.reshape({s.rows}), rstd.reshape({s.rows})};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> normLinearBackwardComposed(
    const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& gamma,
    const at::Tensor& beta, const std::optional<at::Tensor>& addend, const at::Tensor& weight, bool bias) {
  const Shapes s = shapesOf(x, weight, addend);
  const at::Tensor rows = x.reshape({s.rows, s.in}), dout = dy.reshape({s.rows, s.out});
  const at::Tensor means = mean.view({s.rows, 1}), rstds = rstd.view({s.rows, 1});
  at::Tensor normed = rows.sub(means).mul_(rstds).mul_(gamma).add_(beta);
  if (addend.has_value()) normed = normed.view({-1, s.addendRows, s.in}).add(addend->reshape({s.addendRows, s.in})).view({s.rows, s.in});
  const at::Tensor dweight = at::mm(dout.t(), normed.to(dout.scalar_type())).to(at::kFloat);
  const at::Tensor dnormed = at::mm(dout, weight.to(dout.scalar_type())).to(at::kFloat);
  const auto [dx, dgamma, dbeta] =
      at::native_layer_norm_backward(dnormed, rows, {s.in}, means, rstds, gamma, beta, {true, true, true});
  at::Tensor daddend;
  if (addend.has_value()) daddend = dnormed.view({-1, s.addendRows, s.in}).sum(0).view(addend->sizes());
  return {dx.view(x.sizes()), dgamma, dbeta, daddend, dweight, bias ? dout.sum(0, false, at::kFloat) : at::Tensor()};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> normLinearCpu(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                                                             const std::optional<at::Tensor>& addend, const at::Tensor& weight,
                                                             const std::optional<at::Tensor>& bias, double eps,
                                                             bool reduced) {
  if (reduced && composesBfloat16()) return normLinearComposed(x, gamma, beta, addend, weight, bias, eps, reduced);
  const Shapes s = shapesOf(x, weight, addend);
  const at::Tensor in = activation(x, "x", at::kFloat), g = parameter(gamma, "gamma", {s.in}), b = parameter(beta, "beta", {s.in});
  const at::Tensor w = parameter(weight, "weight", {s.out, s.in});
  const at::Tensor offset = bias.has_value() ? parameter(*bias, "bias", {s.out}) : at::Tensor();
  const at::Tensor pe = addend.has_value() ? addend->to(at::kFloat).contiguous() : at::Tensor();
  return withTypes(reduced ? at::kBFloat16 : at::kFloat,
                   [&](auto types) { return forward<decltype(types)>(in, g, b, pe, w, offset, eps, s); });
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> normLinearBackwardCpu(
    const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& gamma,
    const at::Tensor& beta, const std::optional<at::Tensor>& addend, const at::Tensor& weight, bool bias) {
  const at::ScalarType type = activationType(dy, "dy");
  if (type == at::kBFloat16 && composesBfloat16()) {
    return normLinearBackwardComposed(dy, x, mean, rstd, gamma, beta, addend, weight, bias);
  }
  const Shapes s = shapesOf(x, weight, addend);
  TORCH_CHECK(dy.dim() >= 2 && dy.size(-1) == s.out && rowsOf(dy) == s.rows, "expected dy of shape ",
              at::IntArrayRef(withLast(x, s.out)), ", got ", dy.sizes());
  const at::Tensor in = activation(x, "x", at::kFloat), dout = activation(dy, "dy", type);
  const at::Tensor means = parameter(mean, "mean", {s.rows}), rstds = parameter(rstd, "rstd", {s.rows});
  const at::Tensor g = parameter(gamma, "gamma", {s.in}), b = parameter(beta, "beta", {s.in});
  const at::Tensor w = parameter(weight, "weight", {s.out, s.in});
  const at::Tensor pe = addend.has_value() ? addend->to(at::kFloat).contiguous() : at::Tensor();
  at::Tensor dx = at::empty_like(in), dgamma = at::empty_like(g), dbeta = at::empty_like(b), dweight = at::empty_like(w);
  at::Tensor daddend = pe.defined() ? at::empty_like(pe) : at::Tensor();
  at::Tensor dbias = bias ? at::empty({s.out}, w.options()) : at::Tensor();
  withTypes(type, [&](auto types) {
    backward<decltype(types)>(dout, in, means, rstds, g, b, pe, w, s, dx, dgamma, dbeta, daddend, dweight, dbias);
  });
  return {dx, dgamma, dbeta, daddend, dweight, dbias};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> normLinearMeta(const at::Tensor& x, const at::Tensor&, const at::Tensor&,
                                                              const std::optional<at::Tensor>& addend, const at::Tensor& weight,
                                                              const std::optional<at::Tensor>&, double, bool reduced) {
  const Shapes s = shapesOf(x, weight, addend);
  const at::Tensor mean = at::empty({s.rows}, x.options().dtype(at::kFloat));
  return {at::empty(withLast(x, s.out), x.options().dtype(reduced ? at::kBFloat16 : at::kFloat)), mean, at::empty_like(mean)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> normLinearBackwardMeta(
    const at::Tensor&, const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor& gamma, const at::Tensor& beta,
    const std::optional<at::Tensor>& addend, const at::Tensor& weight, bool bias) {
  const Shapes s = shapesOf(x, weight, addend);
  return {at::empty(x.sizes(), x.options()),
          at::empty_like(gamma),
          at::empty_like(beta),
          addend.has_value() ? at::empty(addend->sizes(), gamma.options()) : at::Tensor(),
          at::empty_like(weight),
          bias ? at::empty({s.out}, weight.options()) : at::Tensor()};
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("norm_linear", mpvg::normLinearCpu);
  m.impl("norm_linear_backward", mpvg::normLinearBackwardCpu);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("norm_linear", mpvg::normLinearComposed);
  m.impl("norm_linear_backward", mpvg::normLinearBackwardComposed);
}

TORCH_LIBRARY_IMPL(mpvg, Meta, m) {
  m.impl("norm_linear", mpvg::normLinearMeta);
  m.impl("norm_linear_backward", mpvg::normLinearBackwardMeta);
}
