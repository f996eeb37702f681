//===- MemoryBandwidth.cpp - how fast this machine reads memory -*- C++ -*-===//
//
// The roof over layers that wait for memory. Rates are of passes in which all threads begin together, and of the thread
// that ends last: threads share the memory, so the best rates of each do not add up.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc/bench/MemoryBandwidth.h"
#include "compiler/tools/resc/bench/PinnedThreads.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include <sys/mman.h>

namespace res {

/// Bytes of the largest cache that the first processor can reach. (What sysconf says may be the sum over a socket.)
static size_t lastCacheBytes() {
  for (const char *index : {"3", "2"}) {
    auto file =
        llvm::MemoryBuffer::getFileAsStream(llvm::Twine("/sys/devices/system/cpu/cpu0/cache/index") + index + "/size");
    if (!file)
      continue;
    llvm::StringRef text = (*file)->getBuffer().trim();
    uint64_t kibibytes = 0;
    if (text.consume_back("K") && !text.getAsInteger(10, kibibytes))
      return kibibytes << 10;
  }
  return size_t(32) << 20;
}

/// One word of each cache line: the line is what memory delivers, and few instructions let many be on their way.
[[gnu::noinline]] static uint64_t readLines(const uint64_t *words, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i += 8)
    sum += words[i];
  return sum;
}

double measureReadBandwidth(unsigned threads) {
  using Clock = std::chrono::steady_clock;
  threads = usefulThreads(threads);
  const size_t page = size_t(2) << 20; // also that of huge pages
  const size_t most = size_t(1) << 30;
  const size_t each =
      std::max(std::clamp(4 * lastCacheBytes(), size_t(64) << 20, most) / threads / page, size_t(1)) * page;
  const size_t bytes = each * threads;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 0;
  madvise(memory, bytes, MADV_HUGEPAGE); // bandwidth, not address translation; goes on without them where refused

  const int passes = 8;
  std::vector<double> slowest(passes); // seconds of the thread that ends last
  std::vector<std::vector<double>> seconds(threads, std::vector<double>(passes));
  std::atomic<uint64_t> result{0}; // so that no read is left out
  onPinnedThreads(threads, [&](unsigned index, Barrier &barrier) {
    auto *words = reinterpret_cast<uint64_t *>(static_cast<char *>(memory) + index * each);
    std::fill_n(words, each / sizeof *words, 1); // an untouched page would be the same page of zeros
    for (double &pass : seconds[index]) {
      barrier.wait();
      auto start = Clock::now();
      result += readLines(words, each / sizeof *words);
      pass = std::chrono::duration<double>(Clock::now() - start).count();
    }
  });
  munmap(memory, bytes);
  for (int pass = 0; pass < passes; ++pass)
    for (unsigned i = 0; i < threads; ++i)
      slowest[pass] = std::max(slowest[pass], seconds[i][pass]);
  return bytes / *std::min_element(slowest.begin(), slowest.end()) * 1e-9;
}

} // namespace res
