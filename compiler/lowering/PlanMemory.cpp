//===- PlanMemory.cpp - places of tensors and weights -----------*- C++ -*-===//
//
// Computes lifetimes, asks the planner for offsets, and lays the weights out in network order.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MemoryPlan.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"

#include "res/abi.h"

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
    const int64_t bytes = getWorkspaceBytes(function, 1);
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
    SmallVector<Scratch> scratch;
    for (CallOp call : calls)
      scratch.push_back(getScratch(call));
    // Of arenas of one size, the one that leaves the most room for scratch, of two threads.
    constexpr int64_t kThreads = 2;
    MemoryPlan plan = planMemory(lifetimes, {}, kPlanBudget, [&](ArrayRef<int64_t> offsets) {
      int64_t most = 0;
      for (auto [top, need] : llvm::zip(topsOf(calls.size(), lifetimes, offsets), scratch))
        most = std::max(most, top + need.shared + kThreads * need.worker);
      return most;
    });

    Builder builder(&getContext());
    for (CallOp call : calls) {
      SmallVector<int64_t> offsets;
      for (Value result : call.getOutputs()) {
        auto place = placeOf.find(result);
        offsets.push_back(place == placeOf.end() ? -1 : plan.offsets[place->second]);
      }
      call.setOffsetsAttr(builder.getDenseI64ArrayAttr(offsets));
    }
    placeScratch(calls, topsOf(calls.size(), lifetimes, plan.offsets));
    function->setAttr(kArenaBytesAttr, builder.getI64IntegerAttr(plan.arenaBytes));
    function->setAttr(kArenaLowerBoundAttr, builder.getI64IntegerAttr(plan.lowerBoundBytes));
    return success();
  }

  /// The end of what is live in each step. Above it everything is free: there goes the step's scratch, however many threads
  /// share it.
  static SmallVector<int64_t> topsOf(size_t steps, ArrayRef<Lifetime> lifetimes, ArrayRef<int64_t> offsets) {
    SmallVector<int64_t> tops(steps, 0);
    for (auto [life, offset] : llvm::zip(lifetimes, offsets))
      for (int64_t step = life.first; step <= life.last; ++step)
        tops[step] = std::max<int64_t>(tops[step], llvm::alignTo(offset + life.bytes, RES_ABI_ALIGN));
    return tops;
  }

  static void placeScratch(ArrayRef<CallOp> calls, ArrayRef<int64_t> tops) {
    for (auto [step, top] : llvm::enumerate(tops)) {
      CallOp call = calls[step];
      const Scratch scratch = getScratch(call);
      if (scratch.shared || scratch.worker)
        call->setAttr(kScratchOffsetAttr, Builder(call.getContext()).getI64IntegerAttr(top));
    }
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
