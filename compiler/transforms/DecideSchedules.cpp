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
    llvm::Expected<TargetModel> model = TargetModel::get(name.empty() ? "host" : name);
    if (!model) {
      module.emitError() << llvm::toString(model.takeError());
      return signalPassFailure();
    }
    for (auto function : module.getOps<func::FuncOp>())
      for (auto kernel : function.getOps<KernelOp>())
        decide(kernel, *model);
  }

  void decide(KernelOp kernel, const TargetModel &model) {
    Builder builder(&getContext());
    if (!kernel.getLayoutsAttr())
      kernel.setLayoutsAttr(builder.getArrayAttr(chooseLayouts(kernel)));
    NamedAttrList schedules(kernel.getSchedulesAttr());
    if (schedules.get(model.name))
      return;
    Decision decision = chooseSchedule(kernel, model);
    schedules.set(model.name, decision.schedule);
    kernel.setSchedulesAttr(schedules.getDictionary(&getContext()));
    kernel.setEstimateUsAttr(builder.getF64FloatAttr(decision.estimate));
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

  Decision chooseSchedule(KernelOp kernel, const TargetModel &model) {
    return llvm::TypeSwitch<Operation *, Decision>(kernel.getAnchor())
        .Case([&](ConvOp op) { return chooseConv(kernel, op, model); })
        .Case([&](GemmOp op) {
          DenseSchedule s = chooseDense(op.getType().getDimSize(0), op.getInput().getType().getDimSize(1),
                                        op.getType().getDimSize(1), model);
          return Decision{DenseAttr::get(&getContext(), s.blocks, s.unroll), s.microseconds};
        })
        .Default([&](Operation *op) { return chooseOther(op, model); });
  }

  /// Whether the kernel's results are in blocks.
  static bool staysBlocked(KernelOp kernel) {
    return llvm::all_of(kernel.getLayoutsAttr(), [](Attribute layout) { return isa<BlockedAttr>(layout); });
  }

  Decision chooseConv(KernelOp kernel, ConvOp op, const TargetModel &model) {
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
    DirectSchedule s = chooseDirect(shape, model);
    if (auto math = kernel->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>(kMathAttr); math && math == "fast")
      if (std::optional<WinogradSchedule> w = chooseWinograd(shape, model); w && w->microseconds < s.microseconds && staysBlocked(kernel))
        return {WinogradAttr::get(&getContext(), w->tile, w->blocks, w->columns, w->rows, w->macroColumns, w->macroRows,
                                  w->chunk, w->unroll,
                                  w->inRegisters ? TransformedWeights::registers : TransformedWeights::stored),
                w->microseconds};
    auto order = s.order == LoopOrder::channels ? Order::channels : Order::space;
    auto staging = s.staging == StagingKind::none    ? Staging::none
                   : s.staging == StagingKind::whole ? Staging::whole
                                                     : Staging::rows;
    return {DirectAttr::get(&getContext(), s.blocks, s.pixels, s.unroll, order, s.flat, staging, s.rows, s.chunk),
            s.microseconds};
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
