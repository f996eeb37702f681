//===- BenchReport.h - what resc bench found out ----------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_BENCH_BENCHREPORT_H
#define RES_COMPILER_TOOLS_RESC_BENCH_BENCHREPORT_H

#include "compiler/tools/common/Artifact.h"
#include "compiler/tools/common/Manifest.h"

#include <vector>

namespace res {

/// All times are in milliseconds.
struct BenchResult {
  unsigned threads = 0;
  size_t batch = 0;           // images in a run of a model of any batch, else 0
  std::vector<double> runs;   // each timed inference, sorted
  std::vector<double> layers; // the median of each step, or none
  double loadMs = 0;          // loading the library and opening an instance
  double firstMs = 0;         // the same and the first inference
  double peakGflops = 0;      // of the FMA units, on as many threads; 0: unknown
  double readGbytesPerSecond = 0; // from memory, by as many threads; 0: unknown or not asked for
  double rssMb = 0;           // the most memory that was resident, in units of 10^6 bytes

  /// The smallest time that at least this share of the runs did not exceed.
  double percentile(double share) const;
};

/// A multiply-add counts as two; NaN where the peak is unknown.
double percentOfPeak(double gflops, const BenchResult &result);

/// For people: a few lines, and a table of the layers if there are any.
void printReport(llvm::raw_ostream &stream, const Manifest &manifest, const BenchResult &result);

/// One JSON object with a newline at its end; on one line, or indented.
std::string jsonReport(const Manifest &manifest, const BenchResult &result, bool oneLine);

} // namespace res

#endif
