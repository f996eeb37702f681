//===- BatchChoice.h - how many images go through at once -------*- C++ -*-===//
//
// A batch may go through a network in turns of some images each. Few at once keep what one layer hands to the next in the
// caches; many read weights once for all of them.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_BATCHCHOICE_H
#define RES_COMPILER_ANALYSIS_BATCHCHOICE_H

#include "compiler/analysis/TargetModel.h"

namespace res {

/// What a network does for one image. Sizes in bytes.
struct ImageWork {
  int64_t live = 0;         // activations that a layer reads and writes, the most of all layers
  int64_t traffic = 0;      // the same, the sum of all layers
  int64_t denseWeights = 0; // of fully connected layers, which take as long as reading them
};

/// The images of a turn: a divisor of the batch.
int64_t chooseImages(int64_t batch, const ImageWork &work, const TargetModel &target);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_BATCHCHOICE_H
