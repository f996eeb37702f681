//===- UniqueKernels.cpp - the kernels of a model, and what they might be *- C++ -*-===//

#include "compiler/tools/resc-compiler/tune/UniqueKernels.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace res;

/// In the order of the steps that they become.
static SmallVector<KernelOp> kernelsOf(ModuleOp decided) {
  return SmallVector<KernelOp>(decided.lookupSymbol<func::FuncOp>("main").getOps<KernelOp>());
}

/// What was decided, then the others that the cost model lists.
static llvm::SmallVector<Decision> candidatesOf(KernelOp kernel, const TargetModel &target) {
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
