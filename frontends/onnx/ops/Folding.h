//===- Folding.h - computing with constants ---------------------*- C++ -*-===//
//
// Reads and writes the elements of constants. Operands are of at most a few thousand elements, or of one value that is
// repeated.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_OPS_FOLDING_H
#define RES_FRONTENDS_ONNX_OPS_FOLDING_H

#include "frontends/onnx/NodeImport.h"

namespace res::frontend {

/// An operand whose elements are loaded. Refuses those that are computed at run time or too large.
mlir::FailureOr<Constant> getFoldable(NodeImport &node, unsigned index, llvm::StringRef role = "input");

/// An empty constant of a type and shape. Refuses large ones, unless they repeat one value.
mlir::FailureOr<Constant> createResult(NodeImport &node, int32_t elementType, llvm::ArrayRef<int64_t> shape,
                                       bool isSplat);

/// Appends element `index` of `from` to `to`, which has the same type.
void appendElement(const Constant &from, int64_t index, Constant &to);

/// Defines the output as a constant of `shape` whose element at an index is the one of `from` at `position(index)`.
llvm::LogicalResult setSelected(NodeImport &node, const Constant &from, llvm::ArrayRef<int64_t> shape,
                                llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> position);

/// Row-major strides, 0 along dimensions of size 1 so that they broadcast.
Dims getBroadcastStrides(llvm::ArrayRef<int64_t> shape);

/// The position of `index`, whose last dimensions are those of the tensor with `strides`.
int64_t getPosition(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> strides);

/// Calls `visit` with each index into `shape` in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit);

/// The shape that both broadcast to, by ONNX's (and NumPy's) rule.
mlir::FailureOr<Dims> broadcastShapes(NodeImport &node, llvm::ArrayRef<int64_t> lhs, llvm::ArrayRef<int64_t> rhs);

/// True when `shape` is one that a constant broadcasts from to the channels of a tensor: everything but dimension 1 is 1.
bool isPerChannel(llvm::ArrayRef<int64_t> shape, mlir::RankedTensorType type);

/// The shape in which operations over dimension 1 are applied to a tensor: code is generated for maps and matrices.
Dims withChannels(llvm::ArrayRef<int64_t> shape);

/// The axis of an attribute, which counts from the end when negative.
mlir::FailureOr<int64_t> normalizeAxis(NodeImport &node, int64_t axis, int64_t rank);

} // namespace res::frontend

#endif // RES_FRONTENDS_ONNX_OPS_FOLDING_H
