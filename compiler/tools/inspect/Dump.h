//===- Dump.h - a folder written by --dump-ir -------------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_INSPECT_DUMP_H
#define RES_COMPILER_TOOLS_INSPECT_DUMP_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace res {

/// The content of a folder that `resc compile --dump-ir` wrote.
struct Dump {
  struct Pass {
    std::string file, remark; // "03-res-form-kernels.mlir", "after the pass"
    std::string text;
  };

  std::string manifestFile; // its path, for messages
  std::string manifestText;
  std::vector<Pass> passes;
  llvm::StringMap<std::string> statements, assemblies; // by kernel

  /// Reads the files that index.txt lists. A folder that is no dump, or the dump of a compilation that stopped before
  /// the end and so has no manifest, is an error that names it.
  static llvm::Expected<Dump> read(llvm::StringRef folder);
};

} // namespace res

#endif
