// Argument checks of our operators. They stand between JavaScript and raw pointers, so every operator makes them.
#pragma once

#include <ATen/ATen.h>

namespace mpvg {

// Activations: float32 or bfloat16, made contiguous.
inline at::Tensor activation(const at::Tensor& tensor, const char* name, at::ScalarType type) {
  TORCH_CHECK(tensor.scalar_type() == type, "expected ", c10::toString(type), " for ", name, ", got ",
              c10::toString(tensor.scalar_type()));
  return tensor.contiguous();
}

inline at::ScalarType activationType(const at::Tensor& tensor, const char* name) {
  const at::ScalarType type = tensor.scalar_type();
  TORCH_CHECK(type == at::kFloat || type == at::kBFloat16, "expected float32 or bfloat16 for ", name, ", got ",
              c10::toString(type));
  return type;
}

// Parameters and statistics: float32 of exactly this shape, made contiguous.
inline at::Tensor parameter(const at::Tensor& tensor, const char* name, at::IntArrayRef shape) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat, "expected float32 for ", name, ", got ", c10::toString(tensor.scalar_type()));
  TORCH_CHECK(tensor.sizes() == shape, "expected shape ", shape, " for ", name, ", got ", tensor.sizes());
  return tensor.contiguous();
}

inline const float* floatsOrNull(const at::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }

// Rows before the last dimension.
inline int64_t rowsOf(const at::Tensor& tensor) { return tensor.size(-1) == 0 ? 0 : tensor.numel() / tensor.size(-1); }

}  // namespace mpvg
