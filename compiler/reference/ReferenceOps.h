//===- ReferenceOps.h - single operations of the reference ------*- C++ -*-===//
//
// Evaluates one operation on activations, whose operands are known.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_REFERENCE_REFERENCEOPS_H
#define RES_COMPILER_REFERENCE_REFERENCEOPS_H

#include "compiler/reference/Workers.h"
#include "compiler/weights/WeightEvaluator.h"
#include "dialect/Res.h"
#include "dialect/ResShapes.h"

#include <memory>
#include <vector>

namespace res::reference {

using Elements = std::shared_ptr<const std::vector<double>>;

/// What a value of the IR stands for: an activation, or a weight that is evaluated where it is used and not kept.
struct Operand {
  Shape shape;             // logical
  Elements elements;       // null for a weight
  mlir::Value weight;      // the weight itself, behind its packing
  mlir::Attribute packing; // of a packed weight, or null
};

class OpEvaluator {
public:
  OpEvaluator(WeightEvaluator &weights, Workers &workers) : weights(weights), workers(workers) {}

  /// The result of an operation without regions; operands are in the order of the operation's own.
  llvm::Expected<Operand> evaluate(mlir::Operation *op, llvm::ArrayRef<Operand> operands);

  /// All elements, row-major; weights are evaluated.
  llvm::Expected<Elements> elementsOf(const Operand &operand);

private:
  /// Elements of each operand, after a check of their logical shapes.
  llvm::Expected<llvm::SmallVector<Elements>> elementsOf(mlir::Operation *op, llvm::ArrayRef<Operand> operands,
                                                         llvm::ArrayRef<Shape> shapes);
  llvm::Expected<Operand> conv(ConvOp op, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> gemm(GemmOp op, llvm::ArrayRef<Operand> operands);
  /// Adds input by matrix to `output`, which is zero; the matrix is read in slices of rows.
  llvm::Error multiply(const Operand &matrix, bool transposed, int64_t batch, const double *input, double *output);
  llvm::Expected<Operand> pool(mlir::Operation *op, WindowAttr window, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> perChannel(mlir::Operation *op, llvm::ArrayRef<Operand> operands);
  /// Operations that move elements.
  llvm::Expected<Operand> concat(ConcatOp op, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> select(mlir::Operation *op, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> binary(BinaryOp op, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> unary(UnaryOp op, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> lrn(LrnOp op, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> resize(ResizeOp op, llvm::ArrayRef<Operand> operands);
  llvm::Expected<Operand> depthToSpace(DepthToSpaceOp op, llvm::ArrayRef<Operand> operands);
  /// Operations without attributes or vectors over channels.
  llvm::Expected<Operand> plain(mlir::Operation *op, llvm::ArrayRef<Operand> operands);

  WeightEvaluator &weights;
  Workers &workers;
};

/// The functions of res.unary, whose parameters are explained there, and res.binary.
double applyUnary(UnaryFunction function, double x, double alpha, double beta);
double applyBinary(BinaryFunction function, double lhs, double rhs);

/// An error about an operation: begins with its node's name, or its own.
llvm::Error makeError(mlir::Operation *op, const llvm::Twine &message);

} // namespace res::reference

#endif // RES_COMPILER_REFERENCE_REFERENCEOPS_H
