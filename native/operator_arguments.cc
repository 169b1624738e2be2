#include "operator_arguments.h"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "instance.h"

namespace mpvg {

namespace {

using c10::IValue;
using c10::TypeKind;

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
  ArgumentReader(const Operator& op, size_t index) : op_(op), index_(index) {}

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
};

IValue readScalar(const ArgumentReader& reader, const Napi::Value& value) {
  if (value.IsBoolean()) return IValue(value.As<Napi::Boolean>().Value());
  const double number = reader.real(value);
  if (number == std::floor(number) && std::abs(number) < 9007199254740992.0 && !(number == 0 && std::signbit(number))) {
    return IValue(static_cast<int64_t>(number));
  }
  return IValue(number);
}

}  // namespace

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

ReadArgument readArgument(Instance& instance, const Operator& op, size_t index, const Napi::Value& value) {
  const ArgSpec& spec = op.args[index];
  if (spec.optional && (value.IsNull() || value.IsUndefined())) return {IValue(), {}};
  const ArgumentReader reader(op, index);
  Recorder* recorder = instance.recorder.get();
  const auto resolve = [&](Handle handle) -> at::Tensor {
    try {
      return recorder ? recorder->resolve(handle) : instance.table.get(handle);
    } catch (const std::out_of_range& error) {
      throw std::invalid_argument(op.name + ": for " + op.schema().arguments()[index].name() + ": " + error.what());
    }
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

}  // namespace mpvg
