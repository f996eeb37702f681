//===- UniqueKernels.h - the kernels of a model, and what they might be *- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_UNIQUEKERNELS_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_UNIQUEKERNELS_H

#include "compiler/transforms/KernelSchedules.h"

#include <vector>

namespace res {

/// Kernels of a model that are equal, and so are compiled once.
struct UniqueKernel {
  std::string name;
  std::vector<size_t> steps;                 // its calls, by their number in the model
  llvm::SmallVector<Decision> candidates;    // the one that was decided comes first; of kernels in bands it is the only one
};

/// A candidate for each unique kernel.
using Choice = std::vector<size_t>;

/// The unique kernels of a module in phase `decided`; `planned` is what became of a clone of it.
llvm::Expected<std::vector<UniqueKernel>> findUniqueKernels(mlir::ModuleOp decided, mlir::ModuleOp planned,
                                                            const TargetModel &target);

/// Writes the chosen schedules into a module in phase `decided`.
void applyChoice(mlir::ModuleOp decided, llvm::ArrayRef<UniqueKernel> kernels, const Choice &choice,
                 const TargetModel &target);

} // namespace res

#endif // RES_COMPILER_TOOLS_RESC_COMPILER_TUNE_UNIQUEKERNELS_H
