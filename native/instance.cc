#include "instance.h"

#include <algorithm>
#include <stdexcept>

namespace mpvg {

void Instance::endScope(const std::vector<Handle>& kept) {
  if (scopes_.empty()) throw std::logic_error("endScope without beginScope");
  const std::vector<Handle> made = std::move(scopes_.back());
  scopes_.pop_back();
  for (const Handle handle : made) {
    if (std::find(kept.begin(), kept.end(), handle) == kept.end() && table.has(handle)) table.free(handle);
  }
}

const Operator& Instance::findOperator(const std::string& name, const std::string& overload) {
  auto& slot = operators_[{name, overload}];
  if (!slot) slot = mpvg::findOperator(name, overload);
  return *slot;
}

Program& Instance::program(int64_t id) {
  const auto found = programs_.find(id);
  if (found == programs_.end()) throw std::out_of_range("program " + std::to_string(id) + " was disposed or never existed");
  return *found->second;
}

int64_t Instance::addProgram(std::unique_ptr<Program> program) {
  programs_.emplace(nextProgram_, std::move(program));
  return nextProgram_++;
}

void Instance::disposeProgram(int64_t id) {
  program(id);
  programs_.erase(id);
}

}  // namespace mpvg
