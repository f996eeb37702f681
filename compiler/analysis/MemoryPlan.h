//===- MemoryPlan.h - offsets of tensors in one arena -----------*- C++ -*-===//
//
// A pure function from lifetimes to offsets. Tensors that live at the same step never overlap.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_MEMORYPLAN_H
#define RES_COMPILER_ANALYSIS_MEMORYPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace res {

/// A tensor that is written at step `first` and read for the last time at step `last` (inclusive, first <= last).
struct Lifetime {
  int64_t bytes;
  int64_t first;
  int64_t last;
};

struct MemoryPlan {
  llvm::SmallVector<int64_t> offsets; // in the order of the lifetimes, multiples of kArenaAlignment
  int64_t arenaBytes = 0;
  int64_t lowerBoundBytes = 0; // the most that is live at any step, whole cache lines
};

/// Tensors start at cache lines.
inline constexpr int64_t kArenaAlignment = 64;

/// Packs the lifetimes into an arena: of several greedy orders (by size, by lifetime, by start) the smallest result,
/// each placing a tensor at the lowest offset, or the tightest gap, that is free over its whole life.
MemoryPlan planMemory(llvm::ArrayRef<Lifetime> lifetimes);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_MEMORYPLAN_H
