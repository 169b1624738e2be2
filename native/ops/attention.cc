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
#include "ops/products.h"
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

// Replaces scores by e^(scale score - most). Returns their sum. Not inlined: in a larger function GCC gives up on vectorising it.
__attribute__((noinline)) float exponentials(float* scores, int64_t count, float scale, float most) {
  float sum = 0;
  for (int64_t i = 0; i < count; i++) {
    scores[i] = fastExp(scale * scores[i] - most);
    sum += scores[i];
  }
  return sum;
}

// Where one head's float32 results go: the memory itself, or scratch that is narrowed afterwards.
struct HeadTarget {
  float* data;
  int64_t stride;
};

inline HeadTarget headTarget(float* data, int64_t stride, int64_t, float*) { return {data, stride}; }
inline HeadTarget headTarget(c10::BFloat16*, int64_t, int64_t depth, float* scratch) { return {scratch, depth}; }

inline void storeHead(HeadTarget, float*, int64_t, int64_t, int64_t) {}
inline void storeHead(HeadTarget from, c10::BFloat16* data, int64_t stride, int64_t rows, int64_t depth) {
  for (int64_t r = 0; r < rows; r++) narrow(from.data + r * depth, depth, data + r * stride);
}

// Some of the rows.
template <typename Factor>
Rows<const Factor> rowsFrom(Rows<const Factor> rows, int64_t begin, int64_t count) {
  return {rows.row(begin), count, rows.width, rows.stride};
}

template <typename T>
void forward(const typename T::Stored* qkv, const Shapes& s, typename T::Stored* out, float* logsumexp) {
  using Factor = typename T::Factor;
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.depth));
  const int64_t block = std::min(queryBlock(s.tokens), s.tokens), row = 3 * s.channels;
  at::parallel_for(0, s.batch * s.heads, 1, [&](int64_t first, int64_t last) {
    const SequentialBlas sequential;
    for (int64_t item = first; item < last; item++) {
      Scratch scratch;
      const int64_t b = item / s.heads, h = item % s.heads;
      const auto* base = qkv + b * s.tokens * row + h * s.depth;
      const auto q = readRows<Factor>(scratch, base, row, s.tokens, s.depth);
      const auto k = Right<Factor>::ofTransposed(scratch, readRows<Factor>(scratch, base + s.channels, row, s.tokens, s.depth));
      const auto v = Right<Factor>::of(scratch, readRows<Factor>(scratch, base + 2 * s.channels, row, s.tokens, s.depth));
      auto* destination = out + b * s.tokens * s.channels + h * s.depth;
      const HeadTarget o = headTarget(destination, s.channels, s.depth, scratch.take(s.tokens * s.depth));
      const auto weights = takeRows<Factor>(scratch, block, s.tokens);
      float *scores = target(weights.data, scratch.take(block * weights.stride)), *inverseSums = scratch.take(block);
      for (int64_t begin = 0; begin < s.tokens; begin += block) {
        const int64_t rows = std::min(block, s.tokens - begin);
        k.multiply(rowsFrom(q, begin, rows), 0, scores, weights.stride);
        for (int64_t r = 0; r < rows; r++) {
          float* line = scores + r * weights.stride;
          const float most = scale * largest(line, s.tokens);
          const float sum = exponentials(line, s.tokens, scale, most);
          inverseSums[r] = 1.0f / sum;
          logsumexp[item * s.tokens + begin + r] = most + std::log(sum);
          narrow(line, s.tokens, weights.row(r));
        }
        v.multiply(rowsFrom(asRead(weights), 0, rows), 0, o.data + begin * o.stride, o.stride);
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
void backward(const typename T::Stored* dy, const typename T::Stored* qkv, const typename T::Stored* out, const float* logsumexp,
              const Shapes& s, typename T::Stored* dqkv) {
  using Factor = typename T::Factor;
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.depth));
  const int64_t block = std::min(queryBlock(2 * s.tokens), s.tokens), head = s.tokens * s.depth, row = 3 * s.channels;
  at::parallel_for(0, s.batch * s.heads, 1, [&](int64_t first, int64_t last) {
    const SequentialBlas sequential;
    for (int64_t item = first; item < last; item++) {
      Scratch scratch;
      const int64_t b = item / s.heads, h = item % s.heads;
      const auto* base = qkv + b * s.tokens * row + h * s.depth;
      auto* dbase = dqkv + b * s.tokens * row + h * s.depth;
      const int64_t outAt = b * s.tokens * s.channels + h * s.depth;
      const auto q = readRows<Factor>(scratch, base, row, s.tokens, s.depth);
      const auto keys = readRows<Factor>(scratch, base + s.channels, row, s.tokens, s.depth);
      const auto k = Right<Factor>::of(scratch, keys), kTransposed = Right<Factor>::ofTransposed(scratch, keys);
      const auto vTransposed =
          Right<Factor>::ofTransposed(scratch, readRows<Factor>(scratch, base + 2 * s.channels, row, s.tokens, s.depth));
      const auto dout = readRows<Factor>(scratch, dy + outAt, s.channels, s.tokens, s.depth);
      const HeadTarget dq = headTarget(dbase, row, s.depth, scratch.take(head));
      const HeadTarget dk = headTarget(dbase + s.channels, row, s.depth, scratch.take(head));
      const HeadTarget dv = headTarget(dbase + 2 * s.channels, row, s.depth, scratch.take(head));
      const auto weights = takeRows<Factor>(scratch, block, s.tokens), dscores = takeRows<Factor>(scratch, block, s.tokens);
      float *scores = target(weights.data, scratch.take(block * weights.stride));
      float *dweights = target(dscores.data, scratch.take(block * weights.stride));
      float *outLine = scratch.take(s.depth), *doutLine = scratch.take(s.depth);
      for (int64_t begin = 0; begin < s.tokens; begin += block) {
        const int64_t rows = std::min(block, s.tokens - begin);
        const auto queries = rowsFrom(q, begin, rows), given = rowsFrom(dout, begin, rows);
        const float accumulate = begin == 0 ? 0.0f : 1.0f;
        kTransposed.multiply(queries, 0, scores, weights.stride);
        vTransposed.multiply(given, 0, dweights, weights.stride);
        for (int64_t r = 0; r < rows; r++) {
          const float lse = logsumexp[item * s.tokens + begin + r];
          const float* o = widen(out + outAt + (begin + r) * s.channels, s.depth, outLine);
          const float* d = widen(given.row(r), s.depth, doutLine);
          float delta = 0;
          for (int64_t i = 0; i < s.depth; i++) delta += o[i] * d[i];
          float *w = scores + r * weights.stride, *dw = dweights + r * weights.stride;
          for (int64_t i = 0; i < s.tokens; i++) {
            w[i] = fastExp(scale * w[i] - lse);
            dw[i] = scale * w[i] * (dw[i] - delta);
          }
          narrow(w, s.tokens, weights.row(r));
          narrow(dw, s.tokens, dscores.row(r));
        }
        const auto w = rowsFrom(asRead(weights), 0, rows), d = rowsFrom(asRead(dscores), 0, rows);
        multiplyTransposed(w, given, accumulate, dv.data, dv.stride);
        k.multiply(d, 0, dq.data + begin * dq.stride, dq.stride);
        multiplyTransposed(d, queries, accumulate, dk.data, dk.stride);
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
  if (type == at::kBFloat16 && composesBfloat16()) return attentionComposed(qkv, heads);
  const at::Tensor in = qkv.contiguous();
  at::Tensor out = at::empty({s.batch, s.tokens, s.channels}, in.options());
  at::Tensor logsumexp = at::empty({s.batch, s.heads, s.tokens}, in.options().dtype(at::kFloat));
  withTypes(type, [&](auto types) {
    using Stored = typename decltype(types)::Stored;
    forward<decltype(types)>(in.const_data_ptr<Stored>(), s, out.data_ptr<Stored>(), logsumexp.data_ptr<float>());
  });
  return {out, logsumexp};
}

at::Tensor attentionBackwardCpu(const at::Tensor& dy, const at::Tensor& qkv, const at::Tensor& out, const at::Tensor& logsumexp,
                                int64_t heads) {
  const Shapes s = shapesOf(qkv, heads);
  const at::ScalarType type = activationType(qkv, "qkv");
  if (type == at::kBFloat16 && composesBfloat16()) return attentionBackwardComposed(dy, qkv, out, logsumexp, heads);
  const std::vector<int64_t> expected = {s.batch, s.tokens, s.channels};
  TORCH_CHECK(dy.numel() == s.batch * s.tokens * s.channels && out.sizes() == dy.sizes(), "expected dy and out of shape ", expected,
              ", got ", dy.sizes(), " and ", out.sizes());
  const at::Tensor dout = activation(dy, "dy", type), in = qkv.contiguous(), o = activation(out, "out", type);
  const at::Tensor lse = parameter(logsumexp, "logsumexp", {s.batch, s.heads, s.tokens});
  at::Tensor dqkv = at::empty_like(in);
  withTypes(type, [&](auto types) {
    using Stored = typename decltype(types)::Stored;
    backward<decltype(types)>(dout.const_data_ptr<Stored>(), in.const_data_ptr<Stored>(), o.const_data_ptr<Stored>(),
                              lse.const_data_ptr<float>(), s, dqkv.data_ptr<Stored>());
  });
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
