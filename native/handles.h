// Tensors that JavaScript holds by number. A handle is never reused, so a stale or invented one is an error and not a
// crash: the table simply does not know it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/flat_hash_map.h>

#include <cstdint>

namespace mpvg {

using Handle = int64_t;

class TensorTable {
 public:
  Handle put(at::Tensor tensor);

  // Throws std::out_of_range naming the handle when it was freed or never existed.
  const at::Tensor& get(Handle handle) const;

  void free(Handle handle);
  bool has(Handle handle) const { return tensors_.find(handle) != tensors_.end(); }
  size_t size() const { return tensors_.size(); }

 private:
  ska::flat_hash_map<Handle, at::Tensor> tensors_;
  Handle next_ = 1;
};

}  // namespace mpvg
