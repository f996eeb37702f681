//===- DriverObject.cpp - LLVM dialect to an object -------------*- C++ -*-===//

#include "compiler/link/DriverObject.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
  });
}

llvm::Error res::writeDriverObject(mlir::ModuleOp module, llvm::StringRef arch, llvm::StringRef path) {
  initializeTargets();
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, "driver");
  if (!translated)
    return llvm::createStringError("the driver could not be translated to LLVM IR");

  llvm::Triple triple((arch + "-unknown-linux-gnu").str());
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError(error);
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, arch == "aarch64" ? "generic" : "x86-64", "", {}, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Default));
  translated->setTargetTriple(triple);
  translated->setDataLayout(machine->createDataLayout());
  translated->setPICLevel(llvm::PICLevel::BigPIC);

  std::error_code failed;
  llvm::raw_fd_ostream os(path, failed);
  if (failed)
    return llvm::createFileError(path, failed);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("no object files for " + triple.str());
  passes.run(*translated);
  os.close();
  failed = os.error();
  os.clear_error();
  return failed ? llvm::createFileError(path, failed) : llvm::Error::success();
}
