//===- HalideCompile.h - Halide pipelines to objects ------------*- C++ -*-===//

#ifndef RES_COMPILER_CODEGEN_HALIDECOMPILE_H
#define RES_COMPILER_CODEGEN_HALIDECOMPILE_H

#include "compiler/codegen/InsertPrefetches.h"
#include "compiler/codegen/KernelEmitter.h"
#include "compiler/codegen/PermuteLoads.h"

#include <Halide.h>

#include <functional>

namespace res {

/// Bytes of scratch: outside parallel loops, and inside them.
struct ScratchBytes {
  int64_t shared, worker;
};

/// Makes every bound and stride of a dense buffer a constant; extents innermost first.
template <typename Param> void fixShape(Param param, const std::vector<int> &extents) {
  int stride = 1;
  for (size_t i = 0; i < extents.size(); ++i) {
    param.dim(int(i)).set_bounds(0, extents[i]).set_stride(stride);
    stride *= extents[i];
  }
}

/// Runs `work` and returns what it returns, or the message of what Halide throws (which is no std::exception).
std::string catchHalide(const std::function<std::string()> &work);

/// Lowers and compiles a pipeline for a target. Fails when it allocates more scratch than `planned`: the
/// runtime has no more to give. `permuted`: buffers of blocks whose lanes are permuted (permuteLoads). Returns an error message or "".
std::string compileKernel(Halide::Func output, const std::vector<Halide::ImageParam> &arguments, const std::string &name,
                          const TargetModel &target, ScratchBytes planned, const std::vector<PrefetchPlan> &prefetches,
                          const std::set<std::string> &permuted, const KernelFiles &files);

} // namespace res

#endif // RES_COMPILER_CODEGEN_HALIDECOMPILE_H
