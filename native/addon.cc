// The addon: operators by name, the machine's settings, and the exports of the files beside this one.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <napi.h>
#include <torch/version.h>

#include "allocator.h"
#include "export_arguments.h"
#include "exports.h"

namespace mpvg {

namespace {

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

// expectThreads(count): throws when the system does not let this process have a team of so many for this thread and another for
// the runner's, which OpenMP will start.
Napi::Value expectTeams(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    expectThreads(2 * static_cast<int>(numberArg(info, 0, "expectThreads", "a number of threads")));
    return info.Env().Undefined();
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

Napi::Value availableBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(availableCpuMemory()));
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
  try {
    installAllocator();
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
  auto* instance = new Instance();
  napi_add_env_cleanup_hook(env, [](void* data) { delete static_cast<Instance*>(data); }, instance);
  const AddExport add = [&](const char* name, Export function) {
    exports.Set(name, Napi::Function::New(env, function, name, instance));
  };
  add("op", op);
  add("manualSeed", manualSeed);
  add("threads", threads);
  add("expectThreads", expectTeams);
  add("deviceCount", deviceCount);
  add("memory", memory);
  add("availableBytes", availableBytes);
  add("resetPeakMemory", resetPeakMemory);
  add("releaseFreeMemory", releaseFreeMemory);
  addTensorExports(add);
  addProgramExports(add);
  exports.Set("torchVersion", Napi::String::New(env, TORCH_VERSION));
  return exports;
}

}  // namespace

}  // namespace mpvg

static Napi::Object initAddon(Napi::Env env, Napi::Object exports) { return mpvg::init(env, exports); }

NODE_API_MODULE(mpvg, initAddon)
