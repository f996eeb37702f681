//===- DriverBuilder.h - pieces of the driver in the LLVM dialect *- C++ -*-===//

#ifndef RES_COMPILER_LOWERING_DRIVERBUILDER_H
#define RES_COMPILER_LOWERING_DRIVERBUILDER_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace res {

/// Builds functions and constant data of the driver. Everything is hidden unless it is said to be public.
class DriverBuilder {
public:
  explicit DriverBuilder(mlir::ModuleOp module);

  mlir::OpBuilder builder;
  mlir::Location loc;
  mlir::Type ptr, i8, i32, i64;

  mlir::Value integer(mlir::Type type, int64_t value);
  mlir::Value address(llvm::StringRef symbol);
  mlir::Value null();
  /// pointer + bytes
  mlir::Value advance(mlir::Value pointer, int64_t bytes);
  /// pointer[index] of an array of pointers
  mlir::Value loadPointer(mlir::Value pointer, int64_t index);

  /// A function without a body, or one to be given a body (addEntryBlock).
  mlir::LLVM::LLVMFuncOp function(llvm::StringRef name, mlir::Type result, llvm::ArrayRef<mlir::Type> arguments,
                                  mlir::LLVM::Linkage linkage = mlir::LLVM::Linkage::External, bool isPublic = false);
  /// Data that another object defines.
  void externalData(llvm::StringRef name);
  /// A zero-terminated constant string.
  void string(llvm::StringRef name, llvm::StringRef text);
  /// A constant array of 64-bit integers.
  void integers(llvm::StringRef name, llvm::ArrayRef<int64_t> values);
  /// A constant struct or array of the values that `fields` makes, in their order. The builder is inside its initialiser.
  void aggregate(llvm::StringRef name, llvm::function_ref<llvm::SmallVector<mlir::Value>()> fields);

private:
  mlir::LLVM::GlobalOp global(llvm::StringRef name, mlir::Type type, mlir::Attribute value);

  mlir::ModuleOp module;
};

} // namespace res

#endif // RES_COMPILER_LOWERING_DRIVERBUILDER_H
