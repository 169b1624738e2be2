// The addon's exports, by the file that defines them. Each is a thin reading of JavaScript arguments over the files beside it.
#pragma once

#include <functional>
#include <napi.h>

namespace mpvg {

using Export = Napi::Value (*)(const Napi::CallbackInfo&);
using AddExport = std::function<void(const char* name, Export function)>;

void addTensorExports(const AddExport& add);
void addProgramExports(const AddExport& add);

}  // namespace mpvg
