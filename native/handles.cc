#include "handles.h"

#include <stdexcept>
#include <string>

namespace mpvg {

namespace {
[[noreturn]] void unknownHandle(Handle handle) {
  throw std::out_of_range("tensor handle " + std::to_string(handle) + " was freed or does not belong to this thread");
}
}  // namespace

Handle TensorTable::put(at::Tensor tensor) {
  const Handle handle = next_++;
  tensors_.emplace(handle, std::move(tensor));
  return handle;
}

const at::Tensor& TensorTable::get(Handle handle) const {
  const auto found = tensors_.find(handle);
  if (found == tensors_.end()) unknownHandle(handle);
  return found->second;
}

void TensorTable::free(Handle handle) {
  if (tensors_.erase(handle) == 0) unknownHandle(handle);
}

}  // namespace mpvg
