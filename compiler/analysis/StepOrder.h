//===- StepOrder.h - the order of steps that needs least memory -*- C++ -*-===//
//
// A pure function from a graph of steps to an order of them. Steps that do not depend on each other, such as the branches of
// a block, run in the order with the smallest peak of live bytes.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_STEPORDER_H
#define RES_COMPILER_ANALYSIS_STEPORDER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace res {

/// A step writes a result that later steps read. Steps are numbered in an order that is possible.
struct Step {
  int64_t bytes;                        // of the result, 0 if it does not lie in the arena
  llvm::SmallVector<size_t> reads;      // the steps before it whose results it reads, each once
  llvm::SmallVector<size_t> overwrites; // those of them whose place the result takes if nothing reads them later
};

struct StepOrder {
  std::vector<size_t> order; // step numbers
  int64_t peakBytes = 0;     // the most that is live during a step: all it reads, its result, and what is read later
  bool optimal = true;       // no order has a smaller peak
};

/// Orders kept for each number of steps that are done. Up to here the search is exact, beyond it keeps the best.
inline constexpr size_t kMostStates = 1024;

/// The order with the smallest peak. Between steps that every other one depends on or leads to, each part is ordered for
/// itself, and keeps its order where another does not make the whole need less. Linear in the steps of a chain of blocks.
StepOrder orderSteps(llvm::ArrayRef<Step> steps, size_t mostStates = kMostStates);

/// The peak of an order.
int64_t peakOf(llvm::ArrayRef<Step> steps, llvm::ArrayRef<size_t> order);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_STEPORDER_H
