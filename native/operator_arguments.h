// One argument of an operator: what its schema wants, and JavaScript's value as that.
#pragma once

#include <ATen/core/ivalue.h>
#include <napi.h>

#include <vector>

#include "dispatch.h"
#include "handles.h"

namespace mpvg {

ArgSpec argSpec(const c10::Argument& argument);

// Where the recorder listens, it is told which handles an argument consists of; the value it records comes from here.
struct ReadArgument {
  c10::IValue value;
  std::vector<Handle> handles;  // of tensor arguments; 0 where a list has none
};

// Throws std::invalid_argument naming the operator, the argument and what was given.
ReadArgument readArgument(Instance& instance, const Operator& op, size_t index, const Napi::Value& value);

}  // namespace mpvg
