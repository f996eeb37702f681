//===- Workers.cpp - parallel loops of the reference ------------*- C++ -*-===//
//
// A parallel for with a limit on its threads.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/Workers.h"

#include "llvm/Support/Threading.h"

#include <algorithm>
#include <atomic>

using namespace res::reference;

Workers::Workers(unsigned threads) {
  if (threads == 0)
    threads = llvm::hardware_concurrency().compute_thread_count();
  helpers = threads - 1;
  if (helpers)
    pool.emplace(llvm::hardware_concurrency(helpers));
}

void Workers::run(int64_t tasks, llvm::function_ref<void(int64_t)> body) {
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t task = next++; task < tasks; task = next++)
      body(task);
  };
  for (int64_t i = 0, count = std::min<int64_t>(helpers, tasks - 1); i < count; ++i)
    pool->async(work);
  work();
  if (pool)
    pool->wait();
}
