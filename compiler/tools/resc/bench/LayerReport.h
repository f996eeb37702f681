//===- LayerReport.h - layers against the roofline --------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_BENCH_LAYERREPORT_H
#define RES_COMPILER_TOOLS_RESC_BENCH_LAYERREPORT_H

#include "compiler/tools/resc/bench/BenchReport.h"

namespace res {

/// For people: a table of the layers, at most 120 columns wide, and one of what is lost, by shape.
void printLayerReport(llvm::raw_ostream &stream, const Manifest &manifest, const BenchResult &result);

/// The same numbers as attributes of the JSON object that is being written.
void writeLayerReport(llvm::json::OStream &json, const Manifest &manifest, const BenchResult &result);

/// A number, or null where JSON has none.
void writeNumber(llvm::json::OStream &json, llvm::StringRef key, double value);

} // namespace res

#endif
