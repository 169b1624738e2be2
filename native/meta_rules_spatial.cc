// Shape rules of convolution, selection and gathering for tracing on the meta device: ATen has them in Python only.
#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <torch/library.h>

namespace mpvg {

namespace {

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>&, at::IntArrayRef stride,
                       at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef outputPadding,
                       int64_t groups) {
  std::vector<int64_t> sizes = {input.size(0), transposed ? weight.size(1) * groups : weight.size(0)};
  for (int64_t axis = 0; axis < input.dim() - 2; axis++) {
    const int64_t covered = dilation[axis] * (weight.size(axis + 2) - 1) + 1, size = input.size(axis + 2);
    sizes.push_back(transposed ? (size - 1) * stride[axis] - 2 * padding[axis] + covered + outputPadding[axis]
                               : (size + 2 * padding[axis] - covered) / stride[axis] + 1);
  }
  return at::empty(sizes, input.options().memory_format(input.suggest_memory_format()));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolutionBackward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight, at::OptionalIntArrayRef, at::IntArrayRef,
    at::IntArrayRef, at::IntArrayRef, bool transposed, at::IntArrayRef, int64_t groups, std::array<bool, 3> mask) {
  const int64_t channels = transposed ? weight.size(1) * groups : weight.size(0);
  return {mask[0] ? at::empty_like(input) : at::Tensor(), mask[1] ? at::empty_like(weight) : at::Tensor(),
          mask[2] ? at::empty({channels}, gradient.options()) : at::Tensor()};
}

at::Tensor where(const at::Tensor& condition, const at::Tensor& self, const at::Tensor& other) {
  const std::vector<int64_t> sizes = at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  return at::empty(sizes, self.options().dtype(at::result_type(self, other)));
}

at::Tensor indexSelect(const at::Tensor& self, int64_t dim, const at::Tensor& index) {
  std::vector<int64_t> sizes = self.sizes().vec();
  if (!sizes.empty()) sizes[at::maybe_wrap_dim(dim, self.dim())] = index.numel();
  return at::empty(sizes, self.options());
}

at::Tensor flip(const at::Tensor& self, at::IntArrayRef) { return at::empty_like(self); }

at::Tensor relu(const at::Tensor& self) { return at::empty_like(self); }

}  // namespace

}  // namespace mpvg

TORCH_LIBRARY_IMPL(aten, Meta, m) {
  m.impl("convolution", mpvg::convolution);
  m.impl("convolution_backward", mpvg::convolutionBackward);
  m.impl("where.self", mpvg::where);
  m.impl("index_select", mpvg::indexSelect);
  m.impl("flip", mpvg::flip);
  m.impl("relu", mpvg::relu);
}
