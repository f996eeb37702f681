//===- ApplyLayouts.cpp - decided layouts into types ------------*- C++ -*-===//
//
// Puts the layouts that were decided for the results of kernels into the types of everything they reach.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"

#define DEBUG_TYPE "res-apply-layouts"

namespace res {
#define GEN_PASS_DEF_APPLYLAYOUTSPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct ApplyLayoutsPass : res::impl::ApplyLayoutsPassBase<ApplyLayoutsPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (auto kernel : function.getOps<KernelOp>())
        if (failed(apply(kernel)))
          return signalPassFailure();
  }

  static Type withLayout(Type type, Attribute layout) {
    auto tensor = cast<RankedTensorType>(type);
    return RankedTensorType::get(tensor.getShape(), tensor.getElementType(), isa<UnitAttr>(layout) ? Attribute() : layout);
  }

  /// Kernels come in order of definition, so the inputs of this one have their final types.
  LogicalResult apply(KernelOp kernel) {
    ArrayAttr layouts = kernel.getLayoutsAttr();
    if (!layouts)
      return success();
    if (layouts.size() != kernel.getNumResults())
      return kernel.emitOpError("expected a layout for each of ") << kernel.getNumResults() << " results, got " << layouts.size();
    for (auto [argument, input] : llvm::zip(kernel.getBody().getArguments(), kernel.getInputs()))
      argument.setType(input.getType());
    // All maps inside a kernel share the layout of its results: elementwise operations work lane by lane.
    for (Operation &op : kernel.getBody().front().without_terminator())
      for (Value result : op.getResults())
        if (cast<RankedTensorType>(result.getType()).getRank() == 4)
          result.setType(withLayout(result.getType(), layouts[0]));
    for (auto [result, yielded] : llvm::zip(kernel.getOutputs(), kernel.getYield().getValues()))
      result.setType(yielded.getType());
    kernel.removeLayoutsAttr();
    return success();
  }
};

} // namespace
