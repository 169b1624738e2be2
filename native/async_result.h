// A promise that another thread settles.
#pragma once

#include <napi.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace mpvg {

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

}  // namespace mpvg
