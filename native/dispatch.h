// Calls any ATen operator by name. `op("aten::add", "Tensor")` looks the schema up once; each call then converts the
// JavaScript arguments by that schema, calls the operator boxed and hands its results back as handles and values.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

namespace mpvg {

class Instance;

// How one argument is read from JavaScript; taken from the schema when the operator is looked up.
enum class ArgKind : uint8_t {
  Tensor,
  TensorList,
  OptionalTensorList,
  Int,
  IntList,
  Float,
  FloatList,
  Scalar,
  Bool,
  BoolList,
  String,
  Device,
  Generator,
  Unsupported,
};

struct ArgSpec {
  ArgKind kind;
  bool optional;
  bool isDtype;  // an int argument that names a scalar type: 'float32' is accepted for it
};

struct Operator {
  c10::OperatorHandle handle;
  std::string name;  // aten::add.Tensor
  std::vector<ArgSpec> args;
  int deviceArg = -1;
  bool mutates = false;  // writes one of its arguments
  bool random = false;   // draws from a generator

  const c10::FunctionSchema& schema() const { return handle.schema(); }
};

// Throws when there is no such operator.
std::unique_ptr<Operator> findOperator(const std::string& name, const std::string& overload);

// The message of an error raised by an operator: its name, the shapes of its tensor arguments, what libtorch said.
std::string describeFailure(const Operator& op, const torch::jit::Stack& arguments, const std::string& reason);

// One call from JavaScript.
Napi::Value callOperator(Instance& instance, const Operator& op, const Napi::CallbackInfo& info);

// 'float32' | 'bfloat16' | 'float16' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool' | 'complex64'.
at::ScalarType scalarTypeOf(const std::string& name);
const char* scalarTypeName(at::ScalarType type);

}  // namespace mpvg
