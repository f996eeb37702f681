//===- BenchReport.cpp - what resc bench found out --------------*- C++ -*-===//

#include "compiler/tools/resc/bench/BenchReport.h"
#include "compiler/tools/resc/bench/LayerReport.h"
#include "compiler/tools/resc/bench/PeakFlops.h"

#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace res {

double BenchResult::percentile(double share) const {
  size_t rank = std::ceil(share * runs.size());
  return runs[std::min(std::max<size_t>(rank, 1), runs.size()) - 1];
}

/// A multiply-add counts as two operations.
static double gflops(uint64_t macs, double milliseconds) { return milliseconds > 0 ? 2e-6 * macs / milliseconds : 0; }

double percentOfPeak(double gflops, const BenchResult &result) {
  return result.peakGflops > 0 ? 100 * gflops / result.peakGflops : NAN;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

void printReport(raw_ostream &stream, const Manifest &manifest, const BenchResult &result) {
  double p50 = result.percentile(0.5), rate = gflops(manifest.macs, p50);
  stream << fit(manifest.name, 50) << " (" << fit(manifest.target, 24) << "), " << result.threads
         << (result.threads == 1 ? " thread, " : " threads, ") << (result.batch ? "batch " + std::to_string(result.batch) + ", " : "")
         << result.runs.size() << " runs\n";
  stream << format("  p50 %.4g ms   p90 %.4g ms   p99 %.4g ms   min %.4g ms\n", p50, result.percentile(0.9),
                   result.percentile(0.99), result.runs.front());
  stream << format("  %.1f GFLOP/s", rate);
  if (result.peakGflops > 0)
    stream << format(", %.1f%% of the %.1f GFLOP/s that ", percentOfPeak(rate, result), result.peakGflops)
           << peakInstructions(manifest.target) << " multiply-adds reach here";
  stream << format("\n  loaded in %.3g ms, first result after %.4g ms, %.1f MB resident\n", result.loadMs,
                   result.firstMs, result.rssMb);
  if (!result.layers.empty())
    printLayerReport(stream, manifest, result);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

std::string jsonReport(const Manifest &manifest, const BenchResult &result, bool oneLine) {
  std::string output;
  raw_string_ostream stream(output);
  json::OStream json(stream, oneLine ? 0 : 2);
  auto number = [&](StringRef key, double value) { writeNumber(json, key, value); };
  double p50 = result.percentile(0.5), rate = gflops(manifest.macs, p50);
  json.object([&] {
    json.attribute("model", manifest.name);
    json.attribute("version", manifest.compiler);
    json.attribute("target", manifest.target);
    json.attribute("threads", int64_t(result.threads));
    if (result.batch)
      json.attribute("batch", int64_t(result.batch));
    json.attribute("runs", int64_t(result.runs.size()));
    number("p50_ms", p50);
    number("p90_ms", result.percentile(0.9));
    number("p99_ms", result.percentile(0.99));
    number("min_ms", result.runs.front());
    number("gflops", rate);
    number("percent_of_peak", percentOfPeak(rate, result));
    number("peak_gflops", result.peakGflops);
    number("load_ms", result.loadMs);
    number("first_ms", result.firstMs);
    // The same in seconds, under the names that the side-by-side benchmark reads.
    number("load_s", result.loadMs * 1e-3);
    number("ready_s", result.firstMs * 1e-3);
    number("rss_mb", result.rssMb);
    if (!result.layers.empty())
      writeLayerReport(json, manifest, result);
  });
  stream << "\n";
  return output;
}

} // namespace res
