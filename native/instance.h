// What belongs to one JavaScript thread: its tensors, operators and the recording in progress. Worker threads that load the
// addon each get their own, so handles cannot cross threads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dispatch.h"
#include "handles.h"
#include "program.h"
#include "runner.h"

namespace mpvg {

class Instance {
 public:
  TensorTable table;
  std::unique_ptr<Recorder> recorder;  // while a step is being traced
  Runner runner;

  // Registers a tensor and, inside a scope, notes it for release when the scope ends.
  Handle put(at::Tensor tensor) {
    const Handle handle = table.put(std::move(tensor));
    if (!scopes_.empty()) scopes_.back().push_back(handle);
    return handle;
  }

  void beginScope() { scopes_.emplace_back(); }

  // Frees every tensor made since the matching beginScope, except those in `kept`.
  void endScope(const std::vector<Handle>& kept);

  // Looked up once; the reference stays valid for the life of the instance.
  const Operator& findOperator(const std::string& name, const std::string& overload);

  Program& program(int64_t id);
  int64_t addProgram(std::unique_ptr<Program> program);
  void disposeProgram(int64_t id);

 private:
  std::vector<std::vector<Handle>> scopes_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Operator>> operators_;
  std::map<int64_t, std::unique_ptr<Program>> programs_;
  int64_t nextProgram_ = 1;
};

}  // namespace mpvg
