#include "dispatch.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "instance.h"
#include "program.h"

namespace mpvg {

namespace {

using c10::IValue;
using c10::TypeKind;

struct NamedType {
  const char* name;
  at::ScalarType type;
};

constexpr NamedType kScalarTypes[] = {
    {"float32", at::kFloat}, {"bfloat16", at::kBFloat16}, {"float16", at::kHalf}, {"float64", at::kDouble},
    {"int32", at::kInt},     {"int64", at::kLong},        {"uint8", at::kByte},   {"bool", at::kBool},
    {"complex64", at::kComplexFloat},
};

ArgKind listKind(const c10::Type& element) {
  switch (element.kind()) {
    case TypeKind::TensorType: return ArgKind::TensorList;
    case TypeKind::OptionalType: return ArgKind::OptionalTensorList;
    case TypeKind::IntType:
    case TypeKind::SymIntType: return ArgKind::IntList;
    case TypeKind::FloatType: return ArgKind::FloatList;
    case TypeKind::BoolType: return ArgKind::BoolList;
    default: return ArgKind::Unsupported;
  }
}

ArgSpec argSpec(const c10::Argument& argument) {
  // The schema's "real" type keeps ScalarType apart from int; the plain one is what the stack holds.
  c10::TypePtr type = argument.type(), real = argument.real_type();
  bool optional = false;
  if (type->kind() == TypeKind::OptionalType) {
    optional = true;
    type = type->castRaw<c10::OptionalType>()->getElementType();
    if (real->kind() == TypeKind::OptionalType) real = real->castRaw<c10::OptionalType>()->getElementType();
  }
  const bool isDtype = real->kind() == TypeKind::ScalarTypeType;
  ArgKind kind = ArgKind::Unsupported;
  switch (type->kind()) {
    case TypeKind::TensorType: kind = ArgKind::Tensor; break;
    case TypeKind::IntType:
    case TypeKind::SymIntType: kind = ArgKind::Int; break;
    case TypeKind::FloatType:
    case TypeKind::SymFloatType: kind = ArgKind::Float; break;
    case TypeKind::NumberType: kind = ArgKind::Scalar; break;
    case TypeKind::BoolType:
    case TypeKind::SymBoolType: kind = ArgKind::Bool; break;
    case TypeKind::StringType: kind = ArgKind::String; break;
    case TypeKind::DeviceObjType: kind = ArgKind::Device; break;
    case TypeKind::GeneratorType: kind = ArgKind::Generator; break;
    case TypeKind::ListType: kind = listKind(*type->castRaw<c10::ListType>()->getElementType()); break;
    default: break;
  }
  return {kind, optional, isDtype};
}

const char* jsTypeName(const Napi::Value& value) {
  if (value.IsArray()) return "an array";
  switch (value.Type()) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: return "a number";
    case napi_string: return "a string";
    case napi_object: return "an object";
    default: return "a value of another type";
  }
}

// Reads one argument; every failure names the operator, the argument and what was given.
class ArgumentReader {
 public:
  ArgumentReader(const Operator& op, size_t index, TensorTable& table) : op_(op), index_(index), table_(table) {}

  const at::Tensor& tensor(const Napi::Value& value) const { return table_.get(handle(value)); }

  Handle handle(const Napi::Value& value) const {
    if (!value.IsNumber()) fail("a tensor handle", value);
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= 1 && number <= 9007199254740991.0) || number != std::floor(number)) fail("a tensor handle", value);
    return static_cast<Handle>(number);
  }

  int64_t integer(const Napi::Value& value, bool isDtype) const {
    if (isDtype && value.IsString()) return static_cast<int64_t>(scalarTypeOf(value.As<Napi::String>()));
    if (!value.IsNumber()) fail(isDtype ? "a dtype" : "an integer", value);
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number != std::floor(number) || std::abs(number) > 9007199254740991.0) {
      // Infinity is the natural JavaScript spelling of "to the end".
      if (number == INFINITY) return INT64_MAX;
      fail("an integer", value);
    }
    return static_cast<int64_t>(number);
  }

  double real(const Napi::Value& value) const {
    if (!value.IsNumber()) fail("a number", value);
    return value.As<Napi::Number>().DoubleValue();
  }

  bool boolean(const Napi::Value& value) const {
    if (!value.IsBoolean()) fail("a boolean", value);
    return value.As<Napi::Boolean>().Value();
  }

  std::string string(const Napi::Value& value) const {
    if (!value.IsString()) fail("a string", value);
    return value.As<Napi::String>().Utf8Value();
  }

  Napi::Array array(const Napi::Value& value) const {
    if (!value.IsArray()) fail("an array", value);
    return value.As<Napi::Array>();
  }

  [[noreturn]] void fail(const char* expected, const Napi::Value& value) const {
    std::ostringstream message;
    message << op_.name << ": expected " << expected << " for " << op_.schema().arguments()[index_].name() << ", got "
            << jsTypeName(value);
    if (value.IsNumber()) message << " (" << value.As<Napi::Number>().DoubleValue() << ")";
    throw std::invalid_argument(message.str());
  }

 private:
  const Operator& op_;
  size_t index_;
  TensorTable& table_;
};

IValue readScalar(const ArgumentReader& reader, const Napi::Value& value) {
  if (value.IsBoolean()) return IValue(value.As<Napi::Boolean>().Value());
  const double number = reader.real(value);
  if (number == std::floor(number) && std::abs(number) < 9007199254740992.0 && !(number == 0 && std::signbit(number))) {
    return IValue(static_cast<int64_t>(number));
  }
  return IValue(number);
}

// Where the recorder listens, it is told which handles an argument consists of; the value it records comes from here.
struct ReadArgument {
  IValue value;
  std::vector<Handle> handles;  // of tensor arguments; 0 where a list has none
};

ReadArgument readArgument(Instance& instance, const Operator& op, size_t index, const Napi::Value& value) {
  const ArgSpec& spec = op.args[index];
  if (spec.optional && (value.IsNull() || value.IsUndefined())) return {IValue(), {}};
  const ArgumentReader reader(op, index, instance.table);
  Recorder* recorder = instance.recorder.get();
  const auto resolve = [&](Handle handle) -> at::Tensor {
    return recorder ? recorder->resolve(handle) : instance.table.get(handle);
  };
  switch (spec.kind) {
    case ArgKind::Tensor: {
      const Handle handle = reader.handle(value);
      return {IValue(resolve(handle)), {handle}};
    }
    case ArgKind::TensorList: {
      const Napi::Array array = reader.array(value);
      c10::List<at::Tensor> list;
      std::vector<Handle> handles;
      list.reserve(array.Length());
      for (uint32_t i = 0; i < array.Length(); i++) {
        handles.push_back(reader.handle(array.Get(i)));
        list.push_back(resolve(handles.back()));
      }
      return {IValue(std::move(list)), std::move(handles)};
    }
    case ArgKind::OptionalTensorList: {
      const Napi::Array array = reader.array(value);
      c10::List<std::optional<at::Tensor>> list;
      std::vector<Handle> handles;
      for (uint32_t i = 0; i < array.Length(); i++) {
        const Napi::Value item = array.Get(i);
        const bool none = item.IsNull() || item.IsUndefined();
        handles.push_back(none ? 0 : reader.handle(item));
        list.push_back(none ? std::optional<at::Tensor>() : resolve(handles.back()));
      }
      return {IValue(std::move(list)), std::move(handles)};
    }
    case ArgKind::Int: return {IValue(reader.integer(value, spec.isDtype)), {}};
    case ArgKind::Float: return {IValue(reader.real(value)), {}};
    case ArgKind::Scalar: return {readScalar(reader, value), {}};
    case ArgKind::Bool: return {IValue(reader.boolean(value)), {}};
    case ArgKind::String: return {IValue(reader.string(value)), {}};
    case ArgKind::Device: return {IValue(c10::Device(reader.string(value))), {}};
    case ArgKind::IntList: {
      const Napi::Array array = reader.array(value);
      c10::List<int64_t> list;
      list.reserve(array.Length());
      for (uint32_t i = 0; i < array.Length(); i++) list.push_back(reader.integer(array.Get(i), false));
      return {IValue(std::move(list)), {}};
    }
    case ArgKind::FloatList: {
      const Napi::Array array = reader.array(value);
      c10::List<double> list;
      for (uint32_t i = 0; i < array.Length(); i++) list.push_back(reader.real(array.Get(i)));
      return {IValue(std::move(list)), {}};
    }
    case ArgKind::BoolList: {
      const Napi::Array array = reader.array(value);
      c10::List<bool> list;
      for (uint32_t i = 0; i < array.Length(); i++) list.push_back(reader.boolean(array.Get(i)));
      return {IValue(std::move(list)), {}};
    }
    case ArgKind::Generator:
    case ArgKind::Unsupported: break;
  }
  reader.fail("no value (arguments of this type are not supported)", value);
}

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
