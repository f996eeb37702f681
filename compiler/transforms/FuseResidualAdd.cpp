//===- FuseResidualAdd.cpp - residual additions into kernels ----*- C++ -*-===//
//
// Moves the addition that closes a residual block into the kernel of the branch that is computed last, and gates and other
// elementwise work on several activations just so.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"

#define DEBUG_TYPE "res-fuse-residual-add"

namespace res {
#define GEN_PASS_DEF_FUSERESIDUALADDPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct FuseResidualAddPass : res::impl::FuseResidualAddPassBase<FuseResidualAddPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<KernelOp> kernels(function.getOps<KernelOp>());
      for (KernelOp kernel : kernels)
        if (KernelOp producer = chooseProducer(kernel)) {
          fuseIntoProducer(producer, kernel);
          ++numFused;
        }
    }
  }

  static bool multiplies(KernelOp kernel) { return isa<ConvOp, GemmOp>(kernel.getAnchor()); }

  /// The kernel that an addition joins: of the addends' producers that nothing else reads, a layer rather than one that
  /// moves data (its epilogue hides behind the arithmetic), then the last one. Its result would otherwise be written
  /// and read back at once, while the other addend has to wait in memory anyway.
  KernelOp chooseProducer(KernelOp kernel) {
    if (!isElementwiseKernel(kernel) || llvm::count_if(kernel.getInputs(), isActivation) < 2)
      return {};
    KernelOp chosen;
    for (Value input : kernel.getInputs()) {
      if (!isActivation(input))
        continue;
      KernelOp producer = getEpilogueProducer(input, kernel);
      if (!producer)
        continue;
      bool isLater = chosen && multiplies(chosen) == multiplies(producer) && chosen->isBeforeInBlock(producer);
      if (!chosen || isLater || (multiplies(producer) && !multiplies(chosen)))
        chosen = producer;
    }
    return chosen;
  }
};

} // namespace
