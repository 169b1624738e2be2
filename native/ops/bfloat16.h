// The three ways in which the fused operators compute in bfloat16 on the CPU. The processor decides, once per process.
#pragma once

#include <ATen/ATen.h>

namespace mpvg {

enum class Bfloat16Way {
  instructions,  // our tiles, whose products multiply bfloat16 (bfloat16_gemm.h)
  composed,      // ATen's operators: other processors than x86 where libtorch multiplies bfloat16
  widened,       // our tiles, widened to float32: without instructions libtorch's bfloat16 products take a multiple of float32's time
};

// The way on this processor. For tests, MPVG_BF16=instructions | composed | tiled asks for one; tiled is the widened one.
// Throws for instructions that the processor does not have.
Bfloat16Way bfloat16Way();

inline bool fastBfloat16() { return bfloat16Way() != Bfloat16Way::widened; }
inline bool composesBfloat16() { return bfloat16Way() == Bfloat16Way::composed; }

// What a tiled operator is compiled for: the type its activations are stored in, and the one that its products multiply.
template <typename StoredType, typename FactorType>
struct Types {
  using Stored = StoredType;
  using Factor = FactorType;
};

// Calls body with the Types for activations of `type`, float32 or bfloat16.
template <typename Body>
auto withTypes(at::ScalarType type, const Body& body) {
  if (type == at::kFloat) return body(Types<float, float>{});
  if (bfloat16Way() == Bfloat16Way::instructions) return body(Types<c10::BFloat16, c10::BFloat16>{});
  return body(Types<c10::BFloat16, float>{});
}

}  // namespace mpvg
