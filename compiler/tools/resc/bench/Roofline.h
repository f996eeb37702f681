//===- Roofline.h - what a layer could reach on this machine ----*- C++ -*-===//
//
// A layer takes at least the time that its multiply-adds take at the peak of the FMA units, and at least the time that
// its bytes take at the bandwidth of memory; the longer of the two is the roof. Multiply-adds are those that the
// algorithm executes (a quarter of the defined ones for F(4x4,3x3) on whole tiles); bytes are the weights as stored,
// and activations read and written once. So what is lost holds transforms, padding lanes, waiting and starting threads;
// and a layer whose operands are still in a cache may be faster than its memory roof.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_TOOLS_RESC_BENCH_ROOFLINE_H
#define RES_COMPILER_TOOLS_RESC_BENCH_ROOFLINE_H

#include "compiler/tools/resc/bench/BenchReport.h"

#include <string>
#include <vector>

namespace res {

/// One layer, or several together. All times are in milliseconds.
struct LayerRoof {
  uint64_t macs = 0, executedMacs = 0, bytes = 0, calls = 0;
  double ms = 0;
  double computeMs = 0; // the executed multiply-adds at the peak
  double memoryMs = 0;  // the bytes at the bandwidth
  double roofMs = 0;    // the longer of both, for each layer
  double lostMs = 0;    // what the layer took longer than that

  void add(const LayerRoof &other);

  /// As the definition counts, a multiply-add as two.
  double gflops() const;
  double gigabytesPerSecond() const;
  /// "compute" or "memory": the longer of both times. "overhead" where both, one after the other, would explain less
  /// than half of the time. "" where the machine's peaks are unknown.
  const char *limit() const;
};

/// Layers of one shape and algorithm.
struct LayerClass : LayerRoof {
  std::string layer, algorithm;
};

/// Of each step, in order.
std::vector<LayerRoof> layerRoofs(const Manifest &manifest, const BenchResult &result);

/// Sums over the layers of each shape and algorithm; those that lose most first.
std::vector<LayerClass> layerClasses(const Manifest &manifest, const std::vector<LayerRoof> &layers);

} // namespace res

#endif
