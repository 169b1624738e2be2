// Exports that trace a step into a program, run it and describe it.
#include <memory>

#include "async_result.h"
#include "export_arguments.h"
#include "exports.h"

namespace mpvg {

namespace {

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
    result.Set("peakBytes", Napi::Number::New(info.Env(), static_cast<double>(program.peakBytes())));
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

}  // namespace

void addProgramExports(const AddExport& add) {
  add("beginTrace", beginTrace);
  add("endTrace", endTrace);
  add("runProgram", runProgram);
  add("runProgramAsync", runProgramAsync);
  add("describeProgram", describeProgram);
  add("disposeProgram", disposeProgram);
}

}  // namespace mpvg
