//===- LayerTrace.h - every tensor that a library computes ------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_VERIFY_LAYERTRACE_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_VERIFY_LAYERTRACE_H

#include "compiler/tools/common/Artifact.h"
#include "dialect/Res.h"

#include <vector>

namespace res {

/// A tensor as a step of the library left it.
struct LayerResult {
  unsigned step;             // kernel call, from 0
  std::string node;          // ONNX node whose output it is; "" where it is none's
  std::string kernel;
  std::vector<float> values; // row-major in the logical shape
};

/// Runs one inference of a library step by step, on one thread, and copies each result right after its step, before
/// its place in the arena is used again. `planned` is the module in phase `planned` that the library was compiled
/// from; an error says where the two differ. `inputs` and `outputs` are as for res_model::run; of a model of any batch they
/// have `images`, of which the last goes through the steps. Else `images` is 0.
llvm::Expected<std::vector<LayerResult>> traceLibrary(const Artifact &artifact, const res_model &model,
                                                      mlir::ModuleOp planned, const std::vector<const void *> &inputs,
                                                      const std::vector<void *> &outputs, int64_t images);

} // namespace res

#endif
