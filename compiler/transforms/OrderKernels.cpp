//===- OrderKernels.cpp - independent kernels in a good order ---*- C++ -*-===//
//
// Puts kernels that do not depend on each other into the order in which the fewest bytes are live. Depends on shapes alone,
// so that the order is the same for all schedules.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/ScheduleChoice.h"
#include "compiler/analysis/StepOrder.h"
#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"
#include "dialect/ResViews.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

#define DEBUG_TYPE "res-order-kernels"

namespace res {
#define GEN_PASS_DEF_ORDERKERNELSPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct OrderKernelsPass : res::impl::OrderKernelsPassBase<OrderKernelsPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (isOnlyKernels(function))
        order(function);
  }

  /// Whether everything that reads a kernel's result is a kernel, or returns it.
  static bool isOnlyKernels(func::FuncOp function) {
    return llvm::hasSingleElement(function.getBody()) && llvm::all_of(function.getOps<KernelOp>(), [](KernelOp kernel) {
             return llvm::all_of(kernel->getUsers(), [](Operation *user) { return isa<KernelOp, func::ReturnOp>(user); });
           });
  }

  void order(func::FuncOp function) {
    SmallVector<KernelOp> kernels, views;
    for (auto kernel : function.getOps<KernelOp>())
      (isView(kernel) ? views : kernels).push_back(kernel);
    llvm::DenseMap<Operation *, size_t> steps;
    for (auto [step, kernel] : llvm::enumerate(kernels))
      steps[kernel] = step;
    std::vector<Step> graph;
    for (KernelOp kernel : kernels)
      graph.push_back(makeStep(kernel, steps));
    std::vector<size_t> order = orderSteps(graph).order;
    // What comes before the first that moves stays where it is. Weights depend on no kernel.
    size_t step = 0;
    while (step < order.size() && order[step] == step)
      ++step;
    for (Operation *end = function.getBody().front().getTerminator(); step < order.size(); ++step) {
      kernels[order[step]]->moveBefore(end);
      numMoved += order[step] != step;
    }
    // Views are no steps: each follows the last of its operands.
    for (KernelOp view : views) {
      Operation *last = nullptr;
      for (Value input : view.getInputs())
        if (Operation *producer = input.getDefiningOp(); producer && (!last || last->isBeforeInBlock(producer)))
          last = producer;
      if (last)
        view->moveAfter(last);
    }
  }

  static bool isReturned(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
  }

  /// Bytes in the arena: maps will lie in blocks of channels.
  static int64_t bytesOf(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (isReturned(value))
      return 0;
    if (type.getRank() != 4 || type.getEncoding())
      return getStorageBytes(type);
    return getStorageBytes(type) / type.getDimSize(1) * int64_t(llvm::alignTo(type.getDimSize(1), kBlock));
  }

  static Step makeStep(KernelOp kernel, const llvm::DenseMap<Operation *, size_t> &steps) {
    Step step{0, {}, {}};
    for (Value result : kernel.getOutputs())
      step.bytes += bytesOf(result);
    for (OpOperand &operand : kernel->getOpOperands())
      for (KernelOp producer : getProducers(operand.get())) {
        const size_t writer = steps.lookup(producer);
        // What is read twice is read for something else, too.
        const bool again = llvm::is_contained(step.reads, writer);
        if (again)
          llvm::erase(step.overwrites, writer);
        else
          step.reads.push_back(writer);
        if (!again && isa<ConvOp>(kernel.getAnchor()) && !isReturned(operand.get()) && !isOfView(operand.get()) &&
            canOverwrite(kernel.getBody().getArgument(operand.getOperandNumber())))
          step.overwrites.push_back(writer);
      }
    return step;
  }
};

} // namespace
