//===- ProgressLine.h - how far long work has come --------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_COMMON_PROGRESSLINE_H
#define RES_COMPILER_TOOLS_COMMON_PROGRESSLINE_H

#include "llvm/ADT/StringRef.h"

#include <chrono>
#include <mutex>
#include <string>

namespace res {

/// A line such as `compiling kernels 12/30` on a terminal, drawn again in place and erased at the end of the scope.
/// Nothing appears where standard error is no terminal, nor in the first second: most work is done by then.
class ProgressLine {
public:
  explicit ProgressLine(llvm::StringRef what);
  ProgressLine(const ProgressLine &) = delete;
  ~ProgressLine();

  /// From any thread, in any order: the line never goes back.
  void show(unsigned done, unsigned all);

private:
  std::string what;
  bool terminal;
  std::chrono::steady_clock::time_point start;
  std::mutex mutex;
  unsigned shown = 0;
};

} // namespace res

#endif
