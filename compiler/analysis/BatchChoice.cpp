//===- BatchChoice.cpp - how many images go through at once -----*- C++ -*-===//

#include "compiler/analysis/BatchChoice.h"

using namespace res;

/// Bytes of memory traffic for an image beyond what any choice needs. Activations stay in the last cache up to half of it,
/// as weights stream through the rest: of a batch of 8, ResNet-50 (7 MB live) took 0.91 of the time in turns of 1 or 2 that
/// it took in turns of 4 or 8, where the layers at 56x56 and 28x28 lost most (Zen 5, 32 MB). Weights of convolutions do not
/// count: there is enough arithmetic behind them, also for one image.
static double costOf(int64_t images, const ImageWork &work, const TargetModel &target) {
  const bool overflows = images * work.live > target.lastCacheBytes / 2;
  return double(work.denseWeights) / double(images) + (overflows ? double(work.traffic) : 0.0);
}

int64_t res::chooseImages(int64_t batch, const ImageWork &work, const TargetModel &target) {
  int64_t best = batch;
  for (int64_t images = batch - 1; images >= 1; --images)
    if (batch % images == 0 && costOf(images, work, target) < costOf(best, work, target))
      best = images;
  return best;
}
