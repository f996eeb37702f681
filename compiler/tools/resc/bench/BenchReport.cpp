//===- BenchReport.cpp - what resc bench found out --------------*- C++ -*-===//

#include "compiler/tools/resc/bench/BenchReport.h"
#include "compiler/tools/resc/bench/PeakFlops.h"
#include "compiler/tools/common/TextTable.h"

#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace res {

double BenchResult::percentile(double share) const {
  size_t rank = std::ceil(share * runs.size());
  return runs[std::min(std::max<size_t>(rank, 1), runs.size()) - 1];
}

/// A multiply-add counts as two operations.
static double gflops(uint64_t macs, double milliseconds) { return milliseconds > 0 ? 2e-6 * macs / milliseconds : 0; }

static double gigabytesPerSecond(uint64_t bytes, double milliseconds) {
  return milliseconds > 0 ? 1e-6 * bytes / milliseconds : NAN;
}

static double percentOfPeak(double gflops, const BenchResult &result) {
  return result.peakGflops > 0 ? 100 * gflops / result.peakGflops : NAN;
}

static std::string text(const char *pattern, double value) {
  std::string result;
  if (std::isfinite(value))
    raw_string_ostream(result) << format(pattern, value);
  return result;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// What every row begins with. The bytes are those of the operands and results, each counted once.
static const std::vector<TextTable::Column> rateColumns = {{"ms", TextTable::Column::Right},
                                                           {"share", TextTable::Column::Right},
                                                           {"GFLOP/s", TextTable::Column::Right},
                                                           {"% of peak", TextTable::Column::Right},
                                                           {"GB/s", TextTable::Column::Right}};

/// Work without multiply-adds has no GFLOP/s.
static std::vector<std::string> rates(const Manifest::Step &step, double ms, double total, const BenchResult &result) {
  double rate = gflops(step.macs, ms);
  return {text("%.4f", ms), text("%.1f%%", total > 0 ? 100 * ms / total : NAN), step.macs ? text("%.1f", rate) : "",
          step.macs ? text("%.1f%%", percentOfPeak(rate, result)) : "", text("%.1f", gigabytesPerSecond(step.bytes, ms))};
}

static void printLayers(raw_ostream &stream, const Manifest &manifest, const BenchResult &result) {
  using Column = TextTable::Column;
  double total = std::accumulate(result.layers.begin(), result.layers.end(), 0.0);

  std::vector<Column> columns = rateColumns;
  columns.insert(columns.end(), {{"op", Column::Left, 12}, {"kernel", Column::Right}, {"node", Column::Left, 30}});
  TextTable layers(columns);
  struct Sum {
    Manifest::Step work; // of all its calls together
    double ms = 0;
    uint64_t calls = 0;

    void add(const Manifest::Step &step, double time) {
      work.macs += step.macs, work.bytes += step.bytes;
      ms += time;
      ++calls;
    }
  };
  std::vector<Sum> sums;
  Sum all;
  all.work.op = "all";
  for (size_t i = 0; i < result.layers.size(); ++i) {
    const Manifest::Step &step = manifest.steps[i];
    std::vector<std::string> cells = rates(step, result.layers[i], total, result);
    cells.insert(cells.end(), {step.op, std::to_string(step.kernel), step.node});
    layers.row(cells);
    auto sum = llvm::find_if(sums, [&](const Sum &s) { return s.work.op == step.op; });
    if (sum == sums.end()) {
      sum = sums.insert(sum, Sum());
      sum->work.op = step.op;
    }
    sum->add(step, result.layers[i]);
    all.add(step, result.layers[i]);
  }
  stream << "\nlayers in the order of the network, median of each; kernels are numbered as in 'resc inspect':\n";
  layers.print(stream);

  columns = rateColumns;
  columns.insert(columns.end(), {{"calls", Column::Right}, {"op", Column::Left, 40}});
  TextTable byOp(columns);
  llvm::stable_sort(sums, [](const Sum &a, const Sum &b) { return a.ms > b.ms; });
  sums.push_back(all);
  for (const Sum &sum : sums) {
    std::vector<std::string> cells = rates(sum.work, sum.ms, total, result);
    cells.insert(cells.end(), {std::to_string(sum.calls), sum.work.op});
    byOp.row(cells);
  }
  stream << "\nby op:\n";
  byOp.print(stream);
}

void printReport(raw_ostream &stream, const Manifest &manifest, const BenchResult &result) {
  double p50 = result.percentile(0.5), rate = gflops(manifest.macs, p50);
  stream << fit(manifest.name, 50) << " (" << fit(manifest.target, 24) << "), " << result.threads
         << (result.threads == 1 ? " thread, " : " threads, ") << result.runs.size() << " runs\n";
  stream << format("  p50 %.4g ms   p90 %.4g ms   p99 %.4g ms   min %.4g ms\n", p50, result.percentile(0.9),
                   result.percentile(0.99), result.runs.front());
  stream << format("  %.1f GFLOP/s", rate);
  if (result.peakGflops > 0)
    stream << format(", %.1f%% of the %.1f GFLOP/s that ", percentOfPeak(rate, result), result.peakGflops)
           << peakInstructions(manifest.target) << " multiply-adds reach here";
  stream << format("\n  loaded in %.3g ms, first result after %.4g ms, %.1f MB resident\n", result.loadMs,
                   result.firstMs, result.rssMb);
  if (!result.layers.empty())
    printLayers(stream, manifest, result);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

std::string jsonReport(const Manifest &manifest, const BenchResult &result, bool oneLine) {
  std::string output;
  raw_string_ostream stream(output);
  json::OStream json(stream, oneLine ? 0 : 2);
  auto number = [&](StringRef key, double value) {
    json.attributeBegin(key);
    json.rawValue(jsonNumber(value));
    json.attributeEnd();
  };
  double p50 = result.percentile(0.5), rate = gflops(manifest.macs, p50);
  double total = std::accumulate(result.layers.begin(), result.layers.end(), 0.0);
  json.object([&] {
    json.attribute("model", manifest.name);
    json.attribute("version", manifest.compiler);
    json.attribute("target", manifest.target);
    json.attribute("threads", int64_t(result.threads));
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
    if (result.layers.empty())
      return;
    json.attributeArray("layers", [&] {
      for (size_t i = 0; i < result.layers.size(); ++i) {
        const Manifest::Step &step = manifest.steps[i];
        double rate = gflops(step.macs, result.layers[i]);
        json.object([&] {
          json.attribute("node", step.node);
          json.attribute("op", step.op);
          json.attribute("kernel", manifest.kernels[step.kernel].name);
          number("ms", result.layers[i]);
          number("share", total > 0 ? result.layers[i] / total : NAN);
          number("gflops", rate);
          number("percent_of_peak", percentOfPeak(rate, result));
          number("gbytes_per_s", gigabytesPerSecond(step.bytes, result.layers[i]));
        });
      }
    });
  });
  stream << "\n";
  return output;
}

} // namespace res
