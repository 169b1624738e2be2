#include "export_arguments.h"

#include <cmath>
#include <stdexcept>

namespace mpvg {

void wrongArgument(const char* function, const char* expected) {
  throw std::invalid_argument(std::string(function) + ": expected " + expected);
}

Handle handleArg(const Napi::CallbackInfo& info, size_t index, const char* function) {
  if (info.Length() <= index || !info[index].IsNumber()) wrongArgument(function, "a tensor handle");
  const double number = info[index].As<Napi::Number>().DoubleValue();
  return number >= 1 && number == std::floor(number) && number < 9e15 ? static_cast<Handle>(number) : 0;
}

std::string stringArg(const Napi::CallbackInfo& info, size_t index, const char* function, const char* expected) {
  if (info.Length() <= index || !info[index].IsString()) wrongArgument(function, expected);
  return info[index].As<Napi::String>().Utf8Value();
}

double numberArg(const Napi::CallbackInfo& info, size_t index, const char* function, const char* expected) {
  if (info.Length() <= index || !info[index].IsNumber()) wrongArgument(function, expected);
  return info[index].As<Napi::Number>().DoubleValue();
}

std::vector<int64_t> shapeArg(const Napi::CallbackInfo& info, size_t index, const char* function) {
  if (info.Length() <= index || !info[index].IsArray()) wrongArgument(function, "a shape (an array of sizes)");
  const Napi::Array array = info[index].As<Napi::Array>();
  std::vector<int64_t> shape;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value size = array.Get(i);
    const double number = size.IsNumber() ? size.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0 && number < 9e15) || number != std::floor(number)) wrongArgument(function, "sizes of 0 or more");
    shape.push_back(static_cast<int64_t>(number));
  }
  return shape;
}

std::vector<Handle> handlesArg(const Napi::CallbackInfo& info, size_t index, const char* function) {
  if (info.Length() <= index || !info[index].IsArray()) wrongArgument(function, "an array of tensor handles");
  const Napi::Array array = info[index].As<Napi::Array>();
  std::vector<Handle> handles;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value item = array.Get(i);
    if (!item.IsNumber()) wrongArgument(function, "an array of tensor handles");
    handles.push_back(item.As<Napi::Number>().Int64Value());
  }
  return handles;
}

Napi::Array handleArray(Napi::Env env, Instance& instance, const std::vector<at::Tensor>& tensors) {
  Napi::Array array = Napi::Array::New(env, tensors.size());
  for (uint32_t i = 0; i < tensors.size(); i++) {
    array.Set(i, Napi::Number::New(env, static_cast<double>(instance.put(tensors[i]))));
  }
  return array;
}

void refuseWhileTracing(const Napi::CallbackInfo& info, const char* what) {
  if (instanceOf(info).recorder) throw std::runtime_error(std::string("a compiled step cannot ") + what);
}

std::vector<at::Tensor> tensorsArg(const Napi::CallbackInfo& info, size_t index, const char* function) {
  std::vector<at::Tensor> tensors;
  for (const Handle handle : handlesArg(info, index, function)) tensors.push_back(instanceOf(info).table.get(handle));
  return tensors;
}

}  // namespace mpvg
