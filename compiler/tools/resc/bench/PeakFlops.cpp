//===- PeakFlops.cpp - what the FMA units of this machine can do -*- C++ -*-===//
//
// The denominator of "percent of peak". Its loops are assembly, so that no compiler spills or simplifies them.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc/bench/PeakFlops.h"
#include "compiler/tools/resc/bench/PinnedThreads.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

namespace res {

// Latency 4 x 2 units want 8 independent accumulators; 12 and 16 leave room for longer latencies. All start at zero:
// a denormal left in a register would make every multiply-add slow.
#if defined(__x86_64__)
[[gnu::noinline]] static void multiplyAdd512(long iterations) {
  asm volatile("vpxord %%zmm0, %%zmm0, %%zmm0\n"
               ".irp r, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n vmovaps %%zmm0, %%zmm\\r\n .endr\n"
               "1:\n"
               ".irp r, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
               " vfmadd231ps %%zmm0, %%zmm0, %%zmm\\r\n .endr\n"
               "dec %0\n jnz 1b\n vzeroupper\n"
               : "+r"(iterations)
               :
               : "cc", "xmm0");
}

[[gnu::noinline]] static void multiplyAdd256(long iterations) {
  asm volatile("vxorps %%ymm0, %%ymm0, %%ymm0\n"
               ".irp r, 4,5,6,7,8,9,10,11,12,13,14,15\n vmovaps %%ymm0, %%ymm\\r\n .endr\n"
               "1:\n"
               ".irp r, 4,5,6,7,8,9,10,11,12,13,14,15\n vfmadd231ps %%ymm0, %%ymm0, %%ymm\\r\n .endr\n"
               "dec %0\n jnz 1b\n vzeroupper\n"
               : "+r"(iterations)
               :
               : "cc", "xmm0", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                 "xmm14", "xmm15");
}
#endif

namespace {
struct Loop {
  const char *instructions;
  void (*run)(long iterations);
  double flopsPerIteration;
};
} // namespace

/// Also asks whether the system saves these registers, as xgetbv says.
static Loop widestLoop(llvm::StringRef target) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && target != "x86-64-v3")
    return {"AVX-512", multiplyAdd512, 16 * 16 * 2};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"AVX2", multiplyAdd256, 12 * 8 * 2};
#endif
  return {nullptr, nullptr, 0};
}

const char *peakInstructions(llvm::StringRef target) { return widestLoop(target).instructions; }

double measurePeakGflops(llvm::StringRef target, unsigned threads) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  Loop loop = widestLoop(target);
  if (!loop.run)
    return 0;
  std::vector<double> rates(usefulThreads(threads));
  onPinnedThreads(rates.size(), [&](unsigned index, Barrier &) {
    // Pieces of a fraction of a millisecond: the best one was not interrupted.
    const long iterations = 50000;
    auto end = Clock::now() + std::chrono::milliseconds(30);
    for (auto start = Clock::now(); start < end;) {
      loop.run(iterations);
      auto stop = Clock::now();
      rates[index] = std::max(rates[index], loop.flopsPerIteration * iterations / Seconds(stop - start).count());
      start = stop;
    }
  });
  return std::accumulate(rates.begin(), rates.end(), 0.0) * 1e-9;
}

} // namespace res
