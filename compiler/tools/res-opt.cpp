//===- res-opt.cpp - every pass alone ---------------------------*- C++ -*-===//

#include "compiler/lowering/Passes.h"
#include "compiler/transforms/Passes.h"
#include "dialect/Res.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<res::ResDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect>();
  mlir::registerTransformsPasses();
  res::registerResTransformsPasses();
  res::registerResLoweringPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "res optimizer\n", registry));
}
