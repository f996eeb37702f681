//===- Model.h - models for the commands that compile -----------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_MODEL_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_MODEL_H

#include "compiler/pipeline/BuildArtifact.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/tools/common/Options.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace res {

/// The images of a batch; 0: any number.
struct BatchParser : llvm::cl::parser<unsigned> {
  using parser::parser;
  bool parse(llvm::cl::Option &option, llvm::StringRef name, llvm::StringRef text, unsigned &value);
};

/// The options that say how a model is read and compiled, shared by the commands.
struct ModelOptions {
  llvm::cl::opt<std::string> input;
  llvm::cl::opt<std::string> target;
  llvm::cl::opt<std::string> math;
  llvm::cl::opt<std::string> prefer;
  llvm::cl::opt<std::string> tiling;
  llvm::cl::opt<std::string> memoryLimit;
  llvm::cl::list<std::string> inputShapes;
  llvm::cl::opt<unsigned, false, BatchParser> batch;
  llvm::cl::opt<unsigned, false, CountParser<1, 1024>> jobs;
  llvm::cl::opt<bool> noCache;
  ModelOptions();
};

/// What a test does to compilations, so that `verify` has something to find. Empty in resc.
struct ModelHooks {
  std::function<void(mlir::PassManager &)> passes; // adds the instrumentation that runs first after each pass
  std::function<void(mlir::ModuleOp)> kernels;     // changes the planned module just before it is compiled
};
ModelHooks &modelHooks();

/// A model in memory, and the context whose diagnostics become messages of resc.
class Model {
public:
  Model();

  /// Reads a .onnx model or a dump of the IR, and notes target and math in the module. Returns an exit code; messages
  /// have been printed unless it is ExitDone.
  int read(const ModelOptions &options);

  /// Creates a folder of dumps whose first one is the module as it is now. Returns an exit code.
  int startDump(llvm::StringRef path, std::unique_ptr<DumpFolder> &dump);

  /// Runs the phases up to `last`; `instrument` sees every pass manager. Returns an exit code.
  int advance(Phase last, llvm::function_ref<void(mlir::PassManager &)> instrument);

  /// Compiles the planned module into a library, with the jobs and the cache of the options that it was read with. Returns
  /// an exit code.
  int build(BuildOptions options) { return build(module(), std::move(options)); }
  /// The same for a planned module of this context that was made from this one; `what` is on the progress line.
  int build(mlir::ModuleOp planned, BuildOptions options, llvm::StringRef what = "compiling kernels");

  mlir::ModuleOp module() { return owned.get(); }
  /// Where relative names of weight files in the module start.
  std::string baseFolder;

private:
  int readDump(llvm::StringRef path);
  int readOnnx(llvm::StringRef path, const ModelOptions &options);
  int applyOptions(const ModelOptions &options);
  int setOnce(llvm::StringRef attribute, llvm::StringRef flag, llvm::StringRef given, llvm::StringRef fallback);
  int setLimit(llvm::StringRef given);

  mlir::MLIRContext context;
  mlir::ScopedDiagnosticHandler diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> owned;
  bool fromDump = false;
  // Of the options: their own values end when the linker, which shares llvm::cl, resets all that it knows.
  unsigned jobs = 0;
  bool useCache = true;
};

} // namespace res

#endif
