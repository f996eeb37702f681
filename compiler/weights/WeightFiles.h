//===- WeightFiles.h - files that hold weights ------------------*- C++ -*-===//
//
// Maps the files that res.weight names, each once and read-only.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_WEIGHTS_WEIGHTFILES_H
#define RES_COMPILER_WEIGHTS_WEIGHTFILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <mutex>
#include <string>

namespace res {

class WeightFiles {
public:
  /// Relative file names start at `baseFolder`; "" is the working directory.
  explicit WeightFiles(std::string baseFolder) : baseFolder(std::move(baseFolder)) {}

  /// The bytes [offset, offset + bytes) of `file`, valid as long as this object lives. `weight` names the tensor in the
  /// message when the file cannot be read or is too short. May be called from several threads at once.
  llvm::Expected<llvm::ArrayRef<char>> read(llvm::StringRef weight, llvm::StringRef file, uint64_t offset,
                                            uint64_t bytes);

private:
  std::string baseFolder;
  std::mutex mutex;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> buffers; // by the name as it stands in the IR
};

} // namespace res

#endif // RES_COMPILER_WEIGHTS_WEIGHTFILES_H
