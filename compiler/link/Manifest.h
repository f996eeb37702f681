//===- Manifest.h - what an artifact says about itself ----------*- C++ -*-===//

#ifndef RES_COMPILER_LINK_MANIFEST_H
#define RES_COMPILER_LINK_MANIFEST_H

#include "dialect/Res.h"

#include <string>

namespace res {

/// Elements of the weights that a module refers to or holds.
int64_t countParameters(mlir::ModuleOp module);

/// The JSON of the artifact's note, from a planned module: inputs, outputs, memory, kernels, steps (calls of kernels, with
/// the ONNX nodes that each computes and the steps whose results it reads) and the memory map.
std::string describeArtifact(mlir::ModuleOp module);

/// The C header that is written beside the library: names, shapes and sizes of the model's tensors, and its getter.
std::string generateHeader(mlir::ModuleOp module);

} // namespace res

#endif // RES_COMPILER_LINK_MANIFEST_H
