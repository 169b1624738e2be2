// A transformer block's second half as one operator: layer norm, two linear layers with GELU between them, stochastic depth's
// per-sample factor and the residual sum, over tiles of rows. Only the value before GELU is kept for the backward pass; the
// normalised rows and GELU's output, which would be the larger part of a block's memory, are made again there. The residual
// stream is float32 always; what is kept may be bfloat16.
#include <ATen/ATen.h>
#include <torch/library.h>

#include "ops/bfloat16.h"
#include "ops/check.h"
#include "ops/layer_norm_rows.h"
#include "ops/products.h"
#include "ops/tiles.h"
#include "ops/vector_math.h"

namespace mpvg {

namespace {

constexpr int64_t kTileRows = 128;

struct Shapes {
  int64_t rows, width, hidden, rowsPerSample;
};

// The arguments that both passes read, checked.
struct Parameters {
  at::Tensor gamma, beta, w1, b1, w2, scale;
};

Shapes shapesOf(const at::Tensor& x, const at::Tensor& w1) {
  TORCH_CHECK(x.dim() >= 2 && w1.dim() == 2 && w1.size(1) == x.size(-1), "expected x [..., C] and w1 [H, C], got ", x.sizes(),
              " and ", w1.sizes());
  return {rowsOf(x), x.size(-1), w1.size(0), std::max<int64_t>(1, rowsOf(x) / std::max<int64_t>(1, x.size(0)))};
}

std::vector<int64_t> hiddenShape(const at::Tensor& x, const Shapes& s) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = s.hidden;
  return sizes;
}

Parameters checked(const at::Tensor& x, const Shapes& s, const at::Tensor& gamma, const at::Tensor& beta, const at::Tensor& w1,
                   const at::Tensor& b1, const at::Tensor& w2, const std::optional<at::Tensor>& scale) {
  return {parameter(gamma, "gamma", {s.width}),
          parameter(beta, "beta", {s.width}),
          parameter(w1, "w1", {s.hidden, s.width}),
          parameter(b1, "b1", {s.hidden}),
          parameter(w2, "w2", {s.width, s.hidden}),
          scale.has_value() ? parameter(*scale, "scale", {x.size(0)}) : at::Tensor()};
}

template <typename T>
void forward(const at::Tensor& x, const Parameters& p, const at::Tensor& b2, double eps, const Shapes& s, at::Tensor& y,
             at::Tensor& mean, at::Tensor& rstd, at::Tensor& hidden) {
  using Factor = typename T::Factor;
  const float *xs = x.const_data_ptr<float>(), *gamma = p.gamma.const_data_ptr<float>(), *beta = p.beta.const_data_ptr<float>();
  const float *b1 = p.b1.const_data_ptr<float>(), *offset = b2.const_data_ptr<float>(), *factors = floatsOrNull(p.scale);
  const auto w1 = Right<Factor>::ofWeight(p.w1.const_data_ptr<float>(), s.hidden, s.width, true);
  const auto w2 = Right<Factor>::ofWeight(p.w2.const_data_ptr<float>(), s.width, s.hidden, true);
  auto* hiddens = hidden.data_ptr<typename T::Stored>();
  float *ys = y.data_ptr<float>(), *means = mean.data_ptr<float>(), *rstds = rstd.data_ptr<float>();
  forEachTile(s.rows, kTileRows, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    Scratch scratch;
    const float* in = xs + begin * s.width;
    const auto normed = takeRows<Factor>(scratch, rows, s.width), active = takeRows<Factor>(scratch, rows, s.hidden);
    float *normedLine = scratch.take(s.width), *activeLine = scratch.take(s.hidden);
    float* pre = target(hiddens + begin * s.hidden, scratch.take(rows * s.hidden));
    float* out = ys + begin * s.width;
    for (int64_t r = 0; r < rows; r++) {
      const RowMoments m = rowMoments(in + r * s.width, s.width, static_cast<float>(eps));
      means[begin + r] = m.mean;
      rstds[begin + r] = m.rstd;
      float* line = target(normed.row(r), normedLine);
      normaliseRow(in + r * s.width, m, gamma, beta, nullptr, s.width, line);
      narrow(line, s.width, normed.row(r));
    }
    w1.multiply(asRead(normed), 0, pre, s.hidden);
    for (int64_t r = 0; r < rows; r++) {
      const float* before = pre + r * s.hidden;
      float* after = target(active.row(r), activeLine);
      for (int64_t i = 0; i < s.hidden; i++) {
        const float value = before[i] + b1[i];
        after[i] = value * normalValues(value).cdf;
      }
      narrow(after, s.hidden, active.row(r));
    }
    w2.multiply(asRead(active), 0, out, s.width);
    for (int64_t r = 0; r < rows; r++) {
      const float factor = factors == nullptr ? 1.0f : factors[(begin + r) / s.rowsPerSample];
      const float* past = in + r * s.width;
      float* line = out + r * s.width;
      for (int64_t i = 0; i < s.width; i++) line[i] = past[i] + factor * (line[i] + offset[i]);
    }
    narrow(pre, rows * s.hidden, hiddens + begin * s.hidden);
  });
}

struct Gradients {
  at::Tensor dx, dgamma, dbeta, dw1, db1, dw2, db2;
};

template <typename T>
void backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& hidden,
              const Parameters& p, const Shapes& s, Gradients& out) {
  using Factor = typename T::Factor;
  const auto* hiddens = hidden.const_data_ptr<typename T::Stored>();
  const float *dys = dy.const_data_ptr<float>(), *xs = x.const_data_ptr<float>(), *b1 = p.b1.const_data_ptr<float>();
  const float *means = mean.const_data_ptr<float>(), *rstds = rstd.const_data_ptr<float>();
  const float *gamma = p.gamma.const_data_ptr<float>(), *beta = p.beta.const_data_ptr<float>();
  const auto w1 = Right<Factor>::ofWeight(p.w1.const_data_ptr<float>(), s.hidden, s.width, false);
  const auto w2 = Right<Factor>::ofWeight(p.w2.const_data_ptr<float>(), s.width, s.hidden, false);
  const float* factors = floatsOrNull(p.scale);
  float* dxs = out.dx.data_ptr<float>();
  const int64_t shares = shareCount(s.rows);
  ThreadSums sumGamma(out.dgamma.data_ptr<float>(), s.width, shares), sumBeta(out.dbeta.data_ptr<float>(), s.width, shares);
  ThreadSums sumW1(out.dw1.data_ptr<float>(), s.hidden * s.width, shares), sumB1(out.db1.data_ptr<float>(), s.hidden, shares);
  ThreadSums sumW2(out.dw2.data_ptr<float>(), s.width * s.hidden, shares), sumB2(out.db2.data_ptr<float>(), s.width, shares);
  forEachTile(s.rows, kTileRows, [&](int64_t thread, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    Scratch scratch;
    const float *in = xs + begin * s.width, *dout = dys + begin * s.width;
    const auto normed = takeRows<Factor>(scratch, rows, s.width);
    const auto active = takeRows<Factor>(scratch, rows, s.hidden), dhidden = takeRows<Factor>(scratch, rows, s.hidden);
    float *normedLine = scratch.take(s.width), *dnormed = scratch.take(rows * s.width);
    float *preLine = scratch.take(s.hidden), *activeLine = scratch.take(s.hidden);
    float* din = dxs + begin * s.width;
    const float* dbranch = dout;
    if (factors != nullptr) {
      float* scaled = scratch.take(rows * s.width);
      for (int64_t r = 0; r < rows; r++) {
        const float factor = factors[(begin + r) / s.rowsPerSample];
        for (int64_t i = 0; i < s.width; i++) scaled[r * s.width + i] = factor * dout[r * s.width + i];
      }
      dbranch = scaled;
    }
    const auto given = readRows<Factor>(scratch, dbranch, s.width, rows, s.width);
    float* dactive = target(dhidden.data, scratch.take(rows * s.hidden));
    w2.multiply(given, 0, dactive, s.hidden);
    float *db1 = sumB1.cleared(thread), *db2 = sumB2.cleared(thread);
    for (int64_t r = 0; r < rows; r++) {
      const float* before = widen(hiddens + (begin + r) * s.hidden, s.hidden, preLine);
      float *after = target(active.row(r), activeLine), *gradient = dactive + r * s.hidden;
      for (int64_t i = 0; i < s.hidden; i++) {
        const float value = before[i] + b1[i];
        const NormalValues normal = normalValues(value);
        after[i] = value * normal.cdf;
        const float d = gradient[i] * (normal.cdf + value * normal.density);
        gradient[i] = d;
        db1[i] += d;
      }
      narrow(after, s.hidden, active.row(r));
      narrow(gradient, s.hidden, dhidden.row(r));
      for (int64_t i = 0; i < s.width; i++) db2[i] += dbranch[r * s.width + i];
    }
    multiplyTransposed(given, asRead(active), sumW2.beta(thread), sumW2.of(thread), s.hidden);
    for (int64_t r = 0; r < rows; r++) {
      float* line = target(normed.row(r), normedLine);
      normaliseRow(in + r * s.width, {means[begin + r], rstds[begin + r]}, gamma, beta, nullptr, s.width, line);
      narrow(line, s.width, normed.row(r));
    }
    multiplyTransposed(asRead(dhidden), asRead(normed), sumW1.beta(thread), sumW1.of(thread), s.width);
    w1.multiply(asRead(dhidden), 0, dnormed, s.width);
    float *dgamma = sumGamma.cleared(thread), *dbeta = sumBeta.cleared(thread);
    for (int64_t r = 0; r < rows; r++) {
      normaliseRowBackward(dnormed + r * s.width, in + r * s.width, {means[begin + r], rstds[begin + r]}, gamma,
                           dout + r * s.width, s.width, din + r * s.width, dgamma, dbeta);
    }
  });
  for (ThreadSums* sum : {&sumGamma, &sumBeta, &sumW1, &sumB1, &sumW2, &sumB2}) sum->finish();
}

// The same from ATen's operators; see norm_linear.cc.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> normMlpAddComposed(const at::Tensor& x, const at::Tensor& gamma,
                                                                              const at::Tensor& beta, const at::Tensor& w1,
                                                                              const at::Tensor& b1, const at::Tensor& w2,
                                                                              const at::Tensor& b2,
                                                                              const std::optional<at::Tensor>& scale, double eps,
                                                                              bool reduced) {
  const Shapes s = shapesOf(x, w1);
  const at::ScalarType type = reduced ? at::kBFloat16 : at::kFloat;
  const auto [normed, mean, rstd] = at::native_layer_norm(x, {s.width}, gamma, beta, eps);
  const at::Tensor hidden = at::linear(normed.to(type), w1.to(type));
  const at::Tensor branch = at::linear(at::gelu(hidden.add(b1.to(type))), w2.to(type), b2.to(type));
  at::Tensor y;
  if (scale.has_value()) {
    std::vector<int64_t> shape(x.dim(), 1);
    shape[0] = scale->size(0);
    y = at::addcmul(x, branch.to(at::kFloat), scale->view(shape));
  } else {
    y = at::add(x, branch);
  }
  return {y, mean.reshape({s.rows}), rstd.reshape({s.rows}), hidden};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> normMlpAddBackwardComposed(
    const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& hidden,
    const at::Tensor& gamma, const at::Tensor& beta, const at::Tensor& w1, const at::Tensor& b1, const at::Tensor& w2,
    const std::optional<at::Tensor>& scale) {
  const Shapes s = shapesOf(x, w1);
  const at::ScalarType type = hidden.scalar_type();
  const at::Tensor rows = x.reshape({s.rows, s.width}), past = dy.reshape({s.rows, s.width});
  const at::Tensor means = mean.view({s.rows, 1}), rstds = rstd.view({s.rows, 1});
  at::Tensor branch = past;
  if (scale.has_value()) branch = past.view({scale->size(0), -1}).mul(scale->view({-1, 1})).view({s.rows, s.width});
  const at::Tensor dbranch = branch.to(type), pre = hidden.reshape({s.rows, s.hidden}).add(b1.to(type));
  const at::Tensor dw2 = at::mm(dbranch.t(), at::gelu(pre)).to(at::kFloat);
  const at::Tensor dhidden = at::gelu_backward(at::mm(dbranch, w2.to(type)), pre);
  const at::Tensor normed = rows.sub(means).mul_(rstds).mul_(gamma).add_(beta).to(type);
  const at::Tensor dw1 = at::mm(dhidden.t(), normed).to(at::kFloat);
  const at::Tensor dnormed = at::mm(dhidden, w1.to(type)).to(at::kFloat);
  const auto [dx, dgamma, dbeta] =
      at::native_layer_norm_backward(dnormed, rows, {s.width}, means, rstds, gamma, beta, {true, true, true});
  return {dx.add(past).view(x.sizes()), dgamma, dbeta, dw1, dhidden.sum(0, false, at::kFloat), dw2, branch.sum(0)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> normMlpAddCpu(const at::Tensor& x, const at::Tensor& gamma,
                                                                         const at::Tensor& beta, const at::Tensor& w1,
                                                                         const at::Tensor& b1, const at::Tensor& w2,
                                                                         const at::Tensor& b2,
                                                                         const std::optional<at::Tensor>& scale, double eps,
                                                                         bool reduced) {
  if (reduced && composesBfloat16()) return normMlpAddComposed(x, gamma, beta, w1, b1, w2, b2, scale, eps, reduced);
  const Shapes s = shapesOf(x, w1);
  const Parameters p = checked(x, s, gamma, beta, w1, b1, w2, scale);
  const at::Tensor in = activation(x, "x", at::kFloat), offset = parameter(b2, "b2", {s.width});
  at::Tensor y = at::empty_like(in), hidden = at::empty(hiddenShape(x, s), in.options().dtype(reduced ? at::kBFloat16 : at::kFloat));
  at::Tensor mean = at::empty({s.rows}, in.options().dtype(at::kFloat)), rstd = at::empty_like(mean);
  withTypes(hidden.scalar_type(), [&](auto types) { forward<decltype(types)>(in, p, offset, eps, s, y, mean, rstd, hidden); });
  return {y, mean, rstd, hidden};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> normMlpAddBackwardCpu(
    const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& hidden,
    const at::Tensor& gamma, const at::Tensor& beta, const at::Tensor& w1, const at::Tensor& b1, const at::Tensor& w2,
    const std::optional<at::Tensor>& scale) {
  const at::ScalarType type = activationType(hidden, "hidden");
  if (type == at::kBFloat16 && composesBfloat16()) {
    return normMlpAddBackwardComposed(dy, x, mean, rstd, hidden, gamma, beta, w1, b1, w2, scale);
  }
  const Shapes s = shapesOf(x, w1);
  TORCH_CHECK(dy.sizes() == x.sizes(), "expected dy of shape ", x.sizes(), ", got ", dy.sizes());
  TORCH_CHECK(hidden.numel() == s.rows * s.hidden, "expected hidden of shape ", at::IntArrayRef(hiddenShape(x, s)), ", got ",
              hidden.sizes());
  const Parameters p = checked(x, s, gamma, beta, w1, b1, w2, scale);
  const at::Tensor in = activation(x, "x", at::kFloat), dout = activation(dy, "dy", at::kFloat), pre = activation(hidden, "hidden", type);
  const at::Tensor means = parameter(mean, "mean", {s.rows}), rstds = parameter(rstd, "rstd", {s.rows});
  Gradients out{at::empty_like(in),   at::empty_like(p.gamma), at::empty_like(p.beta),         at::empty_like(p.w1),
                at::empty_like(p.b1), at::empty_like(p.w2),    at::empty({s.width}, p.w2.options())};
  withTypes(type, [&](auto types) { backward<decltype(types)>(dout, in, means, rstds, pre, p, s, out); });
  return {out.dx, out.dgamma, out.dbeta, out.dw1, out.db1, out.dw2, out.db2};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> normMlpAddMeta(const at::Tensor& x, const at::Tensor&,
                                                                          const at::Tensor&, const at::Tensor& w1,
                                                                          const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                                          const std::optional<at::Tensor>&, double, bool reduced) {
  const Shapes s = shapesOf(x, w1);
  const at::Tensor mean = at::empty({s.rows}, x.options().dtype(at::kFloat));
  return {at::empty(x.sizes(), x.options()), mean, at::empty_like(mean),
          at::empty(hiddenShape(x, s), x.options().dtype(reduced ? at::kBFloat16 : at::kFloat))};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> normMlpAddBackwardMeta(
    const at::Tensor&, const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor& gamma,
    const at::Tensor& beta, const at::Tensor& w1, const at::Tensor& b1, const at::Tensor& w2, const std::optional<at::Tensor>&) {
  return {at::empty(x.sizes(), x.options()), at::empty_like(gamma), at::empty_like(beta), at::empty_like(w1),
          at::empty_like(b1),                at::empty_like(w2),    at::empty({w2.size(0)}, w2.options())};
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("norm_mlp_add", mpvg::normMlpAddCpu);
  m.impl("norm_mlp_add_backward", mpvg::normMlpAddBackwardCpu);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("norm_mlp_add", mpvg::normMlpAddComposed);
  m.impl("norm_mlp_add_backward", mpvg::normMlpAddBackwardComposed);
}

TORCH_LIBRARY_IMPL(mpvg, Meta, m) {
  m.impl("norm_mlp_add", mpvg::normMlpAddMeta);
  m.impl("norm_mlp_add_backward", mpvg::normMlpAddBackwardMeta);
}
