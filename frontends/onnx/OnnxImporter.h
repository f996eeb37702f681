//===- OnnxImporter.h - from .onnx to the res dialect -----------*- C++ -*-===//
//
// Reads a model into phase `imported`.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_ONNXIMPORTER_H
#define RES_FRONTENDS_ONNX_ONNXIMPORTER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace res {

struct OnnxImportOptions {
  /// Whole shapes of inputs, by name.
  llvm::StringMap<llvm::SmallVector<int64_t>> inputShapes;
  /// What a symbolic first dimension of the other inputs stands for. Without it, a model takes any batch if it has such
  /// inputs.
  std::optional<int64_t> batch;
  /// Whether it must have; inputShapes then give the shapes of one image.
  bool anyBatch = false;
};

/// Images of @main_together as it is imported; a pass may find fewer to be better.
inline constexpr int64_t kImagesTogether = 8;

/// Reads the model at `path`: a module with res.phase, res.model and res.hash, and a function @main in NCHW with static
/// shapes, one operation per ONNX node, the node's name as location. Weights refer to byte ranges of the model file (or
/// of its external data) by absolute path. A model of any batch has a second function, @main_together. Null on failure; every problem was emitted as an error on the context, nodes
/// that are not handled first, each problem in one line that names file, node or tensor.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(mlir::MLIRContext &context, llvm::StringRef path,
                                             const OnnxImportOptions &options);

} // namespace res

#endif // RES_FRONTENDS_ONNX_ONNXIMPORTER_H
