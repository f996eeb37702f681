//===- MemoryPlan.h - offsets of tensors in one arena -----------*- C++ -*-===//
//
// A pure function from lifetimes to offsets. Tensors that live at the same step never overlap.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_MEMORYPLAN_H
#define RES_COMPILER_ANALYSIS_MEMORYPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace res {

/// A tensor that is written at step `first` and read for the last time at step `last` (inclusive, first <= last). Tensors of
/// which each overwrites the one before are one lifetime.
struct Lifetime {
  int64_t bytes;
  int64_t first;
  int64_t last;
};

struct MemoryPlan {
  llvm::SmallVector<int64_t> offsets; // in the order of the lifetimes, multiples of kArenaAlignment
  int64_t arenaBytes = 0;
  int64_t lowerBoundBytes = 0; // the most that is live at any step, whole cache lines
  bool optimal = false;        // no plan needs less: the bound is reached, or the search has come to its end
};

/// Tensors start at cache lines.
inline constexpr int64_t kArenaAlignment = 64;

/// Tensors, by index, that lie one behind the other without a gap, such as the inputs of a concatenation that are written
/// where it wants them. Each keeps a lifetime of its own: what is behind a part is free before that part is written. No
/// tensor is in two rows, and only the last of a row may have bytes that are no multiple of kArenaAlignment.
using AdjacentTensors = llvm::SmallVector<size_t>;

/// Placements that the exact search tries before it gives up, and the most tensors that it takes: a tenth of a second.
inline constexpr int64_t kPlanBudget = 50'000;
inline constexpr size_t kMostSearched = 256;

/// Packs the lifetimes into an arena: of several greedy orders (by size, by lifetime, by start) the smallest result, each
/// placing a tensor at the lowest offset, or in the tightest gap, that is free over its whole life. Where that is above the
/// lower bound and nothing has to be adjacent, all plans are searched, as far as `budget` placements lead; with rows other orders
/// are tried. Of greedy plans of one size the one whose offsets `cost` least, where that is given.
MemoryPlan planMemory(llvm::ArrayRef<Lifetime> lifetimes, llvm::ArrayRef<AdjacentTensors> rows = {},
                      int64_t budget = kPlanBudget, llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> cost = {});

/// The offsets of the smallest arena if it takes less than `limit` bytes; nullopt if none does or `budget` placements were
/// tried, which is then 0.
std::optional<llvm::SmallVector<int64_t>> searchMemoryPlan(llvm::ArrayRef<Lifetime> lifetimes, int64_t limit, int64_t &budget);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_MEMORYPLAN_H
