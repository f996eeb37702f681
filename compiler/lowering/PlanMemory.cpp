//===- PlanMemory.cpp - places of tensors and weights -----------*- C++ -*-===//
//
// Computes lifetimes, asks the planner for offsets, and lays the weights out in network order.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MemoryPlan.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#define DEBUG_TYPE "res-plan-memory"

namespace res {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct PlanMemoryPass : res::impl::PlanMemoryPassBase<PlanMemoryPass> {
  using Base::Base;
  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function) {
      getOperation().emitError("expected a function 'main'");
      return signalPassFailure();
    }
    if (failed(placeTensors(function)))
      return signalPassFailure();
    placeWeights(function);
    if (failed(checkLimit(function)))
      signalPassFailure();
  }

  /// The workspace of one thread against what was asked for: every decision has been made to make it small.
  LogicalResult checkLimit(func::FuncOp function) {
    auto limit = getOperation()->getAttrOfType<IntegerAttr>(kMemoryLimitAttr);
    if (!limit)
      return success();
    Scratch most;
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (auto scratch = kernel->getAttrOfType<DenseI64ArrayAttr>(kScratchAttr); scratch && scratch.size() == 2) {
        most = {std::max(most.shared, scratch[0]), std::max(most.worker, scratch[1])};
      }
    const int64_t arena = function->getAttrOfType<IntegerAttr>(kArenaBytesAttr).getInt();
    const int64_t bytes = computeWorkspace(arena, most, 1);
    if (bytes <= limit.getInt())
      return success();
    getOperation().emitError("expected a workspace of at most ") << limit.getInt() << " bytes (--memory-limit), the least that "
                             "was reached is " << bytes << " for one thread";
    return failure();
  }

  LogicalResult placeTensors(func::FuncOp function) {
    SmallVector<CallOp> calls(function.getOps<CallOp>());
    llvm::DenseMap<Operation *, int64_t> steps;
    for (auto [step, call] : llvm::enumerate(calls))
      steps[call] = step;

    SmallVector<Lifetime> lifetimes;
    llvm::DenseMap<Value, size_t> placeOf; // index into lifetimes: what is overwritten and the result share one
    for (CallOp call : calls)
      for (Value result : call.getOutputs()) {
        if (llvm::any_of(result.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); }))
          continue;
        int64_t last = steps[call];
        for (Operation *user : result.getUsers())
          last = std::max(last, steps[user]);
        if (std::optional<uint64_t> overwritten = call.getInPlace()) {
          auto shared = placeOf.find(call.getInputs()[*overwritten]);
          if (shared == placeOf.end() || lifetimes[shared->second].last != steps[call])
            return call.emitOpError("expected to overwrite a tensor of the arena that nothing reads later");
          lifetimes[shared->second].last = last;
          placeOf[result] = shared->second;
          continue;
        }
        placeOf[result] = lifetimes.size();
        lifetimes.push_back({getStorageBytes(cast<RankedTensorType>(result.getType())), steps[call], last});
      }
    MemoryPlan plan = planMemory(lifetimes);

    Builder builder(&getContext());
    for (CallOp call : calls) {
      SmallVector<int64_t> offsets;
      for (Value result : call.getOutputs()) {
        auto place = placeOf.find(result);
        offsets.push_back(place == placeOf.end() ? -1 : plan.offsets[place->second]);
      }
      call.setOffsetsAttr(builder.getDenseI64ArrayAttr(offsets));
    }
    function->setAttr(kArenaBytesAttr, builder.getI64IntegerAttr(plan.arenaBytes));
    function->setAttr(kArenaLowerBoundAttr, builder.getI64IntegerAttr(plan.lowerBoundBytes));
    return success();
  }

  /// In network order, so that the hardware streams and a prefetch of what comes next is a constant distance.
  void placeWeights(func::FuncOp function) {
    Builder builder(&getContext());
    int64_t offset = 0;
    for (auto call : function.getOps<CallOp>())
      for (Value input : call.getInputs()) {
        auto pack = input.getDefiningOp<PackOp>();
        if (!pack || (pack.getOffset() && placed.contains(pack)))
          continue;
        placed.insert(pack);
        pack.setOffsetAttr(builder.getI64IntegerAttr(offset));
        offset += llvm::alignTo(getStorageBytes(pack.getType()), kArenaAlignment);
      }
    function->setAttr(kWeightsBytesAttr, builder.getI64IntegerAttr(offset));
  }

  llvm::DenseSet<Operation *> placed;
};

} // namespace
