//===- EmitElementwise.h - elementwise operations as algorithms *- C++ -*-===//

#ifndef RES_COMPILER_CODEGEN_EMITELEMENTWISE_H
#define RES_COMPILER_CODEGEN_EMITELEMENTWISE_H

#include "compiler/codegen/KernelTypes.h"

namespace res {

/// The value of an elementwise operation at a point. `readerOf` reads its operands, `vectorOf` those over channels. Null for
/// operations that have no code.
Reader defineElementwise(mlir::Operation *op, llvm::function_ref<Reader(mlir::Value)> readerOf,
                         llvm::function_ref<Reader(mlir::Value)> vectorOf);

} // namespace res

#endif // RES_COMPILER_CODEGEN_EMITELEMENTWISE_H
