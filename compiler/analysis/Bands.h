//===- Bands.h - rows of kernels that are computed in bands -----*- C++ -*-===//
//
// A kernel of several stages (a convolution, and what reads its result) computes bands of rows of its last stage, in steps;
// the other stages keep the rows of their results in scratch that a step reads, and compute those that are new in it (a
// sliding window). Pure functions of row numbers.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_BANDS_H
#define RES_COMPILER_ANALYSIS_BANDS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <string>

namespace res {

/// A stage as the rows of bands see it.
struct BandStage {
  int64_t height;       // rows of its result
  int64_t stride, span; // of its window, along rows: rows of input from one output to the next, and under one output
  int64_t tile = 1;     // rows are computed so many at a time, at multiples of it
  int64_t pad = 0;      // rows of its window above the first row of input
};

/// Rows of a stage's result: those that a step computes, and those that are in scratch at once.
struct BandRows {
  int64_t fresh, kept;
  /// Whether rows of one step are read again by the next, here or by a stage behind this one: then a band's first step
  /// computes more rows than the others.
  bool slides() const { return kept > fresh; }
};

/// For each stage, the rows of a step of `step` rows of the last one.
llvm::SmallVector<BandRows> rowsOfBands(llvm::ArrayRef<BandStage> stages, int64_t step);

/// Rows that bands of `rows` rows of the last stage compute beyond one pass over each stage, as a share of the rows of each:
/// what neighbouring bands both need.
llvm::SmallVector<double> recomputedShares(llvm::ArrayRef<BandStage> stages, int64_t rows);

/// Whether serial bands read each row of the first stage's input, which has as many rows as the last result, before they store
/// to that row of the last result: the result may then overwrite the input. A stage keeps the rows that the next band reads, so
/// a band's first new row of a stage follows those that the band before it needed.
bool readsAhead(llvm::ArrayRef<BandStage> stages);

/// (With `serial` bands a step is a whole band in all that is asked about rows but here.)
/// The first thing about bands that does not fit (they come from edited dumps, too), or "".
std::string checkBands(llvm::ArrayRef<BandStage> stages, int64_t rows, int64_t step, bool serial = false);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_BANDS_H
