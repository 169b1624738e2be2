// Whether this machine multiplies bfloat16 matrices fast. Where it does not, libtorch falls back to a loop that is ten times
// slower than float32, and our tiled operators widen to float32 instead.
#pragma once

#include <cstdlib>
#include <string>

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

namespace mpvg {

inline bool fastBfloat16() {
  static const bool fast = [] {
    // For tests, both ways can be asked for: MPVG_BF16=composed | tiled.
    if (const char* forced = std::getenv("MPVG_BF16")) return std::string(forced) == "composed";
    const auto op = c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
    if (!op) return false;
    torch::jit::Stack stack;
    op->callBoxed(stack);
    return stack.at(0).toBool();
  }();
  return fast;
}

}  // namespace mpvg
