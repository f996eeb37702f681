//===- PlanMemory.cpp - places of tensors and weights -----------*- C++ -*-===//
//
// Computes lifetimes, asks the planner for offsets, and lays the weights out in network order.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MemoryPlan.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"
#include "dialect/ResViews.h"

#include "res/abi.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#include <map>
#include <set>

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
    SmallVector<func::FuncOp> programs = getPrograms(getOperation());
    if (programs.empty() || programs.front().getName() != "main") {
      getOperation().emitError("expected a function 'main'");
      return signalPassFailure();
    }
    for (func::FuncOp program : programs)
      if (failed(placeTensors(program)))
        return signalPassFailure();
    placeWeights(programs);
    if (failed(checkLimit()))
      signalPassFailure();
  }

  /// The workspace of one thread against what was asked for: every decision has been made to make it small.
  LogicalResult checkLimit() {
    auto limit = getOperation()->getAttrOfType<IntegerAttr>(kMemoryLimitAttr);
    if (!limit)
      return success();
    const int64_t bytes = getWorkspaceBytes(getOperation(), 1);
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
        const int64_t last = std::max(steps[call], lastReader(result, steps));
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
    FailureOr<SmallVector<AdjacentTensors>> rows = findRows(function, placeOf);
    if (failed(rows))
      return failure();
    SmallVector<Scratch> scratch;
    for (CallOp call : calls)
      scratch.push_back(getScratch(call));
    // Of arenas of one size, the one that leaves the most room for scratch.
    MemoryPlan plan = planMemory(lifetimes, *rows, kPlanBudget, [&](ArrayRef<int64_t> offsets) {
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

  /// The last step that reads a value or a view of it, or -1.
  static int64_t lastReader(Value value, const llvm::DenseMap<Operation *, int64_t> &steps) {
    int64_t last = -1;
    for (Operation *user : value.getUsers()) {
      auto step = steps.find(user);
      last = std::max(last, step != steps.end() ? step->second : isViewOp(user) ? lastReader(user->getResult(0), steps) : -1);
    }
    return last;
  }

  /// The tensors that concatenations without code want one behind the other, as places.
  static FailureOr<SmallVector<AdjacentTensors>> findRows(func::FuncOp function, const llvm::DenseMap<Value, size_t> &placeOf) {
    std::map<size_t, size_t> next;
    std::set<size_t> followers;
    for (auto concat : function.getOps<ConcatOp>()) {
      SmallVector<ViewPart> parts = getViewParts(concat);
      for (auto [part, behind] : llvm::zip(ArrayRef<ViewPart>(parts).drop_back(), ArrayRef<ViewPart>(parts).drop_front())) {
        auto place = placeOf.find(part.value), following = placeOf.find(behind.value);
        if (place == placeOf.end() || following == placeOf.end())
          return concat.emitOpError("expected to lie where tensors of the arena lie");
        auto [entry, isNew] = next.try_emplace(place->second, following->second);
        if (entry->second != following->second || (isNew && !followers.insert(following->second).second))
          return concat.emitOpError("expected inputs that no other concatenation wants beside something else");
      }
    }
    SmallVector<AdjacentTensors> rows;
    for (auto [first, second] : next) {
      if (followers.count(first))
        continue;
      AdjacentTensors &row = rows.emplace_back(AdjacentTensors{first});
      for (auto entry = next.find(first); entry != next.end(); entry = next.find(entry->second))
        row.push_back(entry->second);
    }
    return rows;
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
  /// What one program has placed, the other finds there.
  void placeWeights(ArrayRef<func::FuncOp> programs) {
    Builder builder(&getContext());
    int64_t offset = 0;
    llvm::DenseSet<Operation *> placed;
    std::map<std::vector<const void *>, IntegerAttr> places;
    for (func::FuncOp program : programs)
      for (auto call : program.getOps<CallOp>())
        for (Value input : call.getInputs()) {
          auto pack = input.getDefiningOp<PackOp>();
          if (!pack || !placed.insert(pack).second)
            continue;
          pack.removeOffsetAttr();
          auto [place, isNew] = places.try_emplace(getWeightKey(pack), builder.getI64IntegerAttr(offset));
          pack.setOffsetAttr(place->second);
          if (isNew)
            offset += llvm::alignTo(getStorageBytes(pack.getType()), kArenaAlignment);
        }
    for (func::FuncOp program : programs)
      program->setAttr(kWeightsBytesAttr, builder.getI64IntegerAttr(offset));
  }
};

} // namespace
