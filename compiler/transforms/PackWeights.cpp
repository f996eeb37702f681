//===- PackWeights.cpp - weights in reading order ---------------*- C++ -*-===//
//
// Puts a res.pack between every weight and the kernel that reads it. Only the types change here: the bytes are written
// when the artifact is.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/ScheduleChoice.h"
#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"
#include "dialect/ResShapes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "res-pack-weights"

namespace res {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct PackWeightsPass : res::impl::PackWeightsPassBase<PackWeightsPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (auto kernel : function.getOps<KernelOp>())
        if (failed(pack(kernel)))
          return signalPassFailure();
  }

  LogicalResult pack(KernelOp kernel) {
    for (OpOperand &operand : kernel->getOpOperands()) {
      Value weight = operand.get();
      if (isActivation(weight) || weight.getDefiningOp<PackOp>())
        continue;
      BlockArgument inner = getInner(kernel, operand.getOperandNumber());
      if (inner.use_empty())
        return kernel.emitOpError("expected every weight to be read, got none that reads input ") << inner.getArgNumber();
      FailureOr<Attribute> packing = choosePacking(kernel, inner);
      if (failed(packing))
        return failure();
      auto type = cast<RankedTensorType>(weight.getType());
      FailureOr<Shape> shape = inferPack(type.getShape(), *packing, [&] { return kernel.emitOpError(); });
      if (failed(shape))
        return failure();
      OpBuilder builder(kernel);
      auto packed = RankedTensorType::get(*shape, builder.getF32Type());
      operand.set(PackOp::create(builder, weight.getLoc(), packed, weight, *packing, IntegerAttr()));
      inner.setType(packed);
    }
    return success();
  }

  /// The packing that the operation reading `inner` wants.
  FailureOr<Attribute> choosePacking(KernelOp kernel, BlockArgument inner) {
    MLIRContext *context = &getContext();
    auto vector = PackVectorAttr::get(context, kBlock);
    Operation *user = *inner.getUsers().begin();
    return llvm::TypeSwitch<Operation *, FailureOr<Attribute>>(user)
        .Case([&](ConvOp op) -> FailureOr<Attribute> {
          if (inner != op.getFilter())
            return Attribute(vector);
          FailureOr<SmallVector<WinogradAttr>> schedules = schedulesOf<WinogradAttr>(kernel, op);
          if (failed(schedules))
            return failure();
          if (!schedules->empty())
            return chooseWinogradPacking(kernel, op, *schedules);
          return Attribute(PackConvAttr::get(context, kBlock, innerChannels(op)));
        })
        .Case([&](GemmOp op) -> FailureOr<Attribute> {
          if (inner != op.getWeight())
            return Attribute(vector);
          FailureOr<SmallVector<DenseAttr>> schedules = schedulesOf<DenseAttr>(kernel, op);
          if (failed(schedules))
            return failure();
          if (schedules->empty())
            return kernel.emitOpError("expected a #res.dense schedule for a gemm");
          for (DenseAttr schedule : *schedules)
            if (schedule.getBlocks() != schedules->front().getBlocks())
              return kernel.emitOpError("expected the same blocks for all targets, as they share the packed weights");
          return Attribute(PackDenseAttr::get(context, kBlock, schedules->front().getBlocks(), op.getTransposed()));
        })
        .Case<AffineOp, PReluOp>([&](Operation *) -> FailureOr<Attribute> { return Attribute(vector); })
        // A vector of elements that becomes an activation.
        .Case([&](ReshapeOp) -> FailureOr<Attribute> { return Attribute(PackVectorAttr::get(context, 1)); })
        .Default([&](Operation *op) -> FailureOr<Attribute> {
          return op->emitOpError("expected activations as operands, got a weight");
        });
  }

  /// Input channels that are innermost in a packed filter: a block of the input's layout where groups are whole blocks,
  /// else all the channels of a group.
  static int64_t innerChannels(ConvOp op) {
    int64_t block = getBlock(op.getInput().getType());
    int64_t inputs = op.getInput().getType().getDimSize(1) / int64_t(op.getGroups());
    int64_t outputs = op.getType().getDimSize(1) / int64_t(op.getGroups());
    bool wholeBlocks = block && (op.getGroups() == 1 || (inputs % block == 0 && outputs % block == 0));
    return wholeBlocks ? block : inputs;
  }

  static bool readsTaps(WinogradAttr schedule) { return schedule.getWeights() != TransformedWeights::stored; }

  /// The filter of a Winograd convolution: the largest group of blocks is packed, and those of other targets divide it.
  FailureOr<Attribute> chooseWinogradPacking(KernelOp kernel, ConvOp op, ArrayRef<WinogradAttr> schedules) {
    const int64_t group = getPackedBlocks(getStageSchedules(kernel.getSchedulesAttr(), op));
    WinogradAttr first = schedules.front();
    for (WinogradAttr schedule : schedules)
      if (schedule.getTile() != first.getTile() || readsTaps(schedule) != readsTaps(first) ||
          schedule.getBlocks() < 1 || group % schedule.getBlocks())
        return kernel.emitOpError("expected the same tile and weights for all targets, and blocks that divide the largest "
                                  "of them, as they share the packed weights");
    if (readsTaps(first))
      return Attribute(PackTapsAttr::get(&getContext(), kBlock, group));
    return Attribute(PackWinogradAttr::get(&getContext(), kBlock, group, first.getTile()));
  }

  /// The schedules of an anchor for all targets where they are of this kind; none where none is.
  template <typename T> static FailureOr<SmallVector<T>> schedulesOf(KernelOp kernel, Operation *anchor) {
    SmallVector<T> list;
    DictionaryAttr schedules = getStageSchedules(kernel.getSchedulesAttr(), anchor);
    for (NamedAttribute entry : schedules ? schedules.getValue() : ArrayRef<NamedAttribute>())
      if (auto schedule = dyn_cast<T>(entry.getValue()))
        list.push_back(schedule);
    if (!list.empty() && list.size() != schedules.size())
      return kernel.emitOpError("expected one algorithm for all targets, as they share the packed weights");
    return list;
  }
};

} // namespace
