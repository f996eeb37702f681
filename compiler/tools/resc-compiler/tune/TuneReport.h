//===- TuneReport.h - what tuning chose, as text ----------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_TUNEREPORT_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_TUNEREPORT_H

#include "compiler/tools/resc-compiler/tune/UniqueKernels.h"

namespace res {

/// Times of a unique kernel in microseconds: the sum over its calls in one inference.
struct KernelTimes {
  double decided = 0; // with the schedule that was decided
  double chosen = 0;  // with the chosen one; the same number where that is the decided one
};

/// What becomes of a schedule: its kind, and the fields that change, such as "direct: rows 7 -> 14".
std::string describeChange(mlir::Attribute decided, mlir::Attribute chosen);

/// A line for each unique kernel, in the order of the network.
void printChoices(llvm::raw_ostream &stream, llvm::ArrayRef<UniqueKernel> kernels, const Choice &choice,
                  llvm::ArrayRef<KernelTimes> times);

} // namespace res

#endif // RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_TUNEREPORT_H
