#include "program.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <sstream>
#include <stdexcept>

#include "dispatch.h"
#include "instance.h"

namespace mpvg {

namespace {

at::Tensor metaLike(const at::Tensor& tensor) {
  const c10::InferenceMode inference;
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta));
}

void pushArgument(torch::jit::Stack& stack, const ProgramArg& arg, const std::vector<at::Tensor>& slots) {
  switch (arg.kind) {
    case ProgramArg::Constant: stack.push_back(arg.constant); return;
    case ProgramArg::Slot: stack.emplace_back(slots[arg.slots[0]]); return;
    case ProgramArg::SlotList: {
      c10::List<at::Tensor> list;
      list.reserve(arg.slots.size());
      for (const int slot : arg.slots) list.push_back(slots[slot]);
      stack.emplace_back(std::move(list));
      return;
    }
    case ProgramArg::OptionalSlotList: {
      c10::List<std::optional<at::Tensor>> list;
      for (const int slot : arg.slots) list.push_back(slot < 0 ? std::optional<at::Tensor>() : slots[slot]);
      stack.emplace_back(std::move(list));
      return;
    }
  }
}

template <typename Visit>
void forEachSlot(const Instruction& instruction, Visit visit) {
  for (const ProgramArg& arg : instruction.args) {
    for (const int slot : arg.slots) {
      if (slot >= 0) visit(slot);
    }
  }
}

}  // namespace

// ---- running

Program::Busy::Busy(Program& program) : program_(program) {
  if (program_.busy_.exchange(true)) throw std::logic_error("the program is running: wait for its promise first");
}

Program::Busy::~Busy() { program_.busy_ = false; }

std::vector<at::Tensor> Program::run(const std::vector<at::Tensor>& inputs) {
  if (inputs.size() != inputShapes_.size()) {
    throw std::invalid_argument("program: expected " + std::to_string(inputShapes_.size()) + " inputs, got " +
                                std::to_string(inputs.size()));
  }
  const c10::InferenceMode inference;
  for (size_t i = 0; i < inputs.size(); i++) {
    if (inputs[i].sizes() != inputShapes_[i].sizes() || inputs[i].scalar_type() != inputShapes_[i].scalar_type()) {
      std::ostringstream message;
      message << "program: expected " << scalarTypeName(inputShapes_[i].scalar_type()) << inputShapes_[i].sizes()
              << " for input " << i << ", got " << scalarTypeName(inputs[i].scalar_type()) << inputs[i].sizes();
      throw std::invalid_argument(message.str());
    }
    slots_[i] = inputs[i];
  }
  torch::jit::Stack stack;
  for (const Instruction& instruction : instructions_) {
    stack.clear();
    for (const ProgramArg& arg : instruction.args) pushArgument(stack, arg, slots_);
    try {
      instruction.op->handle.callBoxed(stack);
    } catch (const std::exception& error) {
      const auto* native = dynamic_cast<const c10::Error*>(&error);
      const std::string reason = native != nullptr ? native->what_without_backtrace() : error.what();
      stack.clear();
      for (const ProgramArg& arg : instruction.args) pushArgument(stack, arg, slots_);
      const std::string message = describeFailure(*instruction.op, stack, reason);
      clearTemporaries();
      throw std::runtime_error(message);
    }
    size_t out = 0;
    const auto store = [&](at::Tensor tensor) {
      const int slot = instruction.outs[out++];
      if (slot >= 0) slots_[slot] = std::move(tensor);
    };
    for (c10::IValue& value : stack) {
      if (value.isTensor()) {
        store(std::move(value).toTensor());
      } else if (value.isTensorList()) {
        for (const at::Tensor& tensor : value.toTensorVector()) store(tensor);
      }
    }
    stack.clear();
    for (const int slot : instruction.frees) slots_[slot] = at::Tensor();
  }
  std::vector<at::Tensor> results;
  results.reserve(outputs_.size());
  for (const int slot : outputs_) results.push_back(slots_[slot]);
  clearTemporaries();
  return results;
}

void Program::clearTemporaries() {
  for (size_t slot = 0; slot < slots_.size(); slot++) {
    if (temporary_[slot]) slots_[slot] = at::Tensor();
  }
}

std::string Program::listing() const {
  std::ostringstream out;
  for (const Instruction& instruction : instructions_) {
    for (size_t i = 0; i < instruction.outs.size(); i++) out << (i > 0 ? ", " : "") << "%" << instruction.outs[i];
    out << " = " << instruction.op->name << "(";
    for (size_t i = 0; i < instruction.args.size(); i++) {
      const ProgramArg& arg = instruction.args[i];
      if (i > 0) out << ", ";
      if (arg.kind == ProgramArg::Constant) {
        out << arg.constant;
        continue;
      }
      const bool list = arg.kind != ProgramArg::Slot;
      if (list) out << "[";
      for (size_t k = 0; k < arg.slots.size(); k++) out << (k > 0 ? ", " : "") << "%" << arg.slots[k];
      if (list) out << "]";
    }
    out << ")";
    if (!instruction.frees.empty()) {
      out << "  free";
      for (const int slot : instruction.frees) out << " %" << slot;
    }
    out << "\n";
  }
  return out.str();
}

// ---- recording

Recorder::Recorder(Instance& instance, const std::vector<Handle>& inputs) : instance_(instance) {
  for (const Handle handle : inputs) {
    const at::Tensor& given = instance.table.get(handle);
    const at::Tensor meta = given.is_meta() ? given : metaLike(given);
    shadows_[handle] = meta;
    slots_[handle] = newSlot(at::Tensor(), /*temporary=*/true);
    program_->inputShapes_.push_back(meta);
    inputBytes_ += static_cast<int64_t>(meta.storage().nbytes());
    storageBytes_[storageOf(meta)] = 0;  // there as long as the caller keeps it
  }
}

int Recorder::storageOf(const at::Tensor& tensor) {
  const c10::Storage& storage = tensor.storage();
  const auto [found, isNew] = storageNumbers_.emplace(storage.unsafeGetStorageImpl(), static_cast<int>(storages_.size()));
  if (isNew) {
    storages_.push_back(storage);
    storageBytes_.push_back(static_cast<int64_t>(storage.nbytes()));
  }
  return found->second;
}

at::Tensor Recorder::resolve(Handle handle) {
  const at::Tensor& tensor = instance_.table.get(handle);
  if (tensor.is_meta()) {
    if (slots_.find(handle) == slots_.end()) {
      throw std::invalid_argument("tensor handle " + std::to_string(handle) + " belongs to another trace");
    }
    return tensor;
  }
  auto found = shadows_.find(handle);
  if (found == shadows_.end()) {
    found = shadows_.emplace(handle, metaLike(tensor)).first;
    storageBytes_[storageOf(found->second)] = 0;  // outside of the step
  }
  return found->second;
}

int Recorder::newSlot(at::Tensor tensor, bool temporary) {
  program_->slots_.push_back(std::move(tensor));
  program_->temporary_.push_back(temporary);
  return static_cast<int>(program_->slots_.size()) - 1;
}

int Recorder::slotOf(Handle handle) {
  const auto found = slots_.find(handle);
  if (found != slots_.end()) return found->second;
  // A tensor from outside the step: a parameter, an optimizer's state, a constant. The program holds on to it.
  const int slot = newSlot(instance_.table.get(handle), /*temporary=*/false);
  slots_[handle] = slot;
  return slot;
}

void Recorder::begin(const Operator& op, torch::jit::Stack& stack, const std::vector<std::vector<Handle>>& handles) {
  current_ = Instruction{&op, {}, {}, {}, {}};
  for (size_t i = 0; i < stack.size(); i++) {
    ProgramArg arg;
    if (handles[i].empty() && !stack[i].isTensorList()) {
      arg.constant = stack[i];
    } else {
      arg.kind = stack[i].isTensor() ? ProgramArg::Slot
                                     : (stack[i].isTensorList() ? ProgramArg::SlotList : ProgramArg::OptionalSlotList);
      for (const Handle handle : handles[i]) arg.slots.push_back(handle == 0 ? -1 : slotOf(handle));
    }
    current_.args.push_back(std::move(arg));
  }
  if (op.deviceArg >= 0) stack[op.deviceArg] = c10::IValue(c10::Device(at::kMeta));
}

void Recorder::finish(const std::vector<Handle>& results) {
  for (const Handle handle : results) {
    if (handle == 0) {
      current_.outs.push_back(-1);
      current_.storages.push_back(-1);
      continue;
    }
    if (!instance_.table.get(handle).is_meta()) {
      throw std::runtime_error(current_.op->name + ": cannot be part of a compiled step, it made a tensor with values");
    }
    slots_[handle] = newSlot(at::Tensor(), /*temporary=*/true);
    current_.outs.push_back(slots_[handle]);
    current_.storages.push_back(storageOf(instance_.table.get(handle)));
  }
  program_->instructions_.push_back(std::move(current_));
}

std::unique_ptr<Program> Recorder::end(const std::vector<Handle>& outputs) {
  for (const Handle handle : outputs) {
    instance_.table.get(handle);  // an unknown handle is an error here, not at the first run
    program_->outputs_.push_back(slotOf(handle));
  }
  removeDeadCode();
  placeFrees();
  program_->peakBytes_ = peakBytes();
  return std::move(program_);
}

// Plays the program through: what each instruction makes is there until the last slot that shares its storage is freed.
int64_t Recorder::peakBytes() const {
  std::vector<int> users(storages_.size(), 0), storageOfSlot(program_->slots_.size(), -1);
  int64_t live = 0, peak = 0;
  const auto release = [&](int storage) {
    if (storage >= 0 && --users[storage] == 0) live -= storageBytes_[storage];
  };
  for (const Instruction& instruction : program_->instructions_) {
    for (size_t i = 0; i < instruction.outs.size(); i++) {
      const int storage = instruction.storages[i];
      if (storage < 0) continue;
      if (users[storage]++ == 0) live += storageBytes_[storage];
      if (instruction.outs[i] >= 0) storageOfSlot[instruction.outs[i]] = storage;
    }
    peak = std::max(peak, live);
    for (size_t i = 0; i < instruction.outs.size(); i++) {
      if (instruction.outs[i] < 0) release(instruction.storages[i]);
    }
    for (const int slot : instruction.frees) release(storageOfSlot[slot]);
  }
  return inputBytes_ + peak;
}

void Recorder::removeDeadCode() {
  std::vector<bool> live(program_->slots_.size(), false);
  for (const int slot : program_->outputs_) live[slot] = true;
  std::vector<Instruction> kept;
  auto& instructions = program_->instructions_;
  for (auto instruction = instructions.rbegin(); instruction != instructions.rend(); ++instruction) {
    bool needed = instruction->op->mutates || instruction->op->random;
    for (int& slot : instruction->outs) {
      if (slot < 0) continue;
      if (live[slot]) {
        needed = true;
      } else {
        slot = -1;
      }
    }
    if (!needed) continue;
    forEachSlot(*instruction, [&](int slot) { live[slot] = true; });
    kept.push_back(std::move(*instruction));
  }
  instructions.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

void Recorder::placeFrees() {
  auto& instructions = program_->instructions_;
  std::vector<int> last(program_->slots_.size(), -1);
  for (size_t i = 0; i < instructions.size(); i++) {
    forEachSlot(instructions[i], [&](int slot) { last[slot] = static_cast<int>(i); });
    for (const int slot : instructions[i].outs) {
      if (slot >= 0) last[slot] = static_cast<int>(i);
    }
  }
  for (const int slot : program_->outputs_) last[slot] = -1;
  for (size_t slot = 0; slot < last.size(); slot++) {
    if (program_->temporary_[slot] && last[slot] >= 0) instructions[last[slot]].frees.push_back(static_cast<int>(slot));
  }
}

}  // namespace mpvg
