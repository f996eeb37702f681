//===- Workers.h - parallel loops of the reference --------------*- C++ -*-===//
//
// A parallel for with a limit on its threads.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_REFERENCE_WORKERS_H
#define RES_COMPILER_REFERENCE_WORKERS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/ThreadPool.h"

#include <cstdint>
#include <optional>

namespace res::reference {

class Workers {
public:
  /// 0 threads: one for each core. The calling thread is one of them.
  explicit Workers(unsigned threads);

  /// Calls body(0) ... body(tasks - 1), each once, in any order, and returns after the last.
  void run(int64_t tasks, llvm::function_ref<void(int64_t)> body);

private:
  unsigned helpers;
  std::optional<llvm::DefaultThreadPool> pool;
};

} // namespace res::reference

#endif // RES_COMPILER_REFERENCE_WORKERS_H
