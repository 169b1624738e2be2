// The addon's exports. Each is a thin reading of JavaScript arguments over the files beside this one; a C++ exception
// becomes a JavaScript Error in `guarded` and nowhere else.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <napi.h>
#include <torch/version.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "allocator.h"
#include "instance.h"

namespace mpvg {

namespace {

Instance& instanceOf(const Napi::CallbackInfo& info) { return *static_cast<Instance*>(info.Data()); }

template <typename Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw Napi::Error::New(env, error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

[[noreturn]] void wrongArgument(const char* function, const char* expected) {
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

// What happens at once, and so would not be part of the program.
void refuseWhileTracing(const Napi::CallbackInfo& info, const char* what) {
  if (instanceOf(info).recorder) throw std::runtime_error(std::string("a compiled step cannot ") + what);
}

// ---- operators

Napi::Value op(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::string name = stringArg(info, 0, "op", "an operator name such as 'aten::add'");
    const std::string overload = info.Length() > 1 && info[1].IsString() ? info[1].As<Napi::String>().Utf8Value() : "";
    Instance* instance = &instanceOf(info);
    const Operator* found = &instance->findOperator(name, overload);
    return Napi::Function::New(
        info.Env(),
        [instance, found](const Napi::CallbackInfo& call) {
          return guarded(call.Env(), [&] { return callOperator(*instance, *found, call); });
        },
        found->name);
  });
}

// ---- tensors

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

// Settles a promise on the JavaScript thread once the runner thread has done its part.
class AsyncResult {
 public:
  using Finish = std::function<Napi::Value(Napi::Env)>;

  AsyncResult(Napi::Env env, const char* name)
      : deferred_(Napi::Promise::Deferred::New(env)),
        callback_(Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), name, 0, 1)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  // From any thread, once; `finish` runs on the JavaScript thread. Deletes this.
  void settle(Finish finish, std::string error) {
    finish_ = std::move(finish);
    error_ = std::move(error);
    Napi::ThreadSafeFunction callback = callback_;
    callback.BlockingCall([this](Napi::Env env, Napi::Function) {
      const Napi::HandleScope scope(env);
      try {
        if (!error_.empty()) throw std::runtime_error(error_);
        deferred_.Resolve(finish_(env));
      } catch (const std::exception& failure) {
        deferred_.Reject(Napi::Error::New(env, failure.what()).Value());
      }
      delete this;
    });
    callback.Release();
  }

 private:
  Napi::Promise::Deferred deferred_;
  Napi::ThreadSafeFunction callback_;
  Finish finish_;
  std::string error_;
};

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

// ---- scopes

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

// ---- programs

Napi::Value beginTrace(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    Instance& instance = instanceOf(info);
    if (instance.recorder) throw std::logic_error("beginTrace: a step is already being traced");
    instance.recorder = std::make_unique<Recorder>(instance, handlesArg(info, 0, "beginTrace"));
    return info.Env().Undefined();
  });
}

// endTrace(outputs): the program, with these tensors as its results. endTrace(null): gives the trace up.
Napi::Value endTrace(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    Instance& instance = instanceOf(info);
    if (!instance.recorder) throw std::logic_error("endTrace: no step is being traced");
    const std::unique_ptr<Recorder> recorder = std::move(instance.recorder);
    if (info.Length() == 0 || info[0].IsNull()) return info.Env().Null();
    const int64_t id = instance.addProgram(recorder->end(handlesArg(info, 0, "endTrace")));
    return Napi::Number::New(info.Env(), static_cast<double>(id));
  });
}

Program& programArg(const Napi::CallbackInfo& info, const char* function) {
  return instanceOf(info).program(static_cast<int64_t>(numberArg(info, 0, function, "a program")));
}

std::vector<at::Tensor> tensorsArg(const Napi::CallbackInfo& info, size_t index, const char* function) {
  std::vector<at::Tensor> tensors;
  for (const Handle handle : handlesArg(info, index, function)) tensors.push_back(instanceOf(info).table.get(handle));
  return tensors;
}

Napi::Value runProgram(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    refuseWhileTracing(info, "run a program");
    Program& program = programArg(info, "runProgram");
    const Program::Busy busy(program);
    return handleArray(info.Env(), instanceOf(info), program.run(tensorsArg(info, 1, "runProgram")));
  });
}

Napi::Value runProgramAsync(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    refuseWhileTracing(info, "run a program");
    Instance* instance = &instanceOf(info);
    Program* program = &programArg(info, "runProgramAsync");
    std::vector<at::Tensor> inputs = tensorsArg(info, 1, "runProgramAsync");
    auto busy = std::make_shared<Program::Busy>(*program);
    auto* result = new AsyncResult(info.Env(), "mpvg.run");
    const Napi::Promise promise = result->promise();
    instance->runner.submit([instance, program, busy = std::move(busy), inputs = std::move(inputs), result]() mutable {
      std::vector<at::Tensor> outputs;
      std::string error;
      try {
        outputs = program->run(inputs);
      } catch (const std::exception& failure) {
        error = failure.what();
      }
      inputs.clear();
      busy.reset();
      result->settle(
          [instance, outputs](Napi::Env env) -> Napi::Value { return handleArray(env, *instance, outputs); }, std::move(error));
    });
    return promise;
  });
}

Napi::Value describeProgram(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Program& program = programArg(info, "describeProgram");
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("operators", Napi::Number::New(info.Env(), static_cast<double>(program.operatorCount())));
    result.Set("listing", Napi::String::New(info.Env(), program.listing()));
    return result;
  });
}

Napi::Value disposeProgram(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    { const Program::Busy idle(programArg(info, "disposeProgram")); }  // throws while it runs
    instanceOf(info).disposeProgram(static_cast<int64_t>(numberArg(info, 0, "disposeProgram", "a program")));
    return info.Env().Undefined();
  });
}

// ---- the machine

Napi::Value manualSeed(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    refuseWhileTracing(info, "seed the generator");
    at::manual_seed(static_cast<uint64_t>(numberArg(info, 0, "manualSeed", "a seed")));
    return info.Env().Undefined();
  });
}

Napi::Value threads(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (info.Length() > 0 && !info[0].IsUndefined()) {
      const double count = numberArg(info, 0, "threads", "a number of threads");
      if (!(count >= 1 && count <= 4096)) wrongArgument("threads", "1 or more");
      at::set_num_threads(static_cast<int>(count));
      instanceOf(info).runner.setThreads(static_cast<int>(count));
    }
    return Napi::Number::New(info.Env(), at::get_num_threads());
  });
}

// deviceCount('cuda'): how many devices of a type this libtorch can use; 0 for one that it was built without.
Napi::Value deviceCount(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::string type = stringArg(info, 0, "deviceCount", "'cpu' or 'cuda'");
    double count = type == "cpu" ? 1 : 0;
    if (type == "cuda" && at::hasCUDA()) count = static_cast<double>(at::getNumGPUs());
    return Napi::Number::New(info.Env(), count);
  });
}

Napi::Value memory(const Napi::CallbackInfo& info) {
  const MemoryStats stats = cpuMemory();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("tensors", Napi::Number::New(info.Env(), static_cast<double>(instanceOf(info).table.size())));
  result.Set("bytes", Napi::Number::New(info.Env(), static_cast<double>(stats.inUse)));
  result.Set("peakBytes", Napi::Number::New(info.Env(), static_cast<double>(stats.peak)));
  result.Set("reservedBytes", Napi::Number::New(info.Env(), static_cast<double>(stats.reserved)));
  return result;
}

Napi::Value resetPeakMemory(const Napi::CallbackInfo& info) {
  resetPeakCpuMemory();
  return info.Env().Undefined();
}

Napi::Value releaseFreeMemory(const Napi::CallbackInfo& info) {
  releaseFreeCpuMemory();
  return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  installAllocator();
  auto* instance = new Instance();
  napi_add_env_cleanup_hook(env, [](void* data) { delete static_cast<Instance*>(data); }, instance);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name, instance));
  };
  add("op", op);
  add("fromTypedArray", fromTypedArray);
  add("write", write);
  add("read", read);
  add("readAsync", readAsync);
  add("free", free);
  add("sizes", sizes);
  add("dtype", dtype);
  add("isContiguous", isContiguous);
  add("beginScope", beginScope);
  add("endScope", endScope);
  add("beginTrace", beginTrace);
  add("endTrace", endTrace);
  add("runProgram", runProgram);
  add("runProgramAsync", runProgramAsync);
  add("describeProgram", describeProgram);
  add("disposeProgram", disposeProgram);
  add("manualSeed", manualSeed);
  add("threads", threads);
  add("deviceCount", deviceCount);
  add("memory", memory);
  add("resetPeakMemory", resetPeakMemory);
  add("releaseFreeMemory", releaseFreeMemory);
  exports.Set("torchVersion", Napi::String::New(env, TORCH_VERSION));
  return exports;
}

}  // namespace

}  // namespace mpvg

static Napi::Object initAddon(Napi::Env env, Napi::Object exports) { return mpvg::init(env, exports); }

NODE_API_MODULE(mpvg, initAddon)
