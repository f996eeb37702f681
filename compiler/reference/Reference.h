//===- Reference.h - double-precision evaluator -----------------*- C++ -*-===//
//
// Interprets a module in double precision: what every res operation means. Shares no code with code generation.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_REFERENCE_REFERENCE_H
#define RES_COMPILER_REFERENCE_REFERENCE_H

#include "compiler/weights/WeightEvaluator.h"
#include "dialect/Res.h"

#include <functional>
#include <vector>

namespace res {

struct ReferenceOptions {
  unsigned threads = 0; // 0: one for each core

  /// Called with each result, row-major in the logical shape, of each operation on activations: in the order of the
  /// program, on the caller's thread. The operations inside a kernel or an outlined function come before the res.kernel
  /// or res.call itself. An operation with several results is reported once for each, in their order; where a batch goes
  /// through in turns, all of them once for each turn.
  std::function<void(mlir::Operation *op, llvm::ArrayRef<double> result)> observe;
};

/// Runs @main of a verified module in any phase from `imported` to `planned`. Inputs and results are row-major in their
/// logical shapes whatever their layouts. A model of any batch takes the images that there are, as many as @main_together
/// takes at a time, the others by @main. A packed weight counts as the weight behind its res.pack. Values are freed
/// after their last use. Errors (unreadable weights, unknown operations, inputs of the wrong size) are one line each.
llvm::Expected<std::vector<std::vector<double>>> evaluateReference(mlir::ModuleOp module, WeightEvaluator &weights,
                                                                   llvm::ArrayRef<std::vector<double>> inputs,
                                                                   const ReferenceOptions &options);

} // namespace res

#endif // RES_COMPILER_REFERENCE_REFERENCE_H
