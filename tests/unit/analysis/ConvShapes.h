//===- ConvShapes.h - convolutions for tests of the cost model --*- C++ -*-===//

#ifndef RES_TESTS_UNIT_ANALYSIS_CONVSHAPES_H
#define RES_TESTS_UNIT_ANALYSIS_CONVSHAPES_H

#include "compiler/analysis/ScheduleChoice.h"

namespace res {

inline TargetModel target(const char *name) { return llvm::cantFail(TargetModel::get(name)); }

/// One image; `size` is that of the square output. Padded where the kernel is larger than one, blocked beyond three channels.
inline ConvShape makeShape(int64_t channels, int64_t filters, int64_t size, int64_t kernel, int64_t stride) {
  ConvShape s{};
  s.batch = 1, s.channels = channels, s.filters = filters, s.groups = 1;
  s.inputHeight = s.inputWidth = size * stride, s.outputHeight = s.outputWidth = size;
  s.kernelHeight = s.kernelWidth = kernel, s.strideY = s.strideX = stride;
  s.padded = kernel > 1, s.blocked = channels > 3;
  return s;
}

} // namespace res

#endif // RES_TESTS_UNIT_ANALYSIS_CONVSHAPES_H
