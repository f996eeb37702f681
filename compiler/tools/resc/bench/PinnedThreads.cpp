//===- PinnedThreads.cpp - threads that measure the machine -----*- C++ -*-===//

#include "compiler/tools/resc/bench/PinnedThreads.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <sched.h>

namespace res {

static std::vector<int> allowedProcessors() {
  cpu_set_t set;
  std::vector<int> processors;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set))
        processors.push_back(cpu);
  return processors;
}

static void pinToProcessor(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set); // measuring goes on unpinned where this is refused
}

void Barrier::wait() {
  unsigned round = rounds;
  if (++arrived == threads) {
    arrived = 0;
    ++rounds;
    return;
  }
  while (rounds == round)
    std::this_thread::yield();
}

unsigned usefulThreads(unsigned threads) {
  size_t processors = allowedProcessors().size();
  return processors ? std::min<size_t>(threads, processors) : threads;
}

void onPinnedThreads(unsigned threads, llvm::function_ref<void(unsigned, Barrier &)> body) {
  std::vector<int> processors = allowedProcessors();
  Barrier barrier(threads);
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i)
    workers.emplace_back([&, i] {
      if (i < processors.size())
        pinToProcessor(processors[i]);
      barrier.wait();
      body(i, barrier);
    });
  for (std::thread &worker : workers)
    worker.join();
}

} // namespace res
