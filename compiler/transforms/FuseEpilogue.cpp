//===- FuseEpilogue.cpp - elementwise work into its producer ----*- C++ -*-===//
//
// Moves kernels of one activation that are elementwise into the kernel that computes the activation. Those of several first
// become one with the elementwise kernels that compute only for them: x * sigmoid(x) reads one activation then.
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
        while (KernelOp producer = chooseProducer(kernel)) {
          kernel = fuseIntoProducer(producer, kernel);
          ++numFused;
          if (!isElementwiseKernel(kernel))
            break;
        }
      }
    }
  }

  static KernelOp chooseProducer(KernelOp kernel) {
    SmallVector<Value> activations(llvm::make_filter_range(kernel.getInputs(), isActivation));
    for (Value activation : activations) {
      KernelOp producer = getEpilogueProducer(activation, kernel);
      if (producer && (activations.size() == 1 || isElementwiseKernel(producer)))
        return producer;
    }
    return {};
  }
};

} // namespace
