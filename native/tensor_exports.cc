// Exports that make, read, write and free tensors, and the scopes that free what a kernel made on its way.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cstring>

#include "async_result.h"
#include "export_arguments.h"
#include "exports.h"

namespace mpvg {

namespace {

// What a traced step may make from JavaScript's numbers: scalars and short lists such as a mean per colour, not data or noise.
constexpr size_t kLargestTracedConstant = 64;

struct Bytes {
  const char* data;
  size_t length;
};

Bytes bytesArg(const Napi::CallbackInfo& info, size_t index, const char* function) {
  if (info.Length() <= index || !info[index].IsTypedArray()) wrongArgument(function, "a typed array");
  const auto array = info[index].As<Napi::TypedArray>();
  return {static_cast<const char*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength()};
}

// fromTypedArray(data, shape, dtype, device): a new tensor with a copy of the data.
Napi::Value fromTypedArray(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Bytes bytes = bytesArg(info, 0, "fromTypedArray");
    const std::vector<int64_t> shape = shapeArg(info, 1, "fromTypedArray");
    const at::ScalarType type = scalarTypeOf(stringArg(info, 2, "fromTypedArray", "a dtype"));
    const c10::Device device(stringArg(info, 3, "fromTypedArray", "a device such as 'cpu' or 'cuda:0'"));
    if (instanceOf(info).recorder && bytes.length > kLargestTracedConstant) {
      throw std::runtime_error("a compiled step cannot make a tensor of " + std::to_string(bytes.length) +
                               " bytes from JavaScript: its values would stay the same in every run; pass it as an input");
    }
    const c10::InferenceMode inference;
    at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(type));
    if (tensor.nbytes() != bytes.length) {
      throw std::invalid_argument("fromTypedArray: expected " + std::to_string(tensor.nbytes()) + " bytes for shape and dtype, got " +
                                  std::to_string(bytes.length));
    }
    if (bytes.length > 0) std::memcpy(tensor.data_ptr(), bytes.data, bytes.length);
    if (!device.is_cpu()) tensor = tensor.to(device);
    return Napi::Number::New(info.Env(), static_cast<double>(instanceOf(info).put(std::move(tensor))));
  });
}

// placeholder(shape, dtype): a tensor without memory or values, as an input of a trace.
Napi::Value placeholder(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<int64_t> shape = shapeArg(info, 0, "placeholder");
    const at::ScalarType type = scalarTypeOf(stringArg(info, 1, "placeholder", "a dtype"));
    const c10::InferenceMode inference;
    at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(type).device(at::kMeta));
    return Napi::Number::New(info.Env(), static_cast<double>(instanceOf(info).put(std::move(tensor))));
  });
}

// write(handle, data): overwrites a contiguous tensor's values in place, keeping its storage (and so every program that uses it).
Napi::Value write(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    refuseWhileTracing(info, "write a tensor's values");
    const c10::InferenceMode inference;
    const at::Tensor& tensor = instanceOf(info).table.get(handleArg(info, 0, "write"));
    const Bytes bytes = bytesArg(info, 1, "write");
    if (!tensor.is_contiguous() || tensor.nbytes() != bytes.length) {
      throw std::invalid_argument("write: expected " + std::to_string(tensor.nbytes()) +
                                  " bytes for a contiguous tensor, got " + std::to_string(bytes.length));
    }
    if (tensor.is_cpu()) {
      if (bytes.length > 0) std::memcpy(tensor.data_ptr(), bytes.data, bytes.length);
    } else {
      const at::Tensor source = at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
      std::memcpy(source.data_ptr(), bytes.data, bytes.length);
      tensor.copy_(source);
    }
    return info.Env().Undefined();
  });
}

// What JavaScript reads: contiguous, on the CPU, reduced precision widened to float32.
at::Tensor readable(const at::Tensor& tensor) {
  const c10::InferenceMode inference;
  if (tensor.is_meta()) throw std::invalid_argument("read: a step that is being traced has no values yet");
  const bool reduced = tensor.scalar_type() == at::kBFloat16 || tensor.scalar_type() == at::kHalf;
  at::Tensor result = reduced ? tensor.to(at::kFloat) : tensor;
  return result.to(at::kCPU).resolve_conj().resolve_neg().contiguous();
}

Napi::ArrayBuffer toArrayBuffer(Napi::Env env, const at::Tensor& tensor) {
  const size_t length = tensor.nbytes();
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, length);
  if (length > 0) std::memcpy(buffer.Data(), tensor.data_ptr(), length);
  return buffer;
}

const at::Tensor& tensorToRead(const Napi::CallbackInfo& info, const char* function) {
  refuseWhileTracing(info, "read a tensor's values");
  return instanceOf(info).table.get(handleArg(info, 0, function));
}

Napi::Value read(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value { return toArrayBuffer(info.Env(), readable(tensorToRead(info, "read"))); });
}

Napi::Value readAsync(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const at::Tensor tensor = tensorToRead(info, "readAsync");
    auto* result = new AsyncResult(info.Env(), "mpvg.read");
    const Napi::Promise promise = result->promise();
    instanceOf(info).runner.submit([tensor, result] {
      at::Tensor values;
      std::string error;
      try {
        values = readable(tensor);
      } catch (const std::exception& failure) {
        error = failure.what();
      }
      result->settle([values](Napi::Env env) -> Napi::Value { return toArrayBuffer(env, values); }, std::move(error));
    });
    return promise;
  });
}

Napi::Value free(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    instanceOf(info).table.free(handleArg(info, 0, "free"));
    return info.Env().Undefined();
  });
}

Napi::Value sizes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const at::Tensor& tensor = instanceOf(info).table.get(handleArg(info, 0, "sizes"));
    Napi::Array array = Napi::Array::New(info.Env(), tensor.dim());
    for (int64_t i = 0; i < tensor.dim(); i++) {
      array.Set(static_cast<uint32_t>(i), Napi::Number::New(info.Env(), static_cast<double>(tensor.size(i))));
    }
    return array;
  });
}

// The dtype of the storage, which may be bfloat16 where tfjs sees float32.
Napi::Value dtype(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), scalarTypeName(instanceOf(info).table.get(handleArg(info, 0, "dtype")).scalar_type()));
  });
}

Napi::Value isContiguous(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), instanceOf(info).table.get(handleArg(info, 0, "isContiguous")).is_contiguous());
  });
}

Napi::Value beginScope(const Napi::CallbackInfo& info) {
  instanceOf(info).beginScope();
  return info.Env().Undefined();
}

Napi::Value endScope(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    instanceOf(info).endScope(handlesArg(info, 0, "endScope"));
    return info.Env().Undefined();
  });
}

}  // namespace

void addTensorExports(const AddExport& add) {
  add("fromTypedArray", fromTypedArray);
  add("placeholder", placeholder);
  add("write", write);
  add("read", read);
  add("readAsync", readAsync);
  add("free", free);
  add("sizes", sizes);
  add("dtype", dtype);
  add("isContiguous", isContiguous);
  add("beginScope", beginScope);
  add("endScope", endScope);
}

}  // namespace mpvg
