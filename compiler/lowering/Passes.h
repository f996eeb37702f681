//===- Passes.h - passes from kernels to a program --------------*- C++ -*-===//

#ifndef RES_COMPILER_LOWERING_PASSES_H
#define RES_COMPILER_LOWERING_PASSES_H

#include "dialect/Res.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"

namespace res {

/// Of an outlined kernel: bytes of scratch outside parallel loops, and inside them for each worker.
inline constexpr llvm::StringLiteral kScratchAttr = "res.scratch";

#define GEN_PASS_DECL
#include "compiler/lowering/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/lowering/Passes.h.inc"

} // namespace res

#endif // RES_COMPILER_LOWERING_PASSES_H
