//===- AnyBatch.h - models that take any batch ------------------*- C++ -*-===//
//
// One module for all batches is made of the model read for one image and for several. Images never meet in it if both are the
// same operations, and every result of the one has the images of the other as its first dimension.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_ANYBATCH_H
#define RES_FRONTENDS_ONNX_ANYBATCH_H

#include "mlir/IR/BuiltinOps.h"

namespace res::frontend {

/// Checks that every input of @main is one whose first dimension is symbolic.
mlir::LogicalResult checkInputs(mlir::ModuleOp module, llvm::ArrayRef<bool> takesAnyBatch);

/// Moves @main of `together`, the model for so many images, into `module`, the model for one, as @main_together. Emits the
/// first difference that is more than the number of images: it names the output or the node.
mlir::LogicalResult joinAnyBatch(mlir::ModuleOp module, mlir::ModuleOp together, int64_t images);

} // namespace res::frontend

#endif // RES_FRONTENDS_ONNX_ANYBATCH_H
