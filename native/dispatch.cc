#include "dispatch.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <optional>
#include <sstream>
#include <stdexcept>

#include "instance.h"
#include "operator_arguments.h"
#include "program.h"

namespace mpvg {

namespace {

using c10::IValue;

struct NamedType {
  const char* name;
  at::ScalarType type;
};

constexpr NamedType kScalarTypes[] = {
    {"float32", at::kFloat}, {"bfloat16", at::kBFloat16}, {"float16", at::kHalf}, {"float64", at::kDouble},
    {"int32", at::kInt},     {"int64", at::kLong},        {"uint8", at::kByte},   {"bool", at::kBool},
    {"complex64", at::kComplexFloat},
};

class ResultWriter {
 public:
  ResultWriter(Napi::Env env, Instance& instance) : env_(env), instance_(instance) {}

  Napi::Value write(IValue&& value) {
    if (value.isTensor()) return handle(std::move(value).toTensor());
    if (value.isTensorList()) {
      const std::vector<at::Tensor> list = value.toTensorVector();
      Napi::Array array = Napi::Array::New(env_, list.size());
      for (uint32_t i = 0; i < list.size(); i++) array.Set(i, handle(list[i]));
      return array;
    }
    if (value.isInt()) return Napi::Number::New(env_, static_cast<double>(value.toInt()));
    if (value.isDouble()) return Napi::Number::New(env_, value.toDouble());
    if (value.isBool()) return Napi::Boolean::New(env_, value.toBool());
    return env_.Null();
  }

  std::vector<Handle> handles;  // of every tensor written, in order; 0 for an undefined one

 private:
  Napi::Value handle(at::Tensor tensor) {
    // A backward operator returns an undefined tensor for a gradient that was not asked for.
    if (!tensor.defined()) {
      handles.push_back(0);
      return env_.Null();
    }
    handles.push_back(instance_.put(std::move(tensor)));
    return Napi::Number::New(env_, static_cast<double>(handles.back()));
  }

  Napi::Env env_;
  Instance& instance_;
};

// Replaces every tensor of an argument or result by what `change` makes of it.
template <typename Change>
IValue mapTensors(const IValue& value, const Change& change) {
  if (value.isTensor()) return value.toTensor().defined() ? IValue(change(value.toTensor())) : value;
  if (value.isTensorList()) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(change(tensor));
    return IValue(std::move(list));
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> list;
    for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorList()) {
      list.push_back(tensor.has_value() ? std::optional<at::Tensor>(change(*tensor)) : std::nullopt);
    }
    return IValue(std::move(list));
  }
  return value;
}

// A call on meta tensors. Some of ATen's operators have their shape rule in Python only; where we have none either
// (meta_rules*.cc), the operator runs once on zeros of the right shapes. Not where the values decide the result's shape.
void callForShapes(const Operator& op, torch::jit::Stack& stack) {
  const torch::jit::Stack arguments = stack;
  try {
    op.handle.callBoxed(stack);
    return;
  } catch (const c10::NotImplementedError&) {
    const bool shapeFromValues =
        op.handle.hasTag(at::Tag::dynamic_output_shape) || op.handle.hasTag(at::Tag::data_dependent_output);
    if (op.mutates || shapeFromValues) throw;
  }
  stack.clear();
  for (const IValue& argument : arguments) {
    stack.push_back(mapTensors(argument, [](const at::Tensor& tensor) {
      return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kCPU)).zero_();
    }));
  }
  if (op.deviceArg >= 0) stack[op.deviceArg] = IValue(c10::Device(at::kCPU));
  op.handle.callBoxed(stack);
  for (IValue& result : stack) {
    result = mapTensors(result, [](const at::Tensor& tensor) {
      return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta));
    });
  }
}

// The arguments as they were given, for a message: a failing operator may have consumed its stack.
torch::jit::Stack readAgain(Instance& instance, const Operator& op, const Napi::CallbackInfo& info) {
  torch::jit::Stack stack;
  for (size_t i = 0; i < info.Length() && i < op.args.size(); i++) {
    stack.push_back(info[i].IsUndefined() ? IValue() : readArgument(instance, op, i, info[i]).value);
  }
  return stack;
}

void describeTensor(std::ostringstream& out, const at::Tensor& tensor) {
  if (!tensor.defined()) {
    out << "none";
    return;
  }
  out << scalarTypeName(tensor.scalar_type()) << tensor.sizes();
}

}  // namespace

at::ScalarType scalarTypeOf(const std::string& name) {
  for (const NamedType& entry : kScalarTypes) {
    if (name == entry.name) return entry.type;
  }
  throw std::invalid_argument("unknown dtype '" + name + "'");
}

const char* scalarTypeName(at::ScalarType type) {
  for (const NamedType& entry : kScalarTypes) {
    if (type == entry.type) return entry.name;
  }
  return c10::toString(type);
}

std::unique_ptr<Operator> findOperator(const std::string& name, const std::string& overload) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  const std::string full = overload.empty() ? name : name + "." + overload;
  if (!found) throw std::invalid_argument("no operator " + full + " in libtorch");
  auto op = std::make_unique<Operator>(Operator{*found, full, {}, -1, false, false});
  const auto& arguments = found->schema().arguments();
  for (size_t i = 0; i < arguments.size(); i++) {
    op->args.push_back(argSpec(arguments[i]));
    if (op->args.back().kind == ArgKind::Device) op->deviceArg = static_cast<int>(i);
    if (arguments[i].alias_info() && arguments[i].alias_info()->isWrite()) op->mutates = true;
  }
  op->random = found->hasTag(at::Tag::nondeterministic_seeded);
  return op;
}

std::string describeFailure(const Operator& op, const torch::jit::Stack& arguments, const std::string& reason) {
  std::ostringstream message;
  message << op.name << "(";
  for (size_t i = 0; i < arguments.size(); i++) {
    if (i > 0) message << ", ";
    const IValue& value = arguments[i];
    if (value.isTensor()) {
      describeTensor(message, value.toTensor());
    } else if (value.isTensorList()) {
      const auto list = value.toTensorVector();
      message << "[";
      for (size_t k = 0; k < list.size() && k < 4; k++) {
        if (k > 0) message << ", ";
        describeTensor(message, list[k]);
      }
      message << (list.size() > 4 ? ", …]" : "]");
    } else if (value.isInt() || value.isDouble() || value.isBool() || value.isIntList() || value.isNone()) {
      message << value;
    } else {
      message << "…";
    }
  }
  message << "): " << reason;
  return message.str();
}

Napi::Value callOperator(Instance& instance, const Operator& op, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const size_t given = info.Length(), count = op.args.size();
  if (given > count) {
    throw std::invalid_argument(op.name + ": expected at most " + std::to_string(count) + " arguments, got " +
                                std::to_string(given));
  }
  Recorder* recorder = instance.recorder.get();
  torch::jit::Stack stack;
  stack.reserve(count);
  std::vector<std::vector<Handle>> handles(recorder ? count : 0);
  const auto& declared = op.schema().arguments();
  for (size_t i = 0; i < count; i++) {
    if (i < given && !info[i].IsUndefined()) {
      ReadArgument argument = readArgument(instance, op, i, info[i]);
      stack.push_back(std::move(argument.value));
      if (recorder) handles[i] = std::move(argument.handles);
    } else if (declared[i].default_value()) {
      stack.push_back(*declared[i].default_value());
    } else if (op.args[i].optional) {
      stack.emplace_back();
    } else {
      throw std::invalid_argument(op.name + ": expected a value for " + declared[i].name() + ", got undefined");
    }
  }
  if (recorder) recorder->begin(op, stack, handles);

  const c10::InferenceMode inference;
  try {
    if (recorder) {
      callForShapes(op, stack);
    } else {
      op.handle.callBoxed(stack);
    }
  } catch (const c10::Error& error) {
    throw std::runtime_error(describeFailure(op, readAgain(instance, op, info), error.what_without_backtrace()));
  } catch (const std::exception& error) {
    throw std::runtime_error(describeFailure(op, readAgain(instance, op, info), error.what()));
  }

  ResultWriter writer(env, instance);
  Napi::Value result;
  if (stack.size() == 1) {
    result = writer.write(std::move(stack[0]));
  } else {
    Napi::Array array = Napi::Array::New(env, stack.size());
    for (uint32_t i = 0; i < stack.size(); i++) array.Set(i, writer.write(std::move(stack[i])));
    result = array;
  }
  if (recorder) recorder->finish(writer.handles);
  return result;
}

}  // namespace mpvg
