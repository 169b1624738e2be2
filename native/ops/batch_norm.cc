// Batch normalisation over the last axis, with a ReLU in the same pass: relu(gamma (x - mean) rstd + beta). In training mean and
// variance are the batch's, and the running statistics move towards them, the variance unbiased. x may be bfloat16; statistics
// and parameters are float32, sums over rows double.
// Source: Ioffe and Szegedy, "Batch Normalization", 2015; torch's BatchNorm.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <cmath>

#include "ops/check.h"
#include "ops/tiles.h"

namespace mpvg {

namespace {

struct Shapes {
  int64_t rows, channels;
};

Shapes shapesOf(const at::Tensor& x, bool training) {
  TORCH_CHECK(x.dim() >= 1 && x.size(-1) > 0, "expected x [..., C], got ", x.sizes());
  TORCH_CHECK(!training || rowsOf(x) > 1, "expected more than one value per channel in training, got x ", x.sizes());
  return {rowsOf(x), x.size(-1)};
}

// About 64 KiB, so that a tile that is read twice is in cache the second time.
int64_t tileRows(int64_t channels) { return std::max<int64_t>(8, 16384 / channels); }

// Mean and sum of squared deviations of some rows, for each channel.
struct Moments {
  double count = 0;
  std::vector<double> mean, deviation;

  explicit Moments(int64_t channels) : mean(channels), deviation(channels) {}

  // Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979.
  template <typename Value>
  void merge(double otherCount, const Value* otherMean, const Value* otherDeviation) {
    if (otherCount == 0) return;
    const double total = count + otherCount, share = otherCount / total, both = count * share;
    for (size_t c = 0; c < mean.size(); c++) {
      const double distance = otherMean[c] - mean[c];
      mean[c] += distance * share;
      deviation[c] += otherDeviation[c] + distance * distance * both;
    }
    count = total;
  }
};

template <typename T>
Moments momentsOf(const T* x, const Shapes& s) {
  const int64_t channels = s.channels;
  std::vector<Moments> perThread(shareCount(s.rows), Moments(channels));
  forEachTile(s.rows, tileRows(channels), [&](int64_t thread, int64_t begin, int64_t end) {
    const int64_t rows = end - begin;
    Scratch scratch;
    const float* in = widen(x + begin * channels, rows * channels, scratch.take(rows * channels));
    float *mean = scratch.take(channels), *deviation = scratch.take(channels);
    for (int64_t c = 0; c < channels; c++) mean[c] = deviation[c] = 0;
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t c = 0; c < channels; c++) mean[c] += in[r * channels + c];
    }
    for (int64_t c = 0; c < channels; c++) mean[c] /= static_cast<float>(rows);
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t c = 0; c < channels; c++) {
        const float distance = in[r * channels + c] - mean[c];
        deviation[c] += distance * distance;
      }
    }
    perThread[thread].merge(static_cast<double>(rows), mean, deviation);
  });
  Moments all(channels);
  for (const Moments& part : perThread) all.merge(part.count, part.mean.data(), part.deviation.data());
  return all;
}

template <typename T>
void normalise(const T* x, const float* mean, const float* rstd, const float* gamma, const float* beta, bool relu, const Shapes& s,
               T* y) {
  const int64_t channels = s.channels;
  const at::Tensor scales = at::empty({channels}, at::kFloat);
  float* scale = scales.data_ptr<float>();
  for (int64_t c = 0; c < channels; c++) scale[c] = gamma[c] * rstd[c];
  forEachTile(s.rows, tileRows(channels), [&](int64_t, int64_t begin, int64_t end) {
    const int64_t count = (end - begin) * channels;
    Scratch scratch;
    const float* in = widen(x + begin * channels, count, scratch.take(count));
    float* out = target(y + begin * channels, scratch.take(count));
    for (int64_t r = 0; r < end - begin; r++) {
      const float* from = in + r * channels;
      float* to = out + r * channels;
      if (relu) {
        for (int64_t c = 0; c < channels; c++) {
          const float value = (from[c] - mean[c]) * scale[c] + beta[c];
          to[c] = value < 0 ? 0 : value;  // NaN stays
        }
      } else {
        for (int64_t c = 0; c < channels; c++) to[c] = (from[c] - mean[c]) * scale[c] + beta[c];
      }
    }
    narrow(out, count, y + begin * channels);
  });
}

// dx, and in dgamma and dbeta the sums of dy (x - mean) rstd and of dy; dy is that before the ReLU.
template <typename T>
void backward(const T* dy, const T* x, const float* gamma, const float* beta, const float* mean, const float* rstd, bool training,
              bool relu, const Shapes& s, T* dx, float* dgamma, float* dbeta) {
  const int64_t channels = s.channels, shares = shareCount(s.rows), rowsPerTile = tileRows(channels);
  const at::Tensor factors = at::empty({3, channels}, at::kFloat);
  float *scale = factors.data_ptr<float>(), *slope = scale + channels, *offset = slope + channels;
  for (int64_t c = 0; c < channels; c++) scale[c] = gamma[c] * rstd[c];
  // What reaches the norm of dy: nothing where its result was negative. The condition is the forward pass's, computed again.
  const auto pass = [&](const float* given, const float* in, float* out) {
    for (int64_t c = 0; c < channels; c++) out[c] = (in[c] - mean[c]) * scale[c] + beta[c] > 0 ? given[c] : 0;
  };

  std::vector<std::vector<double>> sums(shares, std::vector<double>(3 * channels));
  forEachTile(s.rows, rowsPerTile, [&](int64_t thread, int64_t begin, int64_t end) {
    const int64_t count = (end - begin) * channels;
    Scratch scratch;
    const float* in = widen(x + begin * channels, count, scratch.take(count));
    const float* given = widen(dy + begin * channels, count, scratch.take(count));
    float *masked = scratch.take(channels), *sum = scratch.take(channels), *product = scratch.take(channels);
    float* distance = scratch.take(channels);
    for (int64_t c = 0; c < channels; c++) sum[c] = product[c] = distance[c] = 0;
    for (int64_t r = 0; r < end - begin; r++) {
      const float *line = in + r * channels, *past = given + r * channels;
      if (relu) {
        pass(past, line, masked);
        past = masked;
      }
      for (int64_t c = 0; c < channels; c++) {
        const float apart = line[c] - mean[c];
        sum[c] += past[c];
        product[c] += past[c] * apart;
        distance[c] += apart;
      }
    }
    double* total = sums[thread].data();
    for (int64_t c = 0; c < channels; c++) {
      total[c] += sum[c];
      total[channels + c] += product[c];
      total[2 * channels + c] += distance[c];
    }
  });
  for (int64_t c = 0; c < channels; c++) {
    double sum = 0, product = 0, distance = 0;
    for (const std::vector<double>& part : sums) {
      sum += part[c];
      product += part[channels + c];
      distance += part[2 * channels + c];
    }
    // The float mean is a rounding error away from the rows' own. Where a channel has few values that lie close together, dx is
    // the small difference of large terms, and that error would show in it.
    distance = training ? distance / static_cast<double>(s.rows) : 0;
    product -= distance * sum;
    dbeta[c] = static_cast<float>(sum);
    dgamma[c] = static_cast<float>(product * rstd[c]);
    // Through the batch's mean and variance: dx = scale (dy - mean(dy) - normed mean(dy normed)).
    slope[c] = training ? static_cast<float>(product * rstd[c] * rstd[c] / static_cast<double>(s.rows)) : 0;
    offset[c] = training ? static_cast<float>(sum / static_cast<double>(s.rows) - distance * slope[c]) : 0;
  }

  forEachTile(s.rows, rowsPerTile, [&](int64_t, int64_t begin, int64_t end) {
    const int64_t count = (end - begin) * channels;
    Scratch scratch;
    const float* in = widen(x + begin * channels, count, scratch.take(count));
    const float* given = widen(dy + begin * channels, count, scratch.take(count));
    float* out = target(dx + begin * channels, scratch.take(count));
    float* masked = scratch.take(channels);
    for (int64_t r = 0; r < end - begin; r++) {
      const float *line = in + r * channels, *past = given + r * channels;
      float* to = out + r * channels;
      if (relu) {
        pass(past, line, masked);
        past = masked;
      }
      for (int64_t c = 0; c < channels; c++) to[c] = scale[c] * (past[c] - offset[c] - (line[c] - mean[c]) * slope[c]);
    }
    narrow(out, count, dx + begin * channels);
  });
}

using Results = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

Results batchNormCpu(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta, at::Tensor& runningMean,
                     at::Tensor& runningVar, const std::optional<at::Tensor>& batches, bool training, double momentum, double eps,
                     bool relu) {
  const Shapes s = shapesOf(x, training);
  const at::ScalarType type = activationType(x, "x");
  const at::Tensor in = x.contiguous(), g = parameter(gamma, "gamma", {s.channels}), b = parameter(beta, "beta", {s.channels});
  parameter(runningMean, "running_mean", {s.channels});
  parameter(runningVar, "running_var", {s.channels});
  TORCH_CHECK(runningMean.is_contiguous() && runningVar.is_contiguous(), "expected contiguous running statistics");
  at::Tensor y = at::empty_like(in), mean = at::empty_like(g), rstd = at::empty_like(g);
  float *means = mean.data_ptr<float>(), *rstds = rstd.data_ptr<float>();
  float *oldMean = runningMean.data_ptr<float>(), *oldVar = runningVar.data_ptr<float>();
  const auto run = [&]<typename T>(const T* from, T* to) {
    if (training) {
      const Moments moments = momentsOf(from, s);
      for (int64_t c = 0; c < s.channels; c++) {
        means[c] = static_cast<float>(moments.mean[c]);
        rstds[c] = static_cast<float>(1 / std::sqrt(moments.deviation[c] / moments.count + eps));
        oldMean[c] += static_cast<float>(momentum * (moments.mean[c] - oldMean[c]));
        oldVar[c] += static_cast<float>(momentum * (moments.deviation[c] / (moments.count - 1) - oldVar[c]));
      }
    } else {
      for (int64_t c = 0; c < s.channels; c++) {
        means[c] = oldMean[c];
        rstds[c] = static_cast<float>(1 / std::sqrt(oldVar[c] + eps));
      }
    }
    normalise(from, means, rstds, g.const_data_ptr<float>(), b.const_data_ptr<float>(), relu, s, to);
  };
  if (type == at::kFloat) run(in.const_data_ptr<float>(), y.data_ptr<float>());
  else run(in.const_data_ptr<c10::BFloat16>(), y.data_ptr<c10::BFloat16>());
  if (training && batches.has_value()) batches->add_(1);
  return {y, mean, rstd};
}

Results batchNormBackwardCpu(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                             const at::Tensor& mean, const at::Tensor& rstd, bool training, bool relu) {
  const Shapes s = shapesOf(x, training);
  const at::ScalarType type = activationType(x, "x");
  TORCH_CHECK(dy.sizes() == x.sizes(), "expected dy ", x.sizes(), ", got ", dy.sizes());
  const at::Tensor in = x.contiguous(), past = dy.to(type).contiguous();
  const at::Tensor g = parameter(gamma, "gamma", {s.channels}), b = parameter(beta, "beta", {s.channels});
  const at::Tensor m = parameter(mean, "mean", {s.channels}), r = parameter(rstd, "rstd", {s.channels});
  at::Tensor dx = at::empty_like(in), dgamma = at::empty_like(g), dbeta = at::empty_like(b);
  const auto run = [&]<typename T>(const T* from) {
    backward(past.const_data_ptr<T>(), from, g.const_data_ptr<float>(), b.const_data_ptr<float>(), m.const_data_ptr<float>(),
             r.const_data_ptr<float>(), training, relu, s, dx.data_ptr<T>(), dgamma.data_ptr<float>(), dbeta.data_ptr<float>());
  };
  if (type == at::kFloat) run(in.const_data_ptr<float>());
  else run(in.const_data_ptr<c10::BFloat16>());
  return {dx, dgamma, dbeta};
}

// [..., C] as [1, C, rows, 1], channels last in memory: how ATen wants it.
at::Tensor channelsFirst(const at::Tensor& x, const Shapes& s) { return x.reshape({1, s.rows, 1, s.channels}).permute({0, 3, 1, 2}); }
at::Tensor channelsLast(const at::Tensor& y, const at::Tensor& like) { return y.permute({0, 2, 3, 1}).reshape(like.sizes()); }

// The same from ATen's operators; see norm_linear.cc.
Results batchNormComposed(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta, at::Tensor& runningMean,
                          at::Tensor& runningVar, const std::optional<at::Tensor>& batches, bool training, double momentum,
                          double eps, bool relu) {
  const Shapes s = shapesOf(x, training);
  auto [y, mean, rstd] =
      at::native_batch_norm(channelsFirst(x, s), gamma, beta, runningMean, runningVar, training, momentum, eps);
  if (!training) {
    mean = runningMean.clone();
    rstd = runningVar.add(eps).rsqrt_();
  }
  if (relu) y = y.relu();
  if (training && batches.has_value()) batches->add_(1);
  return {channelsLast(y, x), mean, rstd};
}

Results batchNormBackwardComposed(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                                  const at::Tensor& mean, const at::Tensor& rstd, bool training, bool relu) {
  const Shapes s = shapesOf(x, training);
  at::Tensor past = dy;
  if (relu) past = dy.mul(x.sub(mean).mul_(rstd.mul(gamma)).add_(beta).gt(0));
  // Without eps, so that outside training the variance may be given as 1 / rstd^2.
  const auto [dx, dgamma, dbeta] = at::native_batch_norm_backward(channelsFirst(past, s), channelsFirst(x, s), gamma, mean,
                                                                  rstd.square().reciprocal_(), mean, rstd, training, 0,
                                                                  {true, true, true});
  return {channelsLast(dx, x), dgamma, dbeta};
}

Results batchNormMeta(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor&, at::Tensor&, at::Tensor&,
                      const std::optional<at::Tensor>&, bool training, double, double, bool) {
  shapesOf(x, training);
  return {at::empty(x.sizes(), x.options()), at::empty_like(gamma), at::empty_like(gamma)};
}

Results batchNormBackwardMeta(const at::Tensor&, const at::Tensor& x, const at::Tensor& gamma, const at::Tensor&, const at::Tensor&,
                              const at::Tensor&, bool training, bool) {
  shapesOf(x, training);
  return {at::empty(x.sizes(), x.options()), at::empty_like(gamma), at::empty_like(gamma)};
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("batch_norm", mpvg::batchNormCpu);
  m.impl("batch_norm_backward", mpvg::batchNormBackwardCpu);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("batch_norm", mpvg::batchNormComposed);
  m.impl("batch_norm_backward", mpvg::batchNormBackwardComposed);
}

TORCH_LIBRARY_IMPL(mpvg, Meta, m) {
  m.impl("batch_norm", mpvg::batchNormMeta);
  m.impl("batch_norm_backward", mpvg::batchNormBackwardMeta);
}
