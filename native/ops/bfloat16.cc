#include "ops/bfloat16.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <ATen/native/CPUBlas.h>

#include <cstdlib>
#include <string>

#include "ops/bfloat16_gemm.h"

namespace mpvg {

namespace {

#if defined(__x86_64__)
// Whether bfloat16 instructions, where there are any, multiply faster than float32's. AMX does. With AVX512-BF16 alone Intel's
// processors take longer for them than for float32; AMD's, which do as many in a cycle, have not been measured.
bool instructionsAreFaster() { return at::native::cpublas::could_pack(at::kBFloat16) || !__builtin_cpu_is("intel"); }

// libtorch says that it has bfloat16 products wherever there is AVX-512, and emulates the instructions where they are missing.
bool libtorchMultipliesBfloat16() { return false; }
#else
bool instructionsAreFaster() { return false; }

bool libtorchMultipliesBfloat16() {
  const auto op = c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
  if (!op) return false;
  torch::jit::Stack stack;
  op->callBoxed(stack);
  return stack.at(0).toBool();
}
#endif

Bfloat16Way chosenWay() {
  const char* forced = std::getenv("MPVG_BF16");
  const std::string asked = forced == nullptr ? "" : forced;
  if (asked == "composed") return Bfloat16Way::composed;
  if (asked == "tiled") return Bfloat16Way::widened;
  TORCH_CHECK(asked.empty() || asked == "instructions", "expected instructions, composed or tiled for MPVG_BF16, got ", asked);
  TORCH_CHECK(asked.empty() || tilesMultiplyBfloat16(),
              "expected a processor with bfloat16 matrix instructions for MPVG_BF16=instructions, got one without");
  if (!asked.empty() || (instructionsAreFaster() && tilesMultiplyBfloat16())) return Bfloat16Way::instructions;
  return libtorchMultipliesBfloat16() ? Bfloat16Way::composed : Bfloat16Way::widened;
}

}  // namespace

Bfloat16Way bfloat16Way() {
  static const Bfloat16Way way = chosenWay();
  return way;
}

}  // namespace mpvg
