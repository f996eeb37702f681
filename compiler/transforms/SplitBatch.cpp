//===- SplitBatch.cpp - a batch in turns of some images ---------*- C++ -*-===//
//
// Images never meet in a network, so it may be run for some of them after the others. @main becomes the network for one
// turn, and says in res.turns how many there are. Of a model of any batch it is @main_together that gets fewer images.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/BatchChoice.h"
#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"
#include "dialect/ResViews.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

#define DEBUG_TYPE "res-split-batch"

namespace res {
#define GEN_PASS_DEF_SPLITBATCHPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The batch that all activations share in their first dimension, or 0.
static int64_t batchOf(func::FuncOp main) {
  int64_t batch = 0;
  auto shares = [&](Value value) {
    ArrayRef<int64_t> shape = typeOf(value).getShape();
    if (shape.empty() || (batch && shape[0] != batch))
      return false;
    batch = shape[0];
    return true;
  };
  bool all = llvm::all_of(main.getArguments(), shares);
  for (auto kernel : main.getOps<KernelOp>())
    for (Operation &op : kernel.getBody().front().without_terminator())
      all = all && llvm::all_of(op.getResults(), shares);
  return all ? batch : 0;
}

/// Whether an operation computes each image from the same image of its operand.
static bool keepsImagesApart(Operation *op) {
  // A constant that is added has images of its own.
  if (auto kernel = dyn_cast<KernelOp>(op))
    return llvm::none_of(llvm::zip(kernel.getBody().getArguments(), kernel.getInputs()), [](auto both) {
      auto [inner, outer] = both;
      return !isActivation(outer) && llvm::any_of(inner.getUsers(), [](Operation *user) { return isa<AddOp, BinaryOp, ReshapeOp>(user); });
    });
  if (auto concat = dyn_cast<ConcatOp>(op))
    return concat.getAxis() > 0;
  if (auto slice = dyn_cast<SliceOp>(op))
    return slice.getOffsets()[0] == 0 && slice.getStrides()[0] == 1;
  if (auto pad = dyn_cast<PadOp>(op))
    return pad.getLow()[0] == 0; // and as many images as before, or batchOf would have found none
  return true;
}

namespace {

struct SplitBatchPass : res::impl::SplitBatchPassBase<SplitBatchPass> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main)
      return;
    Operation *mixing = nullptr;
    module.walk([&](Operation *op) {
      mixing = keepsImagesApart(op) ? nullptr : op;
      return mixing ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (!takesAnyBatch(main)) {
      if (const int64_t batch = main->hasAttr(kTurnsAttr) || mixing ? 0 : batchOf(main); batch > 1)
        splitInto(main, batch, [&](int64_t turns) {
          main->setAttr(kTurnsAttr, Builder(&getContext()).getI64IntegerAttr(turns));
        });
      return;
    }
    auto together = module.lookupSymbol<func::FuncOp>(kTogetherFunction);
    const int64_t batch = together ? batchOf(together) : 0;
    if (mixing || batchOf(main) != 1 || (together && batch < 2)) {
      (mixing ? mixing : main)->emitError("expected images that do not meet, as the model takes any batch; expected --batch N");
      return signalPassFailure();
    }
    // The least memory is that of one image.
    if (together && module->hasAttr(kMemoryLimitAttr))
      together.erase();
    else if (together)
      splitInto(together, batch, [&](int64_t turns) {
        if (turns == batch)
          together.erase();
      });
  }

  /// Gives a program the images of a turn, and calls `done` with the number of turns if these are several.
  void splitInto(func::FuncOp main, int64_t batch, llvm::function_ref<void(int64_t)> done) {
    ModuleOp module = getOperation();
    auto targetAttr = module->getAttrOfType<StringAttr>(kTargetAttr);
    llvm::Expected<std::vector<TargetModel>> models = TargetModel::getAll(targetAttr ? targetAttr.getValue() : "host");
    if (!models) {
      module.emitError() << llvm::toString(models.takeError());
      return signalPassFailure();
    }
    const int64_t chosen = images > 0 ? int64_t(images) : chooseImages(batch, workOf(main, batch), models->front());
    if (batch % chosen) {
      main.emitError() << "expected images that divide the batch of " << batch << ", got " << chosen;
      return signalPassFailure();
    }
    if (chosen == batch)
      return;
    narrowTo(main, chosen);
    done(batch / chosen);
  }

  static ImageWork workOf(func::FuncOp main, int64_t batch) {
    ImageWork work;
    for (auto kernel : main.getOps<KernelOp>()) {
      if (isView(kernel))
        continue;
      int64_t bytes = 0;
      for (Value value : llvm::concat<Value>(SmallVector<Value>(kernel.getInputs()), SmallVector<Value>(kernel.getOutputs())))
        bytes += isActivation(value) ? getStorageBytes(typeOf(value)) / batch : 0;
      work.live = std::max(work.live, bytes);
      work.traffic += bytes;
      if (auto gemm = dyn_cast<GemmOp>(kernel.getAnchor()))
        work.denseWeights += getStorageBytes(gemm.getWeight().getType());
    }
    return work;
  }

  /// Every activation gets `chosen` images.
  void narrowTo(func::FuncOp main, int64_t chosen) {
    auto narrow = [&](Value value) {
      SmallVector<int64_t> shape(typeOf(value).getShape());
      shape[0] = chosen;
      value.setType(typeOf(value).clone(shape));
    };
    llvm::for_each(main.getArguments(), narrow);
    for (auto kernel : main.getOps<KernelOp>()) {
      for (auto [inner, outer] : llvm::zip(kernel.getBody().getArguments(), kernel.getInputs()))
        if (isActivation(outer))
          narrow(inner);
      for (Operation &op : kernel.getBody().front().without_terminator())
        llvm::for_each(op.getResults(), narrow);
      llvm::for_each(kernel.getOutputs(), narrow);
    }
    Builder builder(&getContext());
    main.setFunctionType(builder.getFunctionType(main.getBody().getArgumentTypes(),
                                                 main.getBody().front().getTerminator()->getOperandTypes()));
  }
};

} // namespace
