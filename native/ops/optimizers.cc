// Parameter updates over all parameters at once, in place: each reads a parameter, its gradient and its state once and writes
// them once. Learning rate, step number and clipping factor are tensors, so that a recorded step reads today's values.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>
#include <functional>

#include "ops/check.h"

namespace mpvg {

namespace {

constexpr int64_t kGrain = 16384;

void checkLists(const at::TensorList& params, const at::TensorList& others, const char* name) {
  TORCH_CHECK(params.size() == others.size(), "expected ", params.size(), " tensors for ", name, ", got ", others.size());
  for (size_t i = 0; i < params.size(); i++) {
    TORCH_CHECK(params[i].sizes() == others[i].sizes(), "expected shape ", params[i].sizes(), " for ", name, "[", i, "], got ",
                others[i].sizes());
  }
}

void checkState(const at::TensorList& tensors, const char* name) {
  for (const at::Tensor& tensor : tensors) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.is_contiguous() && tensor.is_cpu(),
                "expected contiguous float32 tensors on the CPU for ", name);
  }
}

float scalarOf(const at::Tensor& tensor, const char* name) {
  TORCH_CHECK(tensor.numel() == 1 && tensor.scalar_type() == at::kFloat, "expected one float32 for ", name);
  return *tensor.const_data_ptr<float>();
}

// Runs body(i, begin, end) over all elements of all tensors, dealt to threads as if they were one long array: a model has many
// small tensors and a few large ones.
void forEachElement(const at::TensorList& tensors, const std::function<void(size_t, int64_t, int64_t)>& body) {
  std::vector<int64_t> starts{0};
  for (const at::Tensor& tensor : tensors) starts.push_back(starts.back() + tensor.numel());
  at::parallel_for(0, starts.back(), kGrain, [&](int64_t first, int64_t last) {
    size_t i = std::upper_bound(starts.begin(), starts.end(), first) - starts.begin() - 1;
    while (first < last) {
      const int64_t end = std::min(last, starts[i + 1]);
      if (end > first) body(i, first - starts[i], end - starts[i]);
      first = end;
      i++;
    }
  });
}

// Loshchilov & Hutter 2019, in torch.optim.AdamW's order of operations: decay first, then the step with bias correction.
void adamw(at::TensorList params, at::TensorList grads, at::TensorList firstMoments, at::TensorList secondMoments,
           const at::Tensor& step, const at::Tensor& lr, at::ArrayRef<double> lrScales, at::ArrayRef<double> weightDecays,
           double beta1, double beta2, double eps, const std::optional<at::Tensor>& gradScale) {
  checkLists(params, grads, "grads");
  checkLists(params, firstMoments, "first_moments");
  checkLists(params, secondMoments, "second_moments");
  TORCH_CHECK(lrScales.size() == params.size() && weightDecays.size() == params.size(),
              "expected one entry per parameter for lr_scales and weight_decays");
  checkState(params, "params");
  checkState(firstMoments, "first_moments");
  checkState(secondMoments, "second_moments");
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& grad : grads) gradients.push_back(grad.to(at::kFloat).contiguous());
  const double count = scalarOf(step, "step"), rate = scalarOf(lr, "lr");
  const double correction1 = 1 - std::pow(beta1, count), correction2 = std::sqrt(1 - std::pow(beta2, count));
  const float factor = gradScale.has_value() ? scalarOf(*gradScale, "grad_scale") : 1.0f;
  // 1 - beta in float would lose most of its digits.
  const float share1 = static_cast<float>(1 - beta1), share2 = static_cast<float>(1 - beta2);
  const float b2 = static_cast<float>(beta2), epsilon = static_cast<float>(eps);
  const float inverseCorrection2 = static_cast<float>(1 / correction2);
  forEachElement(params, [&](size_t i, int64_t begin, int64_t end) {
    float* p = params[i].data_ptr<float>();
    const float* g = gradients[i].const_data_ptr<float>();
    float *m = firstMoments[i].data_ptr<float>(), *v = secondMoments[i].data_ptr<float>();
    const double ownRate = rate * lrScales[i];
    const float decay = static_cast<float>(1 - ownRate * weightDecays[i]), stepSize = static_cast<float>(ownRate / correction1);
    for (int64_t k = begin; k < end; k++) {
      const float gradient = g[k] * factor;
      m[k] += share1 * (gradient - m[k]);
      v[k] = b2 * v[k] + share2 * gradient * gradient;
      p[k] = p[k] * decay - stepSize * m[k] / (std::sqrt(v[k]) * inverseCorrection2 + epsilon);
    }
  });
}

// torch.optim.SGD with momentum (dampening 0) and L2 decay.
void sgd(at::TensorList params, at::TensorList grads, at::TensorList momenta, const at::Tensor& lr, at::ArrayRef<double> lrScales,
         at::ArrayRef<double> weightDecays, double momentum, bool nesterov, const std::optional<at::Tensor>& gradScale) {
  checkLists(params, grads, "grads");
  checkLists(params, momenta, "momenta");
  TORCH_CHECK(lrScales.size() == params.size() && weightDecays.size() == params.size(),
              "expected one entry per parameter for lr_scales and weight_decays");
  checkState(params, "params");
  checkState(momenta, "momenta");
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& grad : grads) gradients.push_back(grad.to(at::kFloat).contiguous());
  const double rate = scalarOf(lr, "lr");
  const float factor = gradScale.has_value() ? scalarOf(*gradScale, "grad_scale") : 1.0f, mu = static_cast<float>(momentum);
  forEachElement(params, [&](size_t i, int64_t begin, int64_t end) {
    float *p = params[i].data_ptr<float>(), *buffer = momenta[i].data_ptr<float>();
    const float* g = gradients[i].const_data_ptr<float>();
    const float decay = static_cast<float>(weightDecays[i]), ownRate = static_cast<float>(rate * lrScales[i]);
    for (int64_t k = begin; k < end; k++) {
      const float gradient = g[k] * factor + decay * p[k];
      buffer[k] = mu * buffer[k] + gradient;
      p[k] -= ownRate * (nesterov ? gradient + mu * buffer[k] : buffer[k]);
    }
  });
}

// The factor that brings the gradients' common norm down to max_norm (at most 1), and that norm: torch's clip_grad_norm_.
std::tuple<at::Tensor, at::Tensor> clipScale(at::TensorList grads, double maxNorm) {
  TORCH_CHECK(!grads.empty(), "expected at least one gradient");
  const at::Tensor norm = at::norm(at::stack(at::_foreach_norm(grads, 2)).to(at::kFloat), 2);
  const at::Tensor scale = at::clamp(at::mul(at::reciprocal(at::add(norm, 1e-6)), maxNorm), std::nullopt, at::Scalar(1.0));
  return {scale, norm};
}

std::tuple<at::Tensor, at::Tensor> clipScaleMeta(at::TensorList grads, double) {
  const at::Tensor norm = at::empty({}, grads[0].options().dtype(at::kFloat));
  return {norm, at::empty_like(norm)};
}

void adamwMeta(at::TensorList, at::TensorList, at::TensorList, at::TensorList, const at::Tensor&, const at::Tensor&,
               at::ArrayRef<double>, at::ArrayRef<double>, double, double, double, const std::optional<at::Tensor>&) {}

void sgdMeta(at::TensorList, at::TensorList, at::TensorList, const at::Tensor&, at::ArrayRef<double>, at::ArrayRef<double>, double,
             bool, const std::optional<at::Tensor>&) {}

// Where no kernel of our own serves the device: the same arithmetic from ATen's operators, tensor by tensor.
void adamwComposed(at::TensorList params, at::TensorList grads, at::TensorList firstMoments, at::TensorList secondMoments,
                   const at::Tensor& step, const at::Tensor& lr, at::ArrayRef<double> lrScales, at::ArrayRef<double> weightDecays,
                   double beta1, double beta2, double eps, const std::optional<at::Tensor>& gradScale) {
  checkLists(params, grads, "grads");
  const at::Tensor correction1 = at::rsub(at::pow(beta1, step), 1), correction2 = at::sqrt(at::rsub(at::pow(beta2, step), 1));
  for (size_t i = 0; i < params.size(); i++) {
    const at::Tensor gradient = gradScale.has_value() ? grads[i].to(at::kFloat) * *gradScale : grads[i].to(at::kFloat);
    const at::Tensor rate = lr * lrScales[i];
    firstMoments[i].lerp_(gradient, 1 - beta1);
    secondMoments[i].mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
    const at::Tensor denominator = secondMoments[i].sqrt().div_(correction2).add_(eps);
    params[i].mul_(at::rsub(rate * weightDecays[i], 1)).sub_(firstMoments[i] / denominator * (rate / correction1));
  }
}

void sgdComposed(at::TensorList params, at::TensorList grads, at::TensorList momenta, const at::Tensor& lr,
                 at::ArrayRef<double> lrScales, at::ArrayRef<double> weightDecays, double momentum, bool nesterov,
                 const std::optional<at::Tensor>& gradScale) {
  checkLists(params, grads, "grads");
  for (size_t i = 0; i < params.size(); i++) {
    at::Tensor gradient = gradScale.has_value() ? grads[i].to(at::kFloat) * *gradScale : grads[i].to(at::kFloat);
    gradient = gradient.add(params[i], weightDecays[i]);
    momenta[i].mul_(momentum).add_(gradient);
    params[i].sub_((nesterov ? gradient.add(momenta[i], momentum) : momenta[i]) * (lr * lrScales[i]));
  }
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(mpvg, CPU, m) {
  m.impl("adamw_", mpvg::adamw);
  m.impl("sgd_", mpvg::sgd);
}

TORCH_LIBRARY_IMPL(mpvg, CompositeExplicitAutograd, m) {
  m.impl("adamw_", mpvg::adamwComposed);
  m.impl("sgd_", mpvg::sgdComposed);
  m.impl("clip_scale", mpvg::clipScale);
}

TORCH_LIBRARY_IMPL(mpvg, Meta, m) {
  m.impl("adamw_", mpvg::adamwMeta);
  m.impl("sgd_", mpvg::sgdMeta);
  m.impl("clip_scale", mpvg::clipScaleMeta);
}
