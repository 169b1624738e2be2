// Shape rules for ATen operators whose rule exists in Python only: without them a step that uses these cannot be traced on the
// meta device. Each mirrors the operator's CPU implementation.
#include <ATen/ATen.h>
#include <torch/library.h>

namespace mpvg {

namespace {

std::tuple<at::Tensor, at::Tensor, at::Tensor> nativeLayerNorm(const at::Tensor& input, at::IntArrayRef shape,
                                                               const std::optional<at::Tensor>&, const std::optional<at::Tensor>&,
                                                               double) {
  std::vector<int64_t> statistics = input.sizes().vec();
  for (size_t i = 0; i < shape.size(); i++) statistics[statistics.size() - 1 - i] = 1;
  const at::Tensor mean = at::empty(statistics, input.options());
  return {at::empty(input.sizes(), input.options()), mean, at::empty_like(mean)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> nativeLayerNormBackward(
    const at::Tensor&, const at::Tensor& input, at::IntArrayRef, const at::Tensor&, const at::Tensor&,
    const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& bias, std::array<bool, 3> mask) {
  return {mask[0] ? at::empty(input.sizes(), input.options()) : at::Tensor(),
          mask[1] && weight.has_value() ? at::empty_like(*weight) : at::Tensor(),
          mask[2] && bias.has_value() ? at::empty_like(*bias) : at::Tensor()};
}

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(aten, Meta, m) {
  m.impl("native_layer_norm", mpvg::nativeLayerNorm);
  m.impl("native_layer_norm_backward", mpvg::nativeLayerNormBackward);
}
