//===- WeightEvaluator.h - values of symbolic weights -----------*- C++ -*-===//
//
// Evaluates weights and pure functions of weights in double precision.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_WEIGHTS_WEIGHTEVALUATOR_H
#define RES_COMPILER_WEIGHTS_WEIGHTEVALUATOR_H

#include "compiler/weights/WeightFiles.h"
#include "dialect/Res.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>
#include <vector>

namespace res {

/// Vectors (rank 1) are kept once they are known, since every slice of a filter needs its scale; larger tensors are
/// made anew each time. One evaluator serves one module, which must not change meanwhile. All members may be called
/// from several threads at once: the IR is only read.
class WeightEvaluator {
public:
  /// Relative file names in the IR start at `baseFolder`.
  explicit WeightEvaluator(std::string baseFolder) : files(std::move(baseFolder)) {}

  /// All elements of a result of res.weight, constant, batch_norm_affine, scale_channels,
  /// phase_filter or scale_shift, row-major.
  /// Elements may be floats of at most 64 bits or integers of 8 to 64 bits. Errors name the weight and the file.
  llvm::Expected<std::vector<double>> evaluate(mlir::Value weight);

  /// The elements of `rows` consecutive indices of dimension 0, of a tensor of rank 1 or more.
  llvm::Expected<std::vector<double>> evaluateSlice(mlir::Value weight, int64_t firstRow, int64_t rows);

private:
  using Vector = std::shared_ptr<const std::vector<double>>;

  /// Fails where the source of `weight` is no weight or its file is too short: before anything is allocated.
  llvm::Error checkSource(mlir::Value weight);
  llvm::Expected<std::vector<double>> evaluateRange(mlir::Value weight, int64_t first, int64_t count);

  /// Writes elements [first, first + out.size()) of the row-major tensor.
  llvm::Error fill(mlir::Value weight, int64_t first, llvm::MutableArrayRef<double> out);
  llvm::Error fillFromFile(WeightRefOp op, int64_t first, llvm::MutableArrayRef<double> out);
  llvm::Error fillPhases(PhaseFilterOp op, int64_t first, llvm::MutableArrayRef<double> out);
  llvm::Error fillFromConstant(ConstantOp op, int64_t first, llvm::MutableArrayRef<double> out);

  /// A whole tensor of rank 1, from the memo.
  llvm::Expected<Vector> vector(mlir::Value weight);
  llvm::Expected<std::vector<double>> computeVector(mlir::Value weight);

  WeightFiles files;
  std::mutex mutex;
  llvm::DenseMap<mlir::Value, Vector> vectors;
};

} // namespace res

#endif // RES_COMPILER_WEIGHTS_WEIGHTEVALUATOR_H
