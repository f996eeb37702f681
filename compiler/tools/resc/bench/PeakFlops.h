//===- PeakFlops.h - what the FMA units of this machine can do --*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_BENCH_PEAKFLOPS_H
#define RES_COMPILER_TOOLS_RESC_BENCH_PEAKFLOPS_H

#include "llvm/ADT/StringRef.h"

namespace res {

/// The widest fused multiply-add that code for a target may use on this processor: "AVX-512", "AVX2", or null where
/// resc knows none.
const char *peakInstructions(llvm::StringRef target);

/// Single-precision GFLOP/s (a multiply-add counts as two) of `threads` threads that do nothing but these multiply-adds
/// on registers, pinned to the first processors that this process may use. Takes about 30 ms. 0 without such
/// instructions.
double measurePeakGflops(llvm::StringRef target, unsigned threads);

} // namespace res

#endif
