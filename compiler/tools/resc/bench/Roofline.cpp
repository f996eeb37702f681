//===- Roofline.cpp - what a layer could reach on this machine --*- C++ -*-===//

#include "compiler/tools/resc/bench/Roofline.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace res {

void LayerRoof::add(const LayerRoof &other) {
  macs += other.macs, executedMacs += other.executedMacs, bytes += other.bytes, calls += other.calls;
  ms += other.ms, computeMs += other.computeMs, memoryMs += other.memoryMs;
  roofMs += other.roofMs, lostMs += other.lostMs;
}

double LayerRoof::gflops() const { return ms > 0 ? 2e-6 * macs / ms : 0; }

double LayerRoof::gigabytesPerSecond() const { return ms > 0 ? 1e-6 * bytes / ms : NAN; }

const char *LayerRoof::limit() const {
  if (!std::isfinite(roofMs))
    return "";
  if (computeMs + memoryMs < 0.5 * ms)
    return "overhead";
  return computeMs >= memoryMs ? "compute" : "memory";
}

std::vector<LayerRoof> layerRoofs(const Manifest &manifest, const BenchResult &result) {
  // 2 * 10^-6 GFLOP per multiply-add and millisecond; an unknown peak makes the times infinite or undefined.
  const double msPerMac = result.peakGflops > 0 ? 2e-6 / result.peakGflops : NAN;
  const double msPerByte = result.readGbytesPerSecond > 0 ? 1e-6 / result.readGbytesPerSecond : NAN;
  std::vector<LayerRoof> layers;
  for (auto [step, ms] : zip(manifest.steps, result.layers)) {
    LayerRoof layer;
    layer.macs = step.macs, layer.executedMacs = manifest.turns * manifest.kernels[step.kernel].executedMacs;
    layer.bytes = step.bytes, layer.calls = 1;
    layer.ms = ms;
    layer.computeMs = layer.executedMacs * msPerMac, layer.memoryMs = layer.bytes * msPerByte;
    layer.roofMs = layer.computeMs > layer.memoryMs ? layer.computeMs : layer.memoryMs;
    layer.lostMs = layer.ms > layer.roofMs ? layer.ms - layer.roofMs : 0;
    if (std::isnan(msPerMac + msPerByte))
      layer.roofMs = layer.lostMs = NAN;
    layers.push_back(layer);
  }
  return layers;
}

std::vector<LayerClass> layerClasses(const Manifest &manifest, const std::vector<LayerRoof> &layers) {
  std::vector<LayerClass> classes;
  for (auto [step, layer] : zip(manifest.steps, layers)) {
    const Manifest::Kernel &kernel = manifest.kernels[step.kernel];
    auto same = llvm::find_if(
        classes, [&](const LayerClass &c) { return c.layer == kernel.layer && c.algorithm == kernel.algorithm; });
    if (same == classes.end()) {
      same = classes.insert(same, LayerClass());
      same->layer = kernel.layer, same->algorithm = kernel.algorithm;
    }
    same->add(layer);
  }
  llvm::stable_sort(classes, [](const LayerClass &a, const LayerClass &b) {
    return std::isnan(a.lostMs) ? a.ms > b.ms : a.lostMs > b.lostMs;
  });
  return classes;
}

} // namespace res
