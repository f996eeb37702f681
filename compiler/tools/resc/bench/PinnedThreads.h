//===- PinnedThreads.h - threads that measure the machine -------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_BENCH_PINNEDTHREADS_H
#define RES_COMPILER_TOOLS_RESC_BENCH_PINNEDTHREADS_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <atomic>

namespace res {

/// All threads of a group wait for each other, as often as they like.
class Barrier {
public:
  explicit Barrier(unsigned threads) : threads(threads) {}
  void wait();

private:
  const unsigned threads;
  std::atomic<unsigned> arrived{0}, rounds{0};
};

/// As many threads, but no more than the processors that this process may use: further ones do not add to what a
/// machine can do.
unsigned usefulThreads(unsigned threads);

/// Runs the body once on each of `threads` new threads, pinned to the first processors that this process may use; they
/// begin together. Returns when all are done.
void onPinnedThreads(unsigned threads, llvm::function_ref<void(unsigned index, Barrier &barrier)> body);

} // namespace res

#endif
