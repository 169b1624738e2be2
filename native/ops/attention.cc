// Scaled dot-product attention on the packed output of a qkv projection: reads queries, keys and values where the projection
// left them and writes the result where the next projection wants it, with no transposed copies. Scores are held for a block
// of queries at a time and made again in the backward pass from the saved log-sum-exp.
// Source: Dosovitskiy et al. 2021, eq. 5-7; the recomputation is Rabe & Staats 2021 / Dao et al. 2022.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <cmath>
#include <limits>

#include "ops/bfloat16.h"
#include "ops/check.h"
#include "ops/gemm.h"
#include "ops/tiles.h"
#include "ops/vector_math.h"

namespace mpvg {

namespace {

struct Shapes {
  int64_t batch, tokens, channels, heads, depth;
};

Shapes shapesOf(const at::Tensor& qkv, int64_t heads) {
  TORCH_CHECK(qkv.dim() == 3 && heads > 0 && qkv.size(2) % (3 * heads) == 0,
              "expected qkv [B, N, 3 * heads * D], got ", qkv.sizes(), " with ", heads, " heads");
  const int64_t channels = qkv.size(2) / 3;
  return {qkv.size(0), qkv.size(1), channels, heads, channels / heads};
}

// Queries whose scores are held at once: about half a megabyte, which a core's cache keeps.
int64_t queryBlock(int64_t tokens) { return std::clamp<int64_t>((1 << 17) / std::max<int64_t>(tokens, 1), 16, 1024); }

// Compilers keep a running maximum serial, for NaN's sake; sixteen of them side by side vectorise.
float largest(const float* values, int64_t count) {
  constexpr int64_t kLanes = 16;
  float lanes[kLanes];
  for (int64_t j = 0; j < kLanes; j++) lanes[j] = -std::numeric_limits<float>::infinity();
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t j = 0; j < kLanes; j++) lanes[j] = values[i + j] > lanes[j] ? values[i + j] : lanes[j];
  }
  for (; i < count; i++) lanes[0] = values[i] > lanes[0] ? values[i] : lanes[0];
  for (int64_t j = 1; j < kLanes; j++) lanes[0] = lanes[j] > lanes[0] ? lanes[j] : lanes[0];
  return lanes[0];
}

// One head of one sample, as float with a row stride: the memory itself, or a widened copy of bfloat16.
struct Rows {
  const float* data;
  int64_t stride;
};

inline Rows headRows(const float* data, int64_t stride, int64_t, int64_t, float*) { return {data, stride}; }
inline Rows headRows(const c10::BFloat16* data, int64_t stride, int64_t rows, int64_t depth, float* scratch) {
  for (int64_t r = 0; r < rows; r++) widen(data + r * stride, depth, scratch + r * depth);
  return {scratch, depth};
}

struct MutableRows {
  float* data;
  int64_t stride;
};

inline MutableRows headTarget(float* data, int64_t stride, int64_t, float*) { return {data, stride}; }
inline MutableRows headTarget(c10::BFloat16*, int64_t, int64_t depth, float* scratch) { return {scratch, depth}; }

inline void storeHead(MutableRows, float*, int64_t, int64_t, int64_t) {}
inline void storeHead(MutableRows from, c10::BFloat16* data, int64_t stride, int64_t rows, int64_t depth) {
  for (int64_t r = 0; r < rows; r++) narrow(from.data + r * depth, depth, data + r * stride);
}

template <typename T>
void forward(const T* qkv, const Shapes& s, T* out, float* logsumexp) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.depth));
  const int64_t block = std::min(queryBlock(s.tokens), s.tokens), head = s.tokens * s.depth, row = 3 * s.channels;
  at::parallel_for(0, s.batch * s.heads, 1, [&](int64_t first, int64_t last) {
    const SequentialBlas sequential;
    Scratch scratch(block * (s.tokens + 1) + 4 * head);
    float *scores = scratch.take(block * s.tokens), *inverseSums = scratch.take(block);
    float *qs = scratch.take(head), *ks = scratch.take(head), *vs = scratch.take(head), *os = scratch.take(head);
    for (int64_t item = first; item < last; item++) {
      const int64_t b = item / s.heads, h = item % s.heads;
      const T* base = qkv + b * s.tokens * row + h * s.depth;
      const Rows q = headRows(base, row, s.tokens, s.depth, qs);
      const Rows k = headRows(base + s.channels, row, s.tokens, s.depth, ks);
      const Rows v = headRows(base + 2 * s.channels, row, s.tokens, s.depth, vs);
      T* destination = out + b * s.tokens * s.channels + h * s.depth;
      const MutableRows o = headTarget(destination, s.channels, s.depth, os);
      for (int64_t begin = 0; begin < s.tokens; begin += block) {
        const int64_t rows = std::min(block, s.tokens - begin);
        gemmNT(rows, s.tokens, s.depth, scale, q.data + begin * q.stride, q.stride, k.data, k.stride, 0, scores, s.tokens);
        for (int64_t r = 0; r < rows; r++) {
          float* line = scores + r * s.tokens;
          const float most = largest(line, s.tokens);
          float sum = 0;
          for (int64_t i = 0; i < s.tokens; i++) {
            line[i] = fastExp(line[i] - most);
            sum += line[i];
          }
          inverseSums[r] = 1.0f / sum;
          logsumexp[item * s.tokens + begin + r] = most + std::log(sum);
        }
        gemmNN(rows, s.depth, s.tokens, 1, scores, s.tokens, v.data, v.stride, 0, o.data + begin * o.stride, o.stride);
        for (int64_t r = 0; r < rows; r++) {
          float* line = o.data + (begin + r) * o.stride;
          for (int64_t i = 0; i < s.depth; i++) line[i] *= inverseSums[r];
        }
      }
      storeHead(o, destination, s.channels, s.tokens, s.depth);
    }
  });
}

template <typename T>
void backward(const T* dy, const T* qkv, const T* out, const float* logsumexp, const Shapes& s, T* dqkv) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.depth));
  const int64_t block = std::min(queryBlock(2 * s.tokens), s.tokens), head = s.tokens * s.depth, row = 3 * s.channels;
  at::parallel_for(0, s.batch * s.heads, 1, [&](int64_t first, int64_t last) {
    const SequentialBlas sequential;
    Scratch scratch(2 * block * s.tokens + 8 * head);
    float *weights = scratch.take(block * s.tokens), *dscores = scratch.take(block * s.tokens);
    float *qs = scratch.take(head), *ks = scratch.take(head), *vs = scratch.take(head), *os = scratch.take(head);
    float *dos = scratch.take(head), *dqs = scratch.take(head), *dks = scratch.take(head), *dvs = scratch.take(head);
    for (int64_t item = first; item < last; item++) {
      const int64_t b = item / s.heads, h = item % s.heads;
      const T* base = qkv + b * s.tokens * row + h * s.depth;
      T* dbase = dqkv + b * s.tokens * row + h * s.depth;
      const int64_t outAt = b * s.tokens * s.channels + h * s.depth;
      const Rows q = headRows(base, row, s.tokens, s.depth, qs);
      const Rows k = headRows(base + s.channels, row, s.tokens, s.depth, ks);
      const Rows v = headRows(base + 2 * s.channels, row, s.tokens, s.depth, vs);
      const Rows o = headRows(out + outAt, s.channels, s.tokens, s.depth, os);
      const Rows dout = headRows(dy + outAt, s.channels, s.tokens, s.depth, dos);
      const MutableRows dq = headTarget(dbase, row, s.depth, dqs);
      const MutableRows dk = headTarget(dbase + s.channels, row, s.depth, dks);
      const MutableRows dv = headTarget(dbase + 2 * s.channels, row, s.depth, dvs);
      for (int64_t begin = 0; begin < s.tokens; begin += block) {
        const int64_t rows = std::min(block, s.tokens - begin);
        const float *qb = q.data + begin * q.stride, *dob = dout.data + begin * dout.stride;
        const float accumulate = begin == 0 ? 0.0f : 1.0f;
        gemmNT(rows, s.tokens, s.depth, scale, qb, q.stride, k.data, k.stride, 0, weights, s.tokens);
        gemmNT(rows, s.tokens, s.depth, 1, dob, dout.stride, v.data, v.stride, 0, dscores, s.tokens);
        for (int64_t r = 0; r < rows; r++) {
          const float lse = logsumexp[item * s.tokens + begin + r];
          const float *orow = o.data + (begin + r) * o.stride, *dorow = dob + r * dout.stride;
          float delta = 0;
          for (int64_t i = 0; i < s.depth; i++) delta += orow[i] * dorow[i];
          float *w = weights + r * s.tokens, *d = dscores + r * s.tokens;
          for (int64_t i = 0; i < s.tokens; i++) {
            w[i] = fastExp(w[i] - lse);
            d[i] = w[i] * (d[i] - delta);
          }
        }
        gemmTN(s.tokens, s.depth, rows, 1, weights, s.tokens, dob, dout.stride, accumulate, dv.data, dv.stride);
        gemmNN(rows, s.depth, s.tokens, scale, dscores, s.tokens, k.data, k.stride, 0, dq.data + begin * dq.stride, dq.stride);
        gemmTN(s.tokens, s.depth, rows, scale, dscores, s.tokens, qb, q.stride, accumulate, dk.data, dk.stride);
      }
      storeHead(dq, dbase, row, s.tokens, s.depth);
      storeHead(dk, dbase + s.channels, row, s.tokens, s.depth);
      storeHead(dv, dbase + 2 * s.channels, row, s.tokens, s.depth);
    }
  });
}

// Queries, keys and values as [B, heads, N, D] views.
std::vector<at::Tensor> splitHeads(const at::Tensor& qkv, const Shapes& s) {
  return qkv.view({s.batch, s.tokens, 3, s.heads, s.depth}).permute({2, 0, 3, 1, 4}).unbind(0);
}

// The same from ATen's operators, on other devices and where they have fast bfloat16 products.
std::tuple<at::Tensor, at::Tensor> attentionComposed(const at::Tensor& qkv, int64_t heads) {
  const Shapes s = shapesOf(qkv, heads);
  const std::vector<at::Tensor> parts = splitHeads(qkv.contiguous(), s);
  const at::Tensor q = parts[0].mul(1.0 / std::sqrt(static_cast<double>(s.depth)));
  const at::Tensor scores = at::matmul(q, parts[1].transpose(-2, -1)).to(at::kFloat);
  const at::Tensor logsumexp = at::logsumexp(scores, {-1});
  const at::Tensor weights = scores.sub(logsumexp.unsqueeze(-1)).exp_().to(qkv.scalar_type());
  const at::Tensor out = at::matmul(weights, parts[2]).transpose(1, 2).reshape({s.batch, s.tokens, s.channels});
  return {out, logsumexp};
}

at::Tensor attentionBackwardComposed(const at::Tensor& dy, const at::Tensor& qkv, const at::Tensor& out,
                                     const at::Tensor& logsumexp, int64_t heads) {
  const Shapes s = shapesOf(qkv, heads);
  const double scale = 1.0 / std::sqrt(static_cast<double>(s.depth));
  const at::ScalarType type = qkv.scalar_type();
  const std::vector<at::Tensor> parts = splitHeads(qkv.contiguous(), s);
  const auto heads4 = [&](const at::Tensor& t) { return t.view({s.batch, s.tokens, s.heads, s.depth}).transpose(1, 2); };
  const at::Tensor dout = heads4(dy.to(type).contiguous());
  const at::Tensor delta = at::mul(dout, heads4(out.contiguous())).sum({-1}, true, at::kFloat);
  const at::Tensor scores = at::matmul(parts[0].mul(scale), parts[1].transpose(-2, -1)).to(at::kFloat);
  const at::Tensor weights = scores.sub(logsumexp.unsqueeze(-1)).exp_();
  const at::Tensor dv = at::matmul(weights.to(type).transpose(-2, -1), dout);
  const at::Tensor dweights = at::matmul(dout, parts[2].transpose(-2, -1)).to(at::kFloat);
  const at::Tensor dscores = dweights.sub_(delta).mul_(weights).mul_(scale).to(type);
  const at::Tensor dq = at::matmul(dscores, parts[1]), dk = at::matmul(dscores.transpose(-2, -1), parts[0]);
  return at::stack({dq, dk, dv}, 2).permute({0, 3, 2, 1, 4}).reshape(qkv.sizes());
}

std::tuple<at::Tensor, at::Tensor> attentionCpu(const at::Tensor& qkv, int64_t heads) {
  const Shapes s = shapesOf(qkv, heads);
  const at::ScalarType type = activationType(qkv, "qkv");
  if (type == at::kBFloat16 && fastBfloat16()) return attentionComposed(qkv, heads);
  const at::Tensor in = qkv.contiguous();
  at::Tensor out = at::empty({s.batch, s.tokens, s.channels}, in.options());
  at::Tensor logsumexp = at::empty({s.batch, s.heads, s.tokens}, in.options().dtype(at::kFloat));
  if (type == at::kFloat) {
    forward(in.const_data_ptr<float>(), s, out.data_ptr<float>(), logsumexp.data_ptr<float>());
  } else {
    forward(in.const_data_ptr<c10::BFloat16>(), s, out.data_ptr<c10::BFloat16>(), logsumexp.data_ptr<float>());
  }
  return {out, logsumexp};
}

at::Tensor attentionBackwardCpu(const at::Tensor& dy, const at::Tensor& qkv, const at::Tensor& out, const at::Tensor& logsumexp,
                                int64_t heads) {
  const Shapes s = shapesOf(qkv, heads);
  const at::ScalarType type = activationType(qkv, "qkv");
  if (type == at::kBFloat16 && fastBfloat16()) return attentionBackwardComposed(dy, qkv, out, logsumexp, heads);
  const std::vector<int64_t> expected = {s.batch, s.tokens, s.channels};
  TORCH_CHECK(dy.numel() == s.batch * s.tokens * s.channels && out.sizes() == dy.sizes(), "expected dy and out of shape ", expected,
              ", got ", dy.sizes(), " and ", out.sizes());
  const at::Tensor dout = activation(dy, "dy", type), in = qkv.contiguous(), o = activation(out, "out", type);
  const at::Tensor lse = parameter(logsumexp, "logsumexp", {s.batch, s.heads, s.tokens});
  at::Tensor dqkv = at::empty_like(in);
  if (type == at::kFloat) {
    backward(dout.const_data_ptr<float>(), in.const_data_ptr<float>(), o.const_data_ptr<float>(), lse.const_data_ptr<float>(), s,
             dqkv.data_ptr<float>());
  } else {
    backward(dout.const_data_ptr<c10::BFloat16>(), in.const_data_ptr<c10::BFloat16>(), o.const_data_ptr<c10::BFloat16>(),
             lse.const_data_ptr<float>(), s, dqkv.data_ptr<c10::BFloat16>());
  }
  return dqkv;
}

std::tuple<at::Tensor, at::Tensor> attentionMeta(const at::Tensor& qkv, int64_t heads) {
  const Shapes s = shapesOf(qkv, heads);
  return {at::empty({s.batch, s.tokens, s.channels}, qkv.options()),
          at::empty({s.batch, s.heads, s.tokens}, qkv.options().dtype(at::kFloat))};
}

at::Tensor attentionBackwardMeta(const at::Tensor&, const at::Tensor& qkv, const at::Tensor&, const at::Tensor&, int64_t) {
  return at::empty(qkv.sizes(), qkv.options());
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("attention", mpvg::attentionCpu);
  m.impl("attention_backward", mpvg::attentionBackwardCpu);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("attention", mpvg::attentionComposed);
  m.impl("attention_backward", mpvg::attentionBackwardComposed);
}

TORCH_LIBRARY_IMPL(mpvg, Meta, m) {
  m.impl("attention", mpvg::attentionMeta);
  m.impl("attention_backward", mpvg::attentionBackwardMeta);
}
