//===- FuseEpilogue.cpp - elementwise work into its producer ----*- C++ -*-===//
//
// Moves kernels of one activation that are elementwise into the kernel that computes the activation.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"

#define DEBUG_TYPE "res-fuse-epilogue"

namespace res {
#define GEN_PASS_DEF_FUSEEPILOGUEPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct FuseEpiloguePass : res::impl::FuseEpiloguePassBase<FuseEpiloguePass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      // In order of definition a chain collapses into its head, one link after the other.
      SmallVector<KernelOp> kernels(function.getOps<KernelOp>());
      for (KernelOp kernel : kernels) {
        if (!isElementwiseKernel(kernel))
          continue;
        SmallVector<Value> activations(llvm::make_filter_range(kernel.getInputs(), isActivation));
        if (activations.size() != 1)
          continue;
        if (KernelOp producer = getSoleProducer(activations.front(), kernel)) {
          fuseIntoProducer(producer, kernel);
          ++numFused;
        }
      }
    }
  }
};

} // namespace
