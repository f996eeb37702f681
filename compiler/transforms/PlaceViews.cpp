//===- PlaceViews.cpp - concatenations and reshapes without code *- C++ -*-===//
//
// Decides which kernels are views. Inputs of a concatenation that is one lie one behind the other in memory, so each tensor
// may have one neighbour on either side; where two concatenations want different ones, the later one reads a copy.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"
#include "dialect/ResViews.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

#define DEBUG_TYPE "res-place-views"

namespace res {
#define GEN_PASS_DEF_PLACEVIEWSPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

// As all schedules have it (kBlock of the cost model).
static constexpr int64_t kBlock = 16;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

namespace {

/// Who is whose neighbour in memory.
class Rows {
public:
  /// Whether `next` may follow `tensor`.
  bool mayFollow(Value tensor, Value next) const {
    if (Value known = nextOf.lookup(tensor))
      return known == next;
    if (previousOf.lookup(next))
      return false;
    for (Value before = tensor; before; before = previousOf.lookup(before))
      if (before == next)
        return false; // it would be a ring
    return true;
  }
  bool isFirst(Value tensor) const { return !previousOf.lookup(tensor); }
  bool isLast(Value tensor) const { return !nextOf.lookup(tensor); }
  void join(Value tensor, Value next) { nextOf[tensor] = next, previousOf[next] = tensor; }

private:
  llvm::DenseMap<Value, Value> nextOf, previousOf;
};

struct PlaceViewsPass : res::impl::PlaceViewsPassBase<PlaceViewsPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      rows = Rows();
      for (KernelOp kernel : llvm::to_vector(function.getOps<KernelOp>()))
        if (mayBeView(kernel) && (!isa<ConcatOp>(kernel.getAnchor()) || placeInputs(kernel))) {
          kernel->setAttr(kViewAttr, UnitAttr::get(&getContext()));
          ++numViews;
        }
    }
  }

  static bool isReturned(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
  }

  /// With the layout that it will have: results of kernels are blocked maps, but those that leave the model.
  static RankedTensorType typeInMemory(Value value) {
    RankedTensorType type = typeOf(value);
    if (type.getRank() != 4 || type.getEncoding() || !value.getDefiningOp<KernelOp>() || isReturned(value))
      return type;
    return RankedTensorType::get(type.getShape(), type.getElementType(), BlockedAttr::get(type.getContext(), kBlock));
  }

  static bool mayBeView(KernelOp kernel) {
    if (!llvm::hasSingleElement(kernel.getBody().front().without_terminator()) || kernel.getNumResults() != 1 ||
        isReturned(kernel.getResult(0)) || isView(kernel))
      return false;
    Operation *op = kernel.getAnchor();
    SmallVector<RankedTensorType> from;
    for (Value operand : op->getOperands()) {
      auto argument = dyn_cast<BlockArgument>(operand);
      if (!argument)
        return false;
      Value outer = kernel.getInputs()[argument.getArgNumber()];
      if (!isActivation(outer) || isReturned(outer))
        return false;
      // A concatenation of inputs of the model reads copies, which are as all results of kernels.
      const bool isInput = isa<BlockArgument>(outer);
      from.push_back(isInput && isa<ConcatOp>(op) ? typeInMemory(kernel.getResult(0)).clone(typeOf(outer).getShape())
                                                  : typeInMemory(outer));
    }
    return getViewOffsets(op, from, typeInMemory(kernel.getResult(0))).has_value();
  }

  /// The tensors that lie one behind the other in a value, or none where it cannot be placed: it is part of a larger one, or
  /// no result of a kernel.
  static SmallVector<Value> tensorsOf(Value value) {
    auto producer = value.getDefiningOp<KernelOp>();
    if (!producer || isReturned(value))
      return {};
    if (!isView(producer))
      return {value};
    if (isa<SliceOp>(producer.getAnchor()))
      return {};
    SmallVector<Value> tensors;
    for (Value operand : producer.getAnchor()->getOperands()) {
      SmallVector<Value> more = tensorsOf(producer.getInputs()[cast<BlockArgument>(operand).getArgNumber()]);
      if (more.empty())
        return {};
      llvm::append_range(tensors, more);
    }
    return tensors;
  }

  /// Puts the inputs of a concatenation one behind the other, copies of those that lie elsewhere. False where it would be
  /// copies alone.
  bool placeInputs(KernelOp kernel) {
    SmallVector<Value> inputs;
    for (Value operand : kernel.getAnchor()->getOperands())
      inputs.push_back(kernel.getInputs()[cast<BlockArgument>(operand).getArgNumber()]);
    SmallVector<SmallVector<Value>> tensors;
    SmallVector<bool> isCopied;
    for (Value input : inputs) {
      tensors.push_back(tensorsOf(input));
      isCopied.push_back(tensors.back().empty());
    }
    while (std::optional<size_t> misfit = findMisfit(tensors, isCopied))
      isCopied[*misfit] = true;
    if (llvm::all_of(isCopied, [](bool copied) { return copied; }))
      return false;
    copyInputs(kernel, inputs, tensors, isCopied);
    SmallVector<Value> row;
    for (ArrayRef<Value> part : tensors)
      llvm::append_range(row, part);
    for (auto [tensor, next] : llvm::zip(ArrayRef<Value>(row).drop_back(), ArrayRef<Value>(row).drop_front()))
      rows.join(tensor, next);
    return true;
  }

  /// The first input that has to be a copy, next to those that are one already.
  std::optional<size_t> findMisfit(ArrayRef<SmallVector<Value>> tensors, ArrayRef<bool> isCopied) const {
    llvm::SmallDenseSet<Value> seen;
    Rows trial = rows; // in which copies take no room
    Value last;        // tensor in the row, of the input `lastInput`
    size_t lastInput = 0;
    for (size_t input = 0; input < tensors.size(); ++input) {
      if (isCopied[input]) {
        if (last && !trial.isLast(last))
          return lastInput;
        continue;
      }
      for (Value tensor : tensors[input])
        if (!seen.insert(tensor).second)
          return input;
      const Value first = tensors[input].front();
      const bool afterCopy = input > 0 && isCopied[input - 1];
      if (afterCopy && !trial.isFirst(first))
        return input;
      if (last && !trial.mayFollow(last, first))
        return trial.isLast(last) ? input : lastInput;
      if (last)
        trial.join(last, first);
      last = tensors[input].back(), lastInput = input;
    }
    return std::nullopt;
  }

  /// One value may be several inputs of the concatenation, of which some become copies.
  void copyInputs(KernelOp kernel, SmallVector<Value> &inputs, SmallVector<SmallVector<Value>> &tensors, ArrayRef<bool> isCopied) {
    if (llvm::none_of(isCopied, [](bool copied) { return copied; }))
      return;
    OpBuilder builder(kernel);
    Operation *op = kernel.getAnchor();
    for (auto [index, input] : llvm::enumerate(inputs)) {
      if (!isCopied[index])
        continue;
      KernelOp copy = createRelayoutKernel(builder, kernel.getLoc(), input, typeOf(input));
      tensors[index] = {copy.getResult(0)};
      kernel->insertOperands(kernel->getNumOperands(), copy.getResult(0));
      op->setOperand(index, kernel.getBody().addArgument(copy.getResult(0).getType(), kernel.getLoc()));
      ++numCopied;
    }
    for (unsigned index = kernel.getBody().getNumArguments(); index-- > 0;)
      if (kernel.getBody().getArgument(index).use_empty()) {
        kernel.getBody().eraseArgument(index);
        kernel->eraseOperand(index);
      }
  }

  Rows rows;
};

} // namespace
