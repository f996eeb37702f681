//===- KernelSchedules.cpp - the cost model's answers about a kernel *- C++ -*-===//

#include "compiler/transforms/KernelSchedules.h"
#include "compiler/analysis/Candidates.h"
#include "compiler/transforms/KernelUtils.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace res;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether the kernel's results are in blocks.
static bool staysBlocked(KernelOp kernel) {
  return llvm::all_of(kernel.getLayoutsAttr(), [](Attribute layout) { return isa<BlockedAttr>(layout); });
}

static Attribute attrOf(MLIRContext *context, const DirectSchedule &s) {
  auto order = s.order == LoopOrder::channels ? Order::channels : Order::space;
  auto staging = s.staging == StagingKind::none    ? Staging::none
                 : s.staging == StagingKind::whole ? Staging::whole
                                                   : Staging::rows;
  return DirectAttr::get(context, s.blocks, s.pixels, s.unroll, order, s.flat, staging, s.rows, s.chunk);
}

static Attribute attrOf(MLIRContext *context, const WinogradSchedule &s) {
  return WinogradAttr::get(context, s.tile, s.blocks, s.columns, s.rows, s.macroColumns, s.macroRows, s.chunk, s.unroll,
                           TransformedWeights(int(s.weights)), s.images);
}
static Attribute attrOf(MLIRContext *context, const GroupedSchedule &s) {
  return GroupedAttr::get(context, s.pixels, s.whole, s.blocks, s.rows);
}
static Attribute attrOf(MLIRContext *context, const DenseSchedule &s) { return DenseAttr::get(context, s.blocks, s.unroll); }
static Attribute attrOf(MLIRContext *context, const MapSchedule &s) { return MapAttr::get(context, s.pixels, s.rows); }

template <typename Schedule> static Decision decide(KernelOp kernel, const Schedule &s) {
  return {attrOf(kernel.getContext(), s), s.microseconds};
}

static ConvShape shapeOf(KernelOp kernel, ConvOp op) {
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
  shape.operands = llvm::count_if(kernel->getOpOperands(), [&](OpOperand &operand) {
    return isActivation(operand.get()) && getInner(kernel, operand.getOperandNumber()) != op.getInput() &&
           typeOf(operand.get()).getShape() == out;
  });
  shape.overwrites = staysBlocked(kernel) && llvm::any_of(kernel->getOpOperands(), [&](OpOperand &operand) {
    // The last reader of a map may overwrite it (res-write-in-place).
    auto isEarlier = [&](Operation *user) { return user == kernel || (isa<KernelOp>(user) && user->isBeforeInBlock(kernel)); };
    return operand.get().getDefiningOp<KernelOp>() && canOverwrite(getInner(kernel, operand.getOperandNumber())) &&
           llvm::all_of(operand.get().getUsers(), isEarlier);
  });
  return shape;
}

/// Whether algorithms other than direct ones may be chosen. They keep to blocks.
static bool isFast(KernelOp kernel) {
  auto math = kernel->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>(kMathAttr);
  return math && math == "fast" && staysBlocked(kernel);
}

Prefer res::preferenceOf(ModuleOp module) {
  auto prefer = module->getAttrOfType<StringAttr>(kPreferAttr);
  return prefer && prefer == "size" ? Prefer::size : Prefer::speed;
}

namespace {
/// As chooseMap takes it.
struct MapWork {
  int64_t elements, lines, width, reads;
};
} // namespace

static MapWork workOf(Operation *op) {
  RankedTensorType type = typeOf(op->getResult(0));
  ArrayRef<int64_t> shape = type.getShape();
  bool map = type.getRank() == 4;
  // An elementwise kernel has no anchor: all that it reads counts.
  int64_t reads = isElementwise(op)   ? op->getBlock()->getNumArguments()
                  : isa<ConcatOp>(op) ? 1
                                      : op->getNumOperands();
  if (auto window = op->getAttrOfType<WindowAttr>("window"))
    for (int64_t size : window.getKernel())
      reads *= size;
  if (auto resize = dyn_cast<ResizeOp>(op); resize && resize.getLinear())
    reads = 4;
  if (isa<LrnOp>(op)) // squares and their neighbours come from the first cache
    reads = 4;
  if (isa<GlobalAvgPoolOp>(op))
    reads = typeOf(op->getOperand(0)).getNumElements() / type.getNumElements();
  return {type.getNumElements(), map ? shape[2] : 1, shape.back(), reads};
}

static FailureOr<Decision> chooseConvSchedule(KernelOp kernel, ConvOp op, const TargetModel &target,
                                              Prefer prefer, ArrayRef<TargetModel> others, Attribute packed, bool sameBlocks) {
  const ConvShape shape = shapeOf(kernel, op);
  if (auto winograd = dyn_cast_or_null<WinogradAttr>(packed)) {
    WinogradSchedule like{};
    like.tile = winograd.getTile(), like.group = winograd.getBlocks();
    like.weights = WinogradWeights(int(winograd.getWeights()));
    std::optional<WinogradSchedule> s = chooseWinogradLike(shape, target, like, sameBlocks);
    if (!s)
      return failure();
    return decide(kernel, *s);
  }
  const ConvSchedule chosen = chooseConv(shape, isFast(kernel) && !packed, target, others, prefer);
  return std::visit([&](const auto &s) { return decide(kernel, s); }, chosen);
}

FailureOr<Decision> res::chooseSchedule(KernelOp kernel, const TargetModel &target, Prefer prefer,
                                        ArrayRef<TargetModel> others, Attribute packed, bool sameBlocks) {
  return llvm::TypeSwitch<Operation *, FailureOr<Decision>>(kernel.getAnchor())
      .Case([&](ConvOp op) { return chooseConvSchedule(kernel, op, target, prefer, others, packed, sameBlocks); })
      .Case([&](GemmOp op) {
        DenseSchedule s = chooseDense(op.getType().getDimSize(0), op.getInput().getType().getDimSize(1),
                                      op.getType().getDimSize(1), target);
        if (auto dense = dyn_cast_or_null<DenseAttr>(packed))
          s.blocks = dense.getBlocks();
        return decide(kernel, s);
      })
      .Default([&](Operation *op) {
        const MapWork work = workOf(op);
        MapSchedule s = chooseMap(work.elements, work.lines, work.width, work.reads, target);
        if (isa<ConcatOp, LrnOp>(op)) // reads and writes a piece of each block of channels: some cache lines at once
          s.pixels = std::min<int64_t>(work.width, 8);
        return decide(kernel, s);
      });
}

Decision res::chooseStageSchedule(KernelOp kernel, const TargetModel &target, bool mayTransform) {
  const double estimate = kernel.getEstimateUs() ? kernel.getEstimateUs()->convertToDouble() : 0.0;
  const Decision own = {kernel.getSchedulesAttr().get(target.name), estimate};
  auto conv = dyn_cast<ConvOp>(kernel.getAnchor());
  if (!conv || (isa<WinogradAttr>(own.schedule) && mayTransform))
    return own;
  if (const ConvShape shape = shapeOf(kernel, conv); fitsGrouped(shape))
    return decide(kernel, chooseGrouped(shape, target));
  return decide(kernel, chooseBanded(shapeOf(kernel, conv), target));
}

llvm::SmallVector<Decision> res::listSchedules(KernelOp kernel, const TargetModel &target) {
  const Prefer prefer = preferenceOf(kernel->getParentOfType<ModuleOp>());
  llvm::SmallVector<Decision> decisions;
  auto addAll = [&](const auto &schedules) {
    for (const auto &s : schedules)
      decisions.push_back(decide(kernel, s));
  };
  llvm::TypeSwitch<Operation *>(kernel.getAnchor())
      .Case([&](ConvOp op) {
        for (const ConvSchedule &schedule : listConv(shapeOf(kernel, op), isFast(kernel), target, prefer))
          std::visit([&](const auto &s) { addAll(llvm::ArrayRef(s)); }, schedule);
      })
      .Case([&](GemmOp op) {
        addAll(listDense(op.getType().getDimSize(0), op.getInput().getType().getDimSize(1), op.getType().getDimSize(1),
                         target));
      })
      .Default([&](Operation *op) {
        const MapWork work = workOf(op);
        addAll(listMap(work.elements, work.lines, work.width, work.reads, target));
      });
  return decisions;
}

void res::setSchedule(KernelOp kernel, const TargetModel &target, const Decision &decision) {
  NamedAttrList schedules(kernel.getSchedulesAttr());
  schedules.set(target.name, decision.schedule);
  kernel.setSchedulesAttr(schedules.getDictionary(kernel.getContext()));
  kernel.setEstimateUsAttr(Builder(kernel.getContext()).getF64FloatAttr(decision.estimate));
}
