//===- KernelUtils.h - building and merging kernels -------------*- C++ -*-===//

#ifndef RES_COMPILER_TRANSFORMS_KERNELUTILS_H
#define RES_COMPILER_TRANSFORMS_KERNELUTILS_H

#include "dialect/Res.h"

namespace res {

/// True for a value that the program computes from the model's inputs; false for weights.
bool isActivation(mlir::Value value);

/// True when a kernel holds elementwise operations alone.
bool isElementwiseKernel(KernelOp kernel);

/// Wraps one operation into a kernel at its place. Returns the kernel; the operation is gone.
KernelOp wrapIntoKernel(mlir::Operation *op);

/// A kernel that converts `value` to `type` (a res.relayout), inserted before `before`.
KernelOp createRelayoutKernel(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, mlir::RankedTensorType type);

/// Moves the operations of `consumer` behind those of `producer`, as one kernel at the consumer's place. Every result of
/// the producer must have the consumer as its only user, which makes the move valid whatever lies between.
KernelOp fuseIntoProducer(KernelOp producer, KernelOp consumer);

/// The kernel that computes `value`, when nothing but `user` reads any of its results; else null.
KernelOp getSoleProducer(mlir::Value value, KernelOp user);

/// The kernels that compute what a value consists of: one, or those of the parts of a view.
llvm::SmallVector<KernelOp> getProducers(mlir::Value value);

/// The same, when the elementwise kernel `user` may be the epilogue of it: their results are of one size.
KernelOp getEpilogueProducer(mlir::Value value, KernelOp user);

/// The block argument of the kernel's region for its input number `index`.
inline mlir::BlockArgument getInner(KernelOp kernel, unsigned index) { return kernel.getBody().getArgument(index); }

} // namespace res

#endif // RES_COMPILER_TRANSFORMS_KERNELUTILS_H
