//===- Scratch.h - scratch memory of kernels --------------------*- C++ -*-===//

#ifndef RES_COMPILER_LOWERING_SCRATCH_H
#define RES_COMPILER_LOWERING_SCRATCH_H

#include "dialect/Res.h"

namespace res {

/// Bytes of scratch that the schedules of a kernel allocate, the most over all instruction sets.
struct Scratch {
  int64_t shared = 0; // outside parallel loops, by the calling worker
  int64_t worker = 0; // inside them, by each worker
};

/// The need of a kernel with layouts and schedules. Code generation compares what Halide allocates with it.
Scratch computeScratch(KernelOp kernel);

} // namespace res

#endif // RES_COMPILER_LOWERING_SCRATCH_H
