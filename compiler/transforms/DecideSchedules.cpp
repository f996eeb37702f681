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

/// Who prefers small weights gets at most this share more of them than the model has: where each byte saves the most time.
/// README promises a library of at most 1.1 times the model's bytes; the rest of that is code and padding.
static constexpr double kMoreWeights = 0.095;

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
    for (auto function : module.getOps<func::FuncOp>()) {
      for (auto kernel : function.getOps<KernelOp>())
        if (!kernel.getLayoutsAttr())
          kernel.setLayoutsAttr(ArrayAttr::get(&getContext(), chooseLayouts(kernel)));
      const DenseSet<Operation *> larger = chooseLarger(function, *models);
      for (auto kernel : function.getOps<KernelOp>())
        if (failed(decide(kernel, *models, larger.contains(kernel) ? Prefer::speed : preferenceOf(module))))
          return signalPassFailure();
    }
  }

  /// The kernels whose weights are stored larger than the model has them although the module prefers size.
  DenseSet<Operation *> chooseLarger(func::FuncOp function, ArrayRef<TargetModel> models) {
    DenseSet<Operation *> chosen;
    if (preferenceOf(getOperation()) == Prefer::speed)
      return chosen;
    struct Trade {
      Operation *kernel;
      double microseconds, elements; // saved, and spent
    };
    std::vector<Trade> trades;
    const auto choose = [&](KernelOp kernel, Prefer prefer) {
      return chooseSchedule(kernel, models.front(), prefer, models.drop_front());
    };
    for (auto kernel : function.getOps<KernelOp>()) {
      auto conv = dyn_cast<ConvOp>(kernel.getAnchor());
      if (!conv || kernel.getSchedulesAttr())
        continue;
      const FailureOr<Decision> fast = choose(kernel, Prefer::speed), small = choose(kernel, Prefer::size);
      const auto winograd = succeeded(fast) ? dyn_cast<WinogradAttr>(fast->schedule) : WinogradAttr();
      if (!winograd || failed(small) || WinogradWeights(int(winograd.getWeights())) != WinogradWeights::stored)
        continue;
      const double points = double(winograd.getTile() + 2), elements = double(typeOf(conv.getFilter()).getNumElements());
      trades.push_back({kernel, small->estimate - fast->estimate, elements * (points * points / 9.0 - 1.0)});
    }
    llvm::stable_sort(trades, [](const Trade &a, const Trade &b) {
      return a.microseconds * b.elements > b.microseconds * a.elements;
    });
    double left = 0;
    for (auto weight : function.getOps<WeightRefOp>())
      left += kMoreWeights * double(weight.getType().getNumElements());
    for (const Trade &trade : trades)
      if (trade.elements <= left) {
        left -= trade.elements;
        chosen.insert(trade.kernel);
      }
    return chosen;
  }

  /// The first target chooses, in a way that all can follow; a schedule that is there already has chosen before.
  LogicalResult decide(KernelOp kernel, ArrayRef<TargetModel> models, Prefer prefer) {
    Builder builder(&getContext());
    if (isView(kernel))
      return success();
    NamedAttrList schedules(kernel.getSchedulesAttr());
    Attribute first = schedules.empty() ? Attribute() : schedules.begin()->getValue();
    for (const TargetModel &model : models) {
      if (schedules.get(model.name))
        continue;
      FailureOr<Decision> decision = chooseSchedule(kernel, model, prefer, models.drop_front(), first);
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
