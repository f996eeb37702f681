//===- DecideSchedules.cpp - schedules and layouts as attributes *- C++ -*-===//
//
// Asks the cost model about every kernel and writes its answers beside the kernel. Nothing else changes.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/ScheduleChoice.h"
#include "compiler/transforms/KernelSchedules.h"
#include "compiler/transforms/Passes.h"
#include "dialect/ResViews.h"

#include "mlir/IR/Builders.h"

#define DEBUG_TYPE "res-decide-schedules"

namespace res {
#define GEN_PASS_DEF_DECIDESCHEDULESPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

namespace {

struct DecideSchedulesPass : res::impl::DecideSchedulesPassBase<DecideSchedulesPass> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::string name = target;
    if (auto attr = module->getAttrOfType<StringAttr>(kTargetAttr); attr && name.empty())
      name = attr.str();
    llvm::Expected<std::vector<TargetModel>> models = TargetModel::getAll(name.empty() ? "host" : name);
    if (!models) {
      module.emitError() << llvm::toString(models.takeError());
      return signalPassFailure();
    }
    for (auto function : module.getOps<func::FuncOp>())
      for (auto kernel : function.getOps<KernelOp>())
        if (failed(decide(kernel, *models)))
          return signalPassFailure();
  }

  /// The first target chooses, in a way that all can follow; a schedule that is there already has chosen before.
  LogicalResult decide(KernelOp kernel, ArrayRef<TargetModel> models) {
    Builder builder(&getContext());
    if (!kernel.getLayoutsAttr())
      kernel.setLayoutsAttr(builder.getArrayAttr(chooseLayouts(kernel)));
    if (isView(kernel))
      return success();
    NamedAttrList schedules(kernel.getSchedulesAttr());
    Attribute first = schedules.empty() ? Attribute() : schedules.begin()->getValue();
    for (const TargetModel &model : models) {
      if (schedules.get(model.name))
        continue;
      FailureOr<Decision> decision = chooseSchedule(kernel, model, models.drop_front(), first);
      if (failed(decision))
        return kernel.emitOpError("expected a schedule of another target whose packed weights ")
               << model.name << " can read, got " << first;
      schedules.set(model.name, decision->schedule);
      if (!first)
        first = decision->schedule;
      if (model.name == models.front().name)
        kernel.setEstimateUsAttr(builder.getF64FloatAttr(decision->estimate));
    }
    kernel.setSchedulesAttr(schedules.getDictionary(&getContext()));
    return success();
  }

  /// Maps are blocked, but for those that leave the model; everything else is row-major.
  SmallVector<Attribute> chooseLayouts(KernelOp kernel) {
    SmallVector<Attribute> layouts;
    for (Value result : kernel.getOutputs()) {
      bool leaves = llvm::any_of(result.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
      if (typeOf(result).getRank() == 4 && !leaves)
        layouts.push_back(BlockedAttr::get(&getContext(), kBlock));
      else
        layouts.push_back(UnitAttr::get(&getContext()));
    }
    return layouts;
  }
};

} // namespace
