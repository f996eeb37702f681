//===- LayerReport.cpp - layers against the roofline ------------*- C++ -*-===//

#include "compiler/tools/resc/bench/LayerReport.h"
#include "compiler/tools/common/TextTable.h"
#include "compiler/tools/resc/bench/Roofline.h"

#include "llvm/Support/Format.h"

#include <cmath>
#include <numeric>

using namespace llvm;

namespace res {

static LayerRoof sumOf(const std::vector<LayerRoof> &layers) {
  return std::accumulate(layers.begin(), layers.end(), LayerRoof(), [](LayerRoof sum, const LayerRoof &layer) {
    sum.add(layer);
    return sum;
  });
}

static double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : NAN; }

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string text(const char *pattern, double value) {
  std::string result;
  if (std::isfinite(value))
    raw_string_ostream(result) << format(pattern, value);
  return result;
}

/// What every row begins with.
static const std::vector<TextTable::Column> rateColumns = {
    {"ms", TextTable::Column::Right},      {"share", TextTable::Column::Right}, {"GFLOP/s", TextTable::Column::Right},
    {"of peak", TextTable::Column::Right}, {"FMA", TextTable::Column::Right},   {"DRAM", TextTable::Column::Right}};

/// Work without multiply-adds has no GFLOP/s.
static std::vector<std::string> rates(const LayerRoof &layer, const LayerRoof &all, const BenchResult &result) {
  double rate = layer.gflops();
  return {text("%.4f", layer.ms),
          text("%.1f%%", percent(layer.ms, all.ms)),
          layer.macs ? text("%.1f", rate) : "",
          layer.macs ? text("%.1f%%", percentOfPeak(rate, result)) : "",
          layer.macs ? text("%.0f%%", percent(layer.computeMs, layer.ms)) : "",
          text("%.0f%%", percent(layer.memoryMs, layer.ms))};
}

static void printLayers(raw_ostream &stream, const Manifest &manifest, const std::vector<LayerRoof> &layers,
                        const LayerRoof &all, const BenchResult &result) {
  using Column = TextTable::Column;
  // With the columns before it, at most 120 columns.
  const size_t layerWidth = 24, nodeWidth = 34;
  std::vector<Column> columns = rateColumns;
  columns.insert(columns.end(), {{"limit"}, {"layer", Column::Left, layerWidth}, {"kernel", Column::Right}, {"node"}});
  TextTable table(columns);
  for (auto [step, layer] : zip(manifest.steps, layers)) {
    std::vector<std::string> cells = rates(layer, all, result);
    cells.insert(cells.end(), {layer.limit(), manifest.kernels[step.kernel].layer, std::to_string(step.kernel),
                               fitMiddle(step.node, nodeWidth)});
    table.row(cells);
  }
  stream << "\nlayers in the order of the network, median of each; kernels are numbered as in 'resc inspect':\n";
  table.print(stream);
}

static void printClasses(raw_ostream &stream, const Manifest &manifest, const std::vector<LayerRoof> &layers,
                         const LayerRoof &all, const BenchResult &result) {
  using Column = TextTable::Column;
  std::vector<Column> columns = rateColumns;
  columns.insert(columns.end(), {{"roof ms", Column::Right},
                                 {"lost ms", Column::Right},
                                 {"limit"},
                                 {"calls", Column::Right},
                                 {"layer", Column::Left, 40},
                                 {"algorithm", Column::Left, 20}});
  TextTable table(columns);
  auto row = [&](const LayerRoof &sum, const std::string &layer, const std::string &algorithm) {
    std::vector<std::string> cells = rates(sum, all, result);
    cells.insert(cells.end(), {text("%.4f", sum.roofMs), text("%.4f", sum.lostMs), sum.limit(),
                               std::to_string(sum.calls), layer, algorithm});
    table.row(cells);
  };
  for (const LayerClass &sum : layerClasses(manifest, layers))
    row(sum, sum.layer, sum.algorithm);
  row(all, "all", "");
  stream << "\nby shape, what loses most against the roofline first";
  if (result.peakGflops > 0 && result.readGbytesPerSecond > 0)
    stream << format(" (%.1f GFLOP/s, and %.1f GB/s read from memory)", result.peakGflops, result.readGbytesPerSecond);
  stream << ":\n";
  table.print(stream);
}

void printLayerReport(raw_ostream &stream, const Manifest &manifest, const BenchResult &result) {
  std::vector<LayerRoof> layers = layerRoofs(manifest, result);
  LayerRoof all = sumOf(layers);
  printLayers(stream, manifest, layers, all, result);
  printClasses(stream, manifest, layers, all, result);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

void writeNumber(json::OStream &json, StringRef key, double value) {
  json.attributeBegin(key);
  json.rawValue(jsonNumber(value));
  json.attributeEnd();
}

/// What layers and their sums have in common.
static void writeRates(json::OStream &json, const LayerRoof &layer, const LayerRoof &all, const BenchResult &result) {
  auto number = [&](StringRef key, double value) { writeNumber(json, key, value); };
  number("ms", layer.ms);
  number("share", percent(layer.ms, all.ms) / 100);
  number("gflops", layer.gflops());
  number("percent_of_peak", percentOfPeak(layer.gflops(), result));
  number("percent_of_fma", percent(layer.computeMs, layer.ms));
  number("percent_of_dram", percent(layer.memoryMs, layer.ms));
  number("gbytes_per_s", layer.gigabytesPerSecond());
  json.attribute("macs", layer.macs);
  json.attribute("executed_macs", layer.executedMacs);
  json.attribute("bytes", layer.bytes);
  number("compute_ms", layer.computeMs);
  number("memory_ms", layer.memoryMs);
  number("roof_ms", layer.roofMs);
  number("lost_ms", layer.lostMs);
  json.attribute("limit", layer.limit());
}

void writeLayerReport(json::OStream &json, const Manifest &manifest, const BenchResult &result) {
  std::vector<LayerRoof> layers = layerRoofs(manifest, result);
  LayerRoof all = sumOf(layers);
  writeNumber(json, "read_gbytes_per_s", result.readGbytesPerSecond > 0 ? result.readGbytesPerSecond : NAN);
  writeNumber(json, "roof_ms", all.roofMs);
  writeNumber(json, "lost_ms", all.lostMs);
  json.attributeArray("layers", [&] {
    for (auto [step, layer] : zip(manifest.steps, layers)) {
      const Manifest::Kernel &kernel = manifest.kernels[step.kernel];
      json.object([&, &step = step, &layer = layer] {
        json.attribute("node", step.node);
        json.attribute("op", step.op);
        json.attribute("layer", kernel.layer);
        json.attribute("algorithm", kernel.algorithm);
        json.attribute("kernel", kernel.name);
        writeRates(json, layer, all, result);
      });
    }
  });
  json.attributeArray("layer_classes", [&] {
    for (const LayerClass &sum : layerClasses(manifest, layers))
      json.object([&] {
        json.attribute("layer", sum.layer);
        json.attribute("algorithm", sum.algorithm);
        json.attribute("calls", sum.calls);
        writeRates(json, sum, all, result);
      });
  });
}

} // namespace res
