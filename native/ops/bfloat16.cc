#include "ops/bfloat16.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <cstdlib>
#include <string>

#include "ops/bfloat16_gemm.h"

namespace mpvg {

namespace {

// Whether oneDNN, in libtorch, multiplies bfloat16 with more than a scalar loop.
bool libtorchMultipliesBfloat16() {
  const auto op = c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
  if (!op) return false;
  torch::jit::Stack stack;
  op->callBoxed(stack);
  return stack.at(0).toBool();
}

Bfloat16Way chosenWay() {
  const char* forced = std::getenv("MPVG_BF16");
  const std::string asked = forced == nullptr ? "" : forced;
  if (asked == "composed") return Bfloat16Way::composed;
  if (asked == "tiled") return Bfloat16Way::widened;
  const bool instructions = libtorchMultipliesBfloat16() && tilesMultiplyBfloat16();
  TORCH_CHECK(asked.empty() || asked == "instructions", "expected instructions, composed or tiled for MPVG_BF16, got ", asked);
  TORCH_CHECK(asked.empty() || instructions,
              "expected a processor with bfloat16 matrix instructions for MPVG_BF16=instructions, got one without");
  if (instructions) return Bfloat16Way::instructions;
  return libtorchMultipliesBfloat16() ? Bfloat16Way::composed : Bfloat16Way::widened;
}

}  // namespace

Bfloat16Way bfloat16Way() {
  static const Bfloat16Way way = chosenWay();
  return way;
}

}  // namespace mpvg
