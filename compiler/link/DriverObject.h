//===- DriverObject.h - LLVM dialect to an object ---------------*- C++ -*-===//

#ifndef RES_COMPILER_LINK_DRIVEROBJECT_H
#define RES_COMPILER_LINK_DRIVEROBJECT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace res {

/// Compiles a module of the LLVM dialect for the plainest processor of an architecture ("x86_64" or "aarch64"): the driver
/// runs before anybody has asked what the processor can do.
llvm::Error writeDriverObject(mlir::ModuleOp module, llvm::StringRef arch, llvm::StringRef path);

} // namespace res

#endif // RES_COMPILER_LINK_DRIVEROBJECT_H
