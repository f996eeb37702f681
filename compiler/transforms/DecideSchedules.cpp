//===- DecideSchedules.cpp - schedules and layouts as attributes *- C++ -*-===//
//
// Asks the cost model about every kernel and writes its answers beside the kernel. Nothing else changes.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/WinogradChoice.h"
#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "res-decide-schedules"

namespace res {
#define GEN_PASS_DEF_DECIDESCHEDULESPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

namespace {

/// A schedule and its estimate in microseconds.
struct Decision {
  Attribute schedule;
  double estimate;
};

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

  /// `packed`: a schedule for another target, which has decided how weights are packed; or null, and then `others` will
  /// follow.
  FailureOr<Decision> chooseSchedule(KernelOp kernel, const TargetModel &model, ArrayRef<TargetModel> others,
                                     Attribute packed) {
    return llvm::TypeSwitch<Operation *, FailureOr<Decision>>(kernel.getAnchor())
        .Case([&](ConvOp op) { return chooseConv(kernel, op, model, others, packed); })
        .Case([&](GemmOp op) {
          DenseSchedule s = chooseDense(op.getType().getDimSize(0), op.getInput().getType().getDimSize(1),
                                        op.getType().getDimSize(1), model);
          if (auto dense = dyn_cast_or_null<DenseAttr>(packed))
            s.blocks = dense.getBlocks();
          return Decision{DenseAttr::get(&getContext(), s.blocks, s.unroll), s.microseconds};
        })
        .Default([&](Operation *op) { return chooseOther(op, model); });
  }

  /// Whether the kernel's results are in blocks.
  static bool staysBlocked(KernelOp kernel) {
    return llvm::all_of(kernel.getLayoutsAttr(), [](Attribute layout) { return isa<BlockedAttr>(layout); });
  }

  FailureOr<Decision> chooseConv(KernelOp kernel, ConvOp op, const TargetModel &model, ArrayRef<TargetModel> others,
                                 Attribute packed) {
    ArrayRef<int64_t> in = op.getInput().getType().getShape(), out = op.getType().getShape();
    WindowAttr window = op.getWindow();
    ConvShape shape{};
    shape.batch = in[0], shape.channels = in[1], shape.filters = out[1], shape.groups = op.getGroups();
    shape.inputHeight = in[2], shape.inputWidth = in[3], shape.outputHeight = out[2], shape.outputWidth = out[3];
    shape.kernelHeight = window.getKernel()[0], shape.kernelWidth = window.getKernel()[1];
    shape.strideY = window.getStrides()[0], shape.strideX = window.getStrides()[1];
    shape.padded = window.hasPads();
    shape.dilated = window.hasDilations();
    // Only what comes from a kernel, or from an operation before the convolution in this one, is blocked: inputs of the
    // model are row-major.
    auto argument = dyn_cast<BlockArgument>(op.getInput());
    shape.blocked = !argument || kernel.getInputs()[argument.getArgNumber()].getDefiningOp<KernelOp>();
    shape.operands = llvm::count_if(kernel.getInputs(), isActivation) - 1;
    if (auto winograd = dyn_cast_or_null<WinogradAttr>(packed)) {
      WinogradSchedule like{};
      like.tile = winograd.getTile(), like.group = winograd.getBlocks();
      like.weights = WinogradWeights(int(winograd.getWeights()));
      std::optional<WinogradSchedule> w = chooseWinogradLike(shape, model, like);
      if (!w)
        return failure();
      return asDecision(*w);
    }
    DirectSchedule s = chooseDirect(shape, model);
    auto math = kernel->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>(kMathAttr);
    if (math && math == "fast" && !packed && staysBlocked(kernel))
      if (std::optional<WinogradSchedule> w = chooseWinograd(shape, model, others); w && w->microseconds < s.microseconds)
        return asDecision(*w);
    auto order = s.order == LoopOrder::channels ? Order::channels : Order::space;
    auto staging = s.staging == StagingKind::none    ? Staging::none
                   : s.staging == StagingKind::whole ? Staging::whole
                                                     : Staging::rows;
    return Decision{DirectAttr::get(&getContext(), s.blocks, s.pixels, s.unroll, order, s.flat, staging, s.rows, s.chunk),
                    s.microseconds};
  }

  Decision asDecision(const WinogradSchedule &w) {
    return {WinogradAttr::get(&getContext(), w.tile, w.blocks, w.columns, w.rows, w.macroColumns, w.macroRows, w.chunk,
                              w.unroll, TransformedWeights(int(w.weights))),
            w.microseconds};
  }

  Decision chooseOther(Operation *op, const TargetModel &model) {
    RankedTensorType type = typeOf(op->getResult(0));
    ArrayRef<int64_t> shape = type.getShape();
    bool map = type.getRank() == 4;
    int64_t reads = op->getNumOperands();
    if (auto window = op->getAttrOfType<WindowAttr>("window"))
      for (int64_t size : window.getKernel())
        reads *= size;
    if (isa<GlobalAvgPoolOp>(op))
      reads = typeOf(op->getOperand(0)).getNumElements() / type.getNumElements();
    MapSchedule s = chooseMap(type.getNumElements(), map ? shape[2] : 1, shape.back(), reads, model);
    return {MapAttr::get(&getContext(), s.pixels, s.rows), s.microseconds};
  }
};

} // namespace
