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
    // Of arenas of one size, the one that leaves the most room for scratch.
    MemoryPlan plan = planMemory(lifetimes, {}, kPlanBudget, [&](ArrayRef<int64_t> offsets) {
      uint64_t most = 0;
      for (auto [live, need] : llvm::zip(rangesOf(calls.size(), lifetimes, offsets), scratch)) {
        const res_abi_scratch place = placeScratch(live, need);
        most = std::max(most, res_abi_step_bytes(&place, kThreads));
      }
      return int64_t(most);
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
    for (auto [step, live] : llvm::enumerate(rangesOf(calls.size(), lifetimes, plan.offsets)))
      if (scratch[step].shared || scratch[step].worker) {
        const res_abi_scratch place = placeScratch(live, scratch[step]);
        calls[step]->setAttr(kScratchPlaceAttr,
                             builder.getDenseI64ArrayAttr({int64_t(place.offset), int64_t(place.fits), int64_t(place.above)}));
      }
    function->setAttr(kArenaBytesAttr, builder.getI64IntegerAttr(plan.arenaBytes));
    function->setAttr(kArenaLowerBoundAttr, builder.getI64IntegerAttr(plan.lowerBoundBytes));
    return success();
  }

  /// A range of the arena.
  struct Range {
    int64_t begin, end;
  };

  /// What is live in each step, from the lowest address up.
  static std::vector<SmallVector<Range>> rangesOf(size_t steps, ArrayRef<Lifetime> lifetimes, ArrayRef<int64_t> offsets) {
    std::vector<SmallVector<Range>> ranges(steps);
    for (auto [life, offset] : llvm::zip(lifetimes, offsets))
      for (int64_t step = life.first; step <= life.last; ++step)
        ranges[step].push_back({offset, offset + life.bytes});
    for (SmallVector<Range> &live : ranges)
      llvm::sort(live, [](const Range &a, const Range &b) { return a.begin < b.begin; });
    return ranges;
  }

  /// Two threads use the lowest gap between tensors that is large enough for their scratch, more what is above all.
  static constexpr int64_t kThreads = 2;
  static res_abi_scratch placeScratch(ArrayRef<Range> live, const Scratch &scratch) {
    const int64_t shared = res_abi_align(scratch.shared), worker = res_abi_align(scratch.worker);
    int64_t end = 0;
    res_abi_scratch place{0, 0, 0, uint64_t(scratch.shared), uint64_t(scratch.worker)};
    for (const Range &range : live) {
      const int64_t room = range.begin - end - shared;
      if (!place.fits && room >= kThreads * worker)
        place.offset = end, place.fits = worker ? room / worker : RES_ABI_MAX_THREADS;
      end = std::max<int64_t>(end, llvm::alignTo(range.end, RES_ABI_ALIGN));
    }
    place.above = end;
    return place;
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
