//===- TileBottleneck.cpp - blocks computed band by band --------*- C++ -*-===//
//
// Merges the kernels of a residual block that were decided to be one, so that what lies between them never is a tensor.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"

#define DEBUG_TYPE "res-tile-bottleneck"

namespace res {
#define GEN_PASS_DEF_TILEBOTTLENECKPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct TileBottleneckPass : res::impl::TileBottleneckPassBase<TileBottleneckPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<KernelOp> kernels;
      for (auto kernel : function.getOps<KernelOp>())
        if (kernel->hasAttr(kBandsAttr))
          kernels.push_back(kernel);
      for (KernelOp kernel : kernels)
        if (failed(merge(kernel)))
          return signalPassFailure();
    }
  }

  /// The kernels that `last` is computed with, itself included, in the order of the data.
  static FailureOr<SmallVector<KernelOp>> collectStages(KernelOp last, int64_t count) {
    auto isStage = [](KernelOp kernel) { return getAnchors(kernel.getBody().front()).size() == 1; };
    SmallVector<KernelOp> stages{last};
    while (int64_t(stages.size()) < count) {
      KernelOp reader = stages.front();
      KernelOp producer = reader.getInputs().empty() ? KernelOp() : getSoleProducer(reader.getInputs().front(), reader);
      if (!producer || producer.getNumResults() != 1 || !isStage(producer) || !isStage(last))
        return last.emitOpError("expected ") << count << " kernels with one anchor, of which each reads the one before it, as its "
                                                         "first input and nothing else does, got " << stages.size();
      stages.insert(stages.begin(), producer);
    }
    return stages;
  }

  LogicalResult merge(KernelOp last) {
    auto bands = last->getAttrOfType<BandsAttr>(kBandsAttr);
    if (!bands || bands.getStages() < 2)
      return last.emitOpError("expected '") << kBandsAttr << "' to be a #res.bands of at least two stages";
    FailureOr<SmallVector<KernelOp>> stages = collectStages(last, bands.getStages());
    if (failed(stages))
      return failure();
    NamedAttrList schedules;
    DictionaryAttr own = last.getSchedulesAttr();
    for (NamedAttribute entry : own ? own.getValue() : ArrayRef<NamedAttribute>()) {
      SmallVector<Attribute> parts;
      for (KernelOp stage : *stages)
        if (DictionaryAttr theirs = stage.getSchedulesAttr(); theirs && theirs.contains(entry.getName()))
          parts.push_back(theirs.get(entry.getName()));
      if (parts.size() != stages->size())
        return last.emitOpError("expected a schedule for ") << entry.getName() << " of each kernel that it is computed with";
      schedules.set(entry.getName(), BandedAttr::get(&getContext(), bands.getRows(), bands.getStep(), bands.getSerial(), parts));
    }
    if (schedules.empty())
      return last.emitOpError("expected a schedule of each kernel that it is computed with");
    ArrayAttr layouts = last.getLayoutsAttr();
    KernelOp merged = stages->front();
    for (KernelOp stage : llvm::drop_begin(*stages)) {
      merged = fuseIntoProducer(merged, stage);
      ++numMerged;
    }
    merged.setSchedulesAttr(schedules.getDictionary(&getContext()));
    if (layouts)
      merged.setLayoutsAttr(layouts);
    return success();
  }
};

} // namespace
