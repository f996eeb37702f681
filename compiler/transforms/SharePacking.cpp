//===- SharePacking.cpp - weights that all batches share --------*- C++ -*-===//
//
// A model of any batch has its network twice, for one image and for several, and its weights once. The network for one image
// has chosen how they are packed; mostly that for several has chosen the same.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/KernelSchedules.h"
#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"
#include "dialect/ResViews.h"

#include "mlir/IR/Builders.h"

#include <map>

#define DEBUG_TYPE "res-share-packing"

namespace res {
#define GEN_PASS_DEF_SHAREPACKINGPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

/// The filter or matrix that a kernel's anchor reads, outside of the kernel; null where there is none.
static Value getWeight(KernelOp kernel) {
  Operation *anchor = kernel.getAnchor();
  auto inner = isa<ConvOp, GemmOp>(anchor) ? dyn_cast<BlockArgument>(anchor->getOperand(1)) : BlockArgument();
  Value outer = inner ? kernel.getInputs()[inner.getArgNumber()] : Value();
  return outer && !isActivation(outer) ? outer : Value();
}

/// What of a kernel's schedules says how its weight is packed. Direct and grouped convolutions read one packing.
static SmallVector<int64_t> getPacking(KernelOp kernel) {
  Attribute first = kernel.getSchedulesAttr().begin()->getValue();
  if (auto winograd = dyn_cast<WinogradAttr>(first)) {
    const bool isStored = winograd.getWeights() == TransformedWeights::stored;
    return {getPackedBlocks(kernel.getSchedulesAttr()), isStored ? int64_t(winograd.getTile()) : 0};
  }
  auto dense = dyn_cast<DenseAttr>(first);
  return {dense ? int64_t(dense.getBlocks()) : 0};
}

namespace {

struct SharePackingPass : res::impl::SharePackingPassBase<SharePackingPass> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main"), together = module.lookupSymbol<func::FuncOp>(kTogetherFunction);
    if (!main || !together)
      return;
    auto targetAttr = module->getAttrOfType<StringAttr>(kTargetAttr);
    llvm::Expected<std::vector<TargetModel>> models = TargetModel::getAll(targetAttr ? targetAttr.getValue() : "host");
    if (!models) {
      module.emitError() << llvm::toString(models.takeError());
      return signalPassFailure();
    }
    const Readers chosen = collectReaders(main);
    for (auto &[key, readers] : collectReaders(together))
      if (auto entry = chosen.find(key); entry != chosen.end())
        for (auto [index, kernel] : llvm::enumerate(readers))
          follow(kernel, entry->second[std::min(index, entry->second.size() - 1)], *models);
  }

  using Readers = std::map<std::vector<const void *>, SmallVector<KernelOp>>;

  /// The kernels that read each weight, in their order.
  static Readers collectReaders(func::FuncOp program) {
    Readers readers;
    for (auto kernel : program.getOps<KernelOp>())
      if (Value weight = getWeight(kernel); weight && kernel.getSchedulesAttr() && !kernel.getSchedulesAttr().empty())
        readers[getWeightKey(weight)].push_back(kernel);
    return readers;
  }

  /// Lets a kernel read the weights of another. Where no schedule can, the weights are packed twice.
  void follow(KernelOp kernel, KernelOp chosen, ArrayRef<TargetModel> models) {
    if (getPacking(kernel) == getPacking(chosen))
      return;
    SmallVector<Decision> decisions;
    for (const TargetModel &model : models) {
      Attribute packed = decisions.empty() ? chosen.getSchedulesAttr().get(model.name) : decisions.front().schedule;
      FailureOr<Decision> decision = failure();
      if (packed)
        decision = chooseSchedule(kernel, model, preferenceOf(getOperation()), {}, packed, /*sameBlocks=*/decisions.empty());
      if (failed(decision))
        return;
      decisions.push_back(*decision);
    }
    leaveBands(kernel, models);
    setSchedules(kernel, models, decisions);
    ++numChanged;
  }

  /// The estimate is that of the first target.
  static void setSchedules(KernelOp kernel, ArrayRef<TargetModel> models, ArrayRef<Decision> decisions) {
    for (auto [model, decision] : llvm::reverse(llvm::zip_equal(models, decisions)))
      setSchedule(kernel, model, decision);
  }

  /// Kernels that were to be computed together with this one are on their own again, with their packings.
  void leaveBands(KernelOp kernel, ArrayRef<TargetModel> models) {
    for (KernelOp stage : findStages(kernel)) {
      stage->removeAttr(kBandsAttr);
      SmallVector<Decision> decisions;
      for (const TargetModel &model : models)
        if (FailureOr<Decision> decision = chooseSchedule(stage, model, preferenceOf(getOperation()), {},
                                                                stage.getSchedulesAttr().get(model.name));
            succeeded(decision))
          decisions.push_back(*decision);
      if (decisions.size() == models.size())
        setSchedules(stage, models, decisions);
    }
  }

  /// The kernels that were to be computed together with this one, itself among them; none where it is alone.
  static SmallVector<KernelOp> findStages(KernelOp kernel) {
    for (auto last : kernel->getParentOfType<func::FuncOp>().getOps<KernelOp>()) {
      auto bands = last->getAttrOfType<BandsAttr>(kBandsAttr);
      SmallVector<KernelOp> stages;
      for (KernelOp next = bands ? last : KernelOp(); next && int64_t(stages.size()) < bands.getStages();) {
        stages.push_back(next);
        next = next.getInputs().empty() ? KernelOp() : getSoleProducer(next.getInputs().front(), next);
      }
      if (llvm::is_contained(stages, kernel))
        return stages;
    }
    return {};
  }
};

} // namespace
