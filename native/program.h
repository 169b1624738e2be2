// Step programs. A training step whose shapes do not change is traced once, on ATen's meta device (shapes without memory or
// arithmetic), into a list of operator calls over numbered slots, and then run natively with no JavaScript in between. Each
// value is freed right after its last use, so the first step already has the program's peak memory.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>
#include <c10/util/flat_hash_map.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "handles.h"

namespace mpvg {

struct Operator;
class Instance;

struct ProgramArg {
  enum Kind : uint8_t { Constant, Slot, SlotList, OptionalSlotList } kind = Constant;
  c10::IValue constant;
  std::vector<int> slots;  // one for Slot; -1 where an optional list has none
};

struct Instruction {
  const Operator* op;
  std::vector<ProgramArg> args;
  std::vector<int> outs;   // slot of each tensor it returns, -1 for one that nothing reads
  std::vector<int> frees;  // slots whose last use this is
  std::vector<int> storages;  // of each tensor it returns, also of one that nothing reads; views share one
};

class Program {
 public:
  // Held while the program runs: its slots belong to one run at a time. Throws std::logic_error while another is held.
  class Busy {
   public:
    explicit Busy(Program& program);
    ~Busy();
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Program& program_;
  };

  // Runs every instruction. `inputs` replace the tensors that the trace was given, in order, with the same shapes and dtypes.
  // Throws with the failing operator's name and shapes; the program can be run again afterwards.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs);

  size_t operatorCount() const { return instructions_.size(); }

  // The most bytes that a run's tensors take at a time: inputs and what its operators return. Parameters and whatever else was
  // there before is not counted, nor what operators need while they work.
  int64_t peakBytes() const { return peakBytes_; }

  // One line per instruction, for `mpvg bench engine --program` and for tests.
  std::string listing() const;

 private:
  friend class Recorder;

  void clearTemporaries();

  std::atomic<bool> busy_ = false;
  std::vector<Instruction> instructions_;
  std::vector<at::Tensor> slots_;
  std::vector<bool> temporary_;          // made by an instruction, or an input: holds nothing between runs
  std::vector<at::Tensor> inputShapes_;  // meta tensors to check inputs against
  std::vector<int> outputs_;
  int64_t peakBytes_ = 0;
};

// Listens to operator calls while a step is traced. Every argument is replaced by a meta tensor before the operator runs.
class Recorder {
 public:
  Recorder(Instance& instance, const std::vector<Handle>& inputs);

  // The meta tensor that stands for a handle.
  at::Tensor resolve(Handle handle);

  void begin(const Operator& op, torch::jit::Stack& stack, const std::vector<std::vector<Handle>>& handles);
  void finish(const std::vector<Handle>& results);

  std::unique_ptr<Program> end(const std::vector<Handle>& outputs);

 private:
  int slotOf(Handle handle);
  int newSlot(at::Tensor tensor, bool temporary);
  void removeDeadCode();
  void placeFrees();
  int storageOf(const at::Tensor& tensor);
  int64_t peakBytes() const;

  Instance& instance_;
  std::unique_ptr<Program> program_ = std::make_unique<Program>();
  Instruction current_{};
  ska::flat_hash_map<Handle, int> slots_;
  ska::flat_hash_map<Handle, at::Tensor> shadows_;
  // Of meta tensors that the step makes or is given: each once, however many views there are. Held, so that none gets another's
  // address; 0 bytes for what exists outside of the step.
  std::vector<c10::Storage> storages_;
  std::vector<int64_t> storageBytes_;
  ska::flat_hash_map<const c10::StorageImpl*, int> storageNumbers_;
  int64_t inputBytes_ = 0;
};

}  // namespace mpvg
