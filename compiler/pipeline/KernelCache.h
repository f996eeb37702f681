//===- KernelCache.h - compiled kernels from earlier runs -------*- C++ -*-===//

#ifndef RES_COMPILER_PIPELINE_KERNELCACHE_H
#define RES_COMPILER_PIPELINE_KERNELCACHE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace res {

/// Object files by the content of what they were compiled from: the text of the kernel, the target, and this compiler
/// itself. Several processes may use one folder at once. Nothing here is an error: a folder that cannot be written, and an
/// entry that is damaged, are as good as an empty cache. All members may be called from several threads.
class KernelCache {
public:
  /// In $RESC_CACHE_DIR, else in the user's cache folder ($XDG_CACHE_HOME/resc or ~/.cache/resc).
  KernelCache();
  /// Keeps the folder below its size: the entries that were not used for longest go.
  ~KernelCache();

  /// The key of a kernel for a target under a symbol.
  static std::string keyOf(mlir::func::FuncOp kernel, llvm::StringRef target, llvm::StringRef symbol);
  /// Writes the object to a file; false when it is not there.
  bool load(llvm::StringRef key, const std::string &object) const;
  /// Keeps a copy of the object.
  void store(llvm::StringRef key, const std::string &object) const;

private:
  std::string entryPath(llvm::StringRef key) const;

  std::string folder; // "" when there is none
};

} // namespace res

#endif // RES_COMPILER_PIPELINE_KERNELCACHE_H
