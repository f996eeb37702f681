//===- UniqueKernels.cpp - the kernels of a model, and what they might be *- C++ -*-===//

#include "compiler/tools/resc-compiler/tune/UniqueKernels.h"

#include "dialect/ResViews.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace res;

/// The kernels that are computed together in bands, which end with `last`, or it alone: in the order of the data.
static SmallVector<KernelOp> stagesOf(KernelOp last) {
  SmallVector<KernelOp> stages{last};
  auto bands = last->getAttrOfType<BandsAttr>(kBandsAttr);
  for (int64_t more = bands ? int64_t(bands.getStages()) - 1 : 0; more > 0; --more)
    stages.insert(stages.begin(), stages.front().getInputs().front().getDefiningOp<KernelOp>());
  return stages;
}

/// The kernels that become steps, in their order: of those in bands the last.
static SmallVector<KernelOp> kernelsOf(ModuleOp decided) {
  SmallVector<KernelOp> kernels(decided.lookupSymbol<func::FuncOp>("main").getOps<KernelOp>());
  llvm::SmallPtrSet<Operation *, 16> merged;
  for (KernelOp kernel : kernels)
    for (KernelOp stage : llvm::drop_end(stagesOf(kernel)))
      merged.insert(stage);
  llvm::erase_if(kernels, [&](KernelOp kernel) { return merged.contains(kernel) || isView(kernel); });
  return kernels;
}

/// Kernels in bands keep what was decided for them together: other schedules need not fit the rows of a step.
static Decision decisionInBands(ArrayRef<KernelOp> stages, const TargetModel &target) {
  auto bands = stages.back()->getAttrOfType<BandsAttr>(kBandsAttr);
  SmallVector<Attribute> schedules;
  double estimate = 0;
  for (KernelOp stage : stages) {
    schedules.push_back(stage.getSchedulesAttr().get(target.name));
    estimate += stage.getEstimateUs() ? stage.getEstimateUs()->convertToDouble() : 0.0;
  }
  return {BandedAttr::get(bands.getContext(), bands.getRows(), bands.getStep(), bands.getSerial(), schedules), estimate};
}

/// What was decided, then the others that the cost model lists.
static llvm::SmallVector<Decision> candidatesOf(KernelOp kernel, const TargetModel &target) {
  if (SmallVector<KernelOp> stages = stagesOf(kernel); stages.size() > 1)
    return {decisionInBands(stages, target)};
  llvm::SmallVector<Decision> listed = listSchedules(kernel, target);
  Attribute decided = kernel.getSchedulesAttr() ? kernel.getSchedulesAttr().get(target.name) : Attribute();
  if (!decided)
    return listed;
  llvm::erase_if(listed, [&](const Decision &candidate) { return candidate.schedule == decided; });
  FloatAttr estimate = kernel.getEstimateUsAttr();
  listed.insert(listed.begin(), Decision{decided, estimate ? estimate.getValueAsDouble() : 0});
  return listed;
}

llvm::Expected<std::vector<UniqueKernel>> res::findUniqueKernels(ModuleOp decided, ModuleOp planned,
                                                                 const TargetModel &target) {
  SmallVector<KernelOp> kernels = kernelsOf(decided);
  SmallVector<CallOp> calls(planned.lookupSymbol<func::FuncOp>("main").getOps<CallOp>());
  if (kernels.size() != calls.size())
    return llvm::createStringError("expected a call for each of " + llvm::Twine(kernels.size()) + " kernels, got " +
                                   llvm::Twine(calls.size()));
  std::vector<UniqueKernel> unique;
  llvm::StringMap<size_t> indexOf;
  for (auto [step, kernel] : llvm::enumerate(kernels)) {
    llvm::StringRef name = calls[step].getCallee();
    auto [entry, isNew] = indexOf.try_emplace(name, unique.size());
    if (isNew)
      unique.push_back({name.str(), {}, candidatesOf(kernel, target)});
    unique[entry->second].steps.push_back(step);
  }
  return unique;
}

void res::applyChoice(ModuleOp decided, llvm::ArrayRef<UniqueKernel> unique, const Choice &choice,
                      const TargetModel &target) {
  SmallVector<KernelOp> kernels = kernelsOf(decided);
  for (auto [kernel, chosen] : llvm::zip_equal(unique, choice))
    if (chosen) // else it keeps what was decided
      for (size_t step : kernel.steps)
        setSchedule(kernels[step], target, kernel.candidates[chosen]);
}
