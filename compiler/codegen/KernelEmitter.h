//===- KernelEmitter.h - kernels to machine code ----------------*- C++ -*-===//

#ifndef RES_COMPILER_CODEGEN_KERNELEMITTER_H
#define RES_COMPILER_CODEGEN_KERNELEMITTER_H

#include "compiler/analysis/TargetModel.h"
#include "dialect/Res.h"

#include <string>

namespace res {

/// Files that a kernel becomes. Empty paths are not written.
struct KernelFiles {
  std::string object;
  std::string statement; // Halide's lowered loops
  std::string assembly;
  bool findsRaces = false; // instrumented by the thread sanitizer, for a process that was built with it
};

/// Compiles an outlined kernel (phase `planned`) for a target: int symbol(void *context, halide_buffer_t *input…,
/// halide_buffer_t *output…), without the input that the output overwrites (`res.in_place`). Constant bounds and strides: it reads nothing but the `host` fields. May be called from
/// several threads at once on one module.
llvm::Error emitKernel(mlir::func::FuncOp kernel, const TargetModel &target, llvm::StringRef symbol,
                       const KernelFiles &files);

} // namespace res

#endif // RES_COMPILER_CODEGEN_KERNELEMITTER_H
