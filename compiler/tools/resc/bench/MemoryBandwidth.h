//===- MemoryBandwidth.h - how fast this machine reads memory ---*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_BENCH_MEMORYBANDWIDTH_H
#define RES_COMPILER_TOOLS_RESC_BENCH_MEMORYBANDWIDTH_H

namespace res {

/// 10^9 bytes per second that `threads` threads together read from memory, each a part of its own, pinned as by
/// measurePeakGflops. The memory is four times as large as the last cache, so hardly any of it is cached. Takes about
/// 0.2 s. 0 where there is not enough memory.
double measureReadBandwidth(unsigned threads);

} // namespace res

#endif
