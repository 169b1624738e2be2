// What the addon's exports share: JavaScript arguments read and checked, exceptions turned into JavaScript errors.
#pragma once

#include <ATen/core/Tensor.h>
#include <napi.h>

#include <string>
#include <vector>

#include "instance.h"

namespace mpvg {

inline Instance& instanceOf(const Napi::CallbackInfo& info) { return *static_cast<Instance*>(info.Data()); }

// Runs `body`; what it throws becomes a JavaScript Error, here and nowhere else.
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

// Each reader throws "<function>: expected <what>" where the argument is not that.
[[noreturn]] void wrongArgument(const char* function, const char* expected);
std::string stringArg(const Napi::CallbackInfo& info, size_t index, const char* function, const char* expected);
double numberArg(const Napi::CallbackInfo& info, size_t index, const char* function, const char* expected);
std::vector<int64_t> shapeArg(const Napi::CallbackInfo& info, size_t index, const char* function);

// 0, which no tensor has, for a number that cannot be a handle.
Handle handleArg(const Napi::CallbackInfo& info, size_t index, const char* function);
std::vector<Handle> handlesArg(const Napi::CallbackInfo& info, size_t index, const char* function);
std::vector<at::Tensor> tensorsArg(const Napi::CallbackInfo& info, size_t index, const char* function);

// Registers the tensors; an array of their handles.
Napi::Array handleArray(Napi::Env env, Instance& instance, const std::vector<at::Tensor>& tensors);

// For what happens at once, and so would not be part of the program.
void refuseWhileTracing(const Napi::CallbackInfo& info, const char* what);

}  // namespace mpvg
