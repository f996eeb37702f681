//===- CheckMemory.cpp - what a plan of the memory must hold ----*- C++ -*-===//

#include "compiler/lowering/CheckMemory.h"

#include <map>

using namespace mlir;
using namespace res;

namespace {

/// The arena: what lies where.
class Arena {
public:
  struct Range {
    int64_t begin, end;
  };

  /// What lies in a range, even in part.
  SmallVector<Value> find(Range range) const {
    SmallVector<Value> values;
    auto entry = tensors.lower_bound(range.begin);
    if (entry != tensors.begin() && std::prev(entry)->second.end > range.begin)
      --entry;
    for (; entry != tensors.end() && entry->first < range.end; ++entry)
      values.push_back(entry->second.value);
    return values;
  }

  /// Whatever lay there is gone.
  void write(Range range, Value value) {
    auto entry = tensors.lower_bound(range.begin);
    if (entry != tensors.begin() && std::prev(entry)->second.end > range.begin)
      --entry;
    while (entry != tensors.end() && entry->first < range.end)
      entry = tensors.erase(entry);
    tensors[range.begin] = {range.end, value};
  }

private:
  struct Tensor {
    int64_t end;
    Value value;
  };
  std::map<int64_t, Tensor> tensors; // by their offsets, never overlapping
};

} // namespace

/// Where a value lies in the arena, if it does.
static std::optional<Arena::Range> rangeOf(Value value) {
  auto call = value.getDefiningOp<CallOp>();
  if (!call)
    return std::nullopt;
  const int64_t offset = (*call.getOffsets())[cast<OpResult>(value).getResultNumber()];
  if (offset < 0)
    return std::nullopt;
  return Arena::Range{offset, offset + getStorageBytes(cast<RankedTensorType>(value.getType()))};
}

static LogicalResult checkCall(CallOp call, Arena &arena) {
  for (auto [index, input] : llvm::enumerate(call.getInputs()))
    if (std::optional<Arena::Range> range = rangeOf(input); range && arena.find(*range) != SmallVector<Value>{input})
      return call.emitOpError("expected input ") << index << " to lie in the arena as it was written, got it overwritten";
  Value overwritten = call.getInPlace() ? Value(call.getInputs()[*call.getInPlace()]) : Value();
  for (Value output : call.getOutputs()) {
    std::optional<Arena::Range> range = rangeOf(output);
    if (overwritten) {
      std::optional<Arena::Range> place = rangeOf(overwritten);
      if (!place || !range || place->begin != range->begin)
        return call.emitOpError("expected the result at the place of the input that it overwrites");
      if (llvm::count(call.getInputs(), overwritten) > 1)
        return call.emitOpError("expected the input that is overwritten to be one input alone");
    }
    if (!range)
      continue;
    for (Value other : arena.find(*range))
      if (other != overwritten && (llvm::is_contained(call.getInputs(), other) || llvm::is_contained(call.getOutputs(), other)))
        return call.emitOpError("expected results apart from inputs and from each other");
    arena.write(*range, output);
  }
  return success();
}

LogicalResult res::checkMemory(func::FuncOp main) {
  Arena arena;
  for (auto call : main.getOps<CallOp>())
    if (failed(checkCall(call, arena)))
      return failure();
  return success();
}
