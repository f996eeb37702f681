//===- BuildArtifact.h - a planned module to a library ----------*- C++ -*-===//

#ifndef RES_COMPILER_PIPELINE_BUILDARTIFACT_H
#define RES_COMPILER_PIPELINE_BUILDARTIFACT_H

#include "compiler/pipeline/DumpIR.h"

#include <functional>

namespace res {

struct BuildOptions {
  std::string output;                 // the library; a header with the extension .h is written beside it
  std::string baseFolder;             // where relative names of weight files start
  unsigned jobs = 0;                  // kernels compiled at a time; 0: one for each core
  bool useCache = true;               // kernels of earlier compilations (KernelCache.h)
  DumpFolder *dump = nullptr;         // kernels' statements and assembly go there
  std::string instrumentedRuntime;    // for tests that look for races: an object of the runtime, built with
                                      // -fsanitize=thread as kernels are then, and as the process has to be
  std::function<void(unsigned done, unsigned all)> progress; // kernels compiled so far; called from any thread
};

/// Compiles the kernels of a planned module in parallel threads, packs the weights, and links both with the driver and the
/// runtime. The library and its header appear complete or not at all. The bytes depend on the module and the weights
/// alone: not on jobs, paths or the machine.
llvm::Error buildArtifact(mlir::ModuleOp module, const BuildOptions &options);

} // namespace res

#endif // RES_COMPILER_PIPELINE_BUILDARTIFACT_H
