//===- MemoryPlan.cpp - offsets of tensors in one arena ---------*- C++ -*-===//
//
// Dynamic storage allocation is NP-hard; greedy placement in a good order reaches the lower bound on nearly every
// residual network, and trying a handful of orders costs microseconds.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MemoryPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

#include <functional>

using namespace res;

namespace {
struct Placed {
  int64_t begin, end;
};
} // namespace

static bool overlap(const Lifetime &a, const Lifetime &b) { return a.first <= b.last && b.first <= a.last; }

/// The most bytes live at one step. Only starts need a look: what is live grows there alone.
static int64_t lowerBound(llvm::ArrayRef<Lifetime> lifetimes) {
  llvm::SmallVector<std::pair<int64_t, int64_t>> events; // (step, change): ends take effect before starts of a step
  for (const Lifetime &life : lifetimes) {
    int64_t bytes = llvm::alignTo(life.bytes, kArenaAlignment);
    events.push_back({life.first, bytes});
    events.push_back({life.last + 1, -bytes});
  }
  llvm::sort(events);
  int64_t live = 0, most = 0;
  for (auto [step, change] : events) {
    live += change;
    most = std::max(most, live);
  }
  return most;
}

/// Places the tensors in the given order. `bestFit` takes the tightest gap instead of the lowest.
static MemoryPlan place(llvm::ArrayRef<Lifetime> lifetimes, llvm::ArrayRef<size_t> order, bool bestFit) {
  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), 0);
  llvm::SmallVector<size_t> done;
  for (size_t index : order) {
    int64_t bytes = llvm::alignTo(lifetimes[index].bytes, kArenaAlignment);
    llvm::SmallVector<Placed> taken;
    for (size_t other : done)
      if (overlap(lifetimes[index], lifetimes[other]))
        taken.push_back({plan.offsets[other],
                         plan.offsets[other] + int64_t(llvm::alignTo(lifetimes[other].bytes, kArenaAlignment))});
    llvm::sort(taken, [](const Placed &a, const Placed &b) { return a.begin < b.begin; });
    int64_t cursor = 0, chosen = -1, slack = INT64_MAX;
    for (const Placed &block : taken) {
      int64_t gap = block.begin - cursor;
      if (gap >= bytes && (chosen < 0 || (bestFit && gap - bytes < slack))) {
        chosen = cursor;
        slack = gap - bytes;
      }
      cursor = std::max(cursor, block.end);
    }
    plan.offsets[index] = chosen >= 0 ? chosen : cursor;
    plan.arenaBytes = std::max(plan.arenaBytes, plan.offsets[index] + bytes);
    done.push_back(index);
  }
  return plan;
}

MemoryPlan res::planMemory(llvm::ArrayRef<Lifetime> lifetimes) {
  auto length = [&](size_t i) { return lifetimes[i].last - lifetimes[i].first; };
  using Less = std::function<bool(size_t, size_t)>;
  // Ties are broken by index (stable sort), so that a plan never depends on the standard library.
  const Less orders[] = {
      [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; },
      [&](size_t a, size_t b) { return lifetimes[a].bytes * (length(a) + 1) > lifetimes[b].bytes * (length(b) + 1); },
      [&](size_t a, size_t b) { return length(a) > length(b); },
      [&](size_t a, size_t b) { return lifetimes[a].first < lifetimes[b].first; },
  };
  MemoryPlan best;
  best.arenaBytes = INT64_MAX;
  int64_t bound = lowerBound(lifetimes);
  for (const Less &less : orders)
    for (bool bestFit : {false, true}) {
      auto order = llvm::to_vector(llvm::seq<size_t>(0, lifetimes.size()));
      llvm::stable_sort(order, less);
      MemoryPlan plan = place(lifetimes, order, bestFit);
      if (plan.arenaBytes < best.arenaBytes)
        best = std::move(plan);
      if (best.arenaBytes == bound)
        break;
    }
  best.lowerBoundBytes = bound;
  return best;
}
