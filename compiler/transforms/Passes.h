//===- Passes.h - passes on tensors -----------------------------*- C++ -*-===//

#ifndef RES_COMPILER_TRANSFORMS_PASSES_H
#define RES_COMPILER_TRANSFORMS_PASSES_H

#include "dialect/Res.h"

#include "mlir/Pass/Pass.h"

namespace res {

#define GEN_PASS_DECL
#include "compiler/transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"

} // namespace res

#endif // RES_COMPILER_TRANSFORMS_PASSES_H
