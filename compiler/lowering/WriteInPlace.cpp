//===- WriteInPlace.cpp - sums where their addend lies ----------*- C++ -*-===//
//
// The result of a convolution whose epilogue adds a map takes the place of that map, if nothing reads it afterwards. So a
// residual block needs no memory for its result, and its last store finds the line that was just read. A whole block in serial
// bands, which reads the rows of its input before it overwrites them, takes the place of that input.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/ScheduleChoice.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"
#include "dialect/ResViews.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#define DEBUG_TYPE "res-write-in-place"

namespace res {
#define GEN_PASS_DEF_WRITEINPLACEPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct WriteInPlacePass : res::impl::WriteInPlacePassBase<WriteInPlacePass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (auto kernel : function.getOps<KernelOp>()) {
        std::optional<unsigned> place = chooseInput(kernel);
        if (!place)
          place = addAddend(kernel);
        if (!place)
          continue;
        kernel.setInPlace(*place);
        ++numInPlace;
      }
  }

  /// Where the sum may take the place of what the first stage reads, the addend becomes an input of its own: two parameters of
  /// one address. Returns its number.
  static std::optional<unsigned> addAddend(KernelOp kernel) {
    Block &body = kernel.getBody().front();
    SmallVector<Operation *> anchors = getAnchors(body);
    if (anchors.size() < 2 || kernel.getNumResults() != 1 || !overwritesItsInput(body, kernel.getSchedulesAttr()))
      return std::nullopt;
    BlockArgument input = body.getArgument(0);
    if (anchors.front()->getOperand(0) != input || input.getType() != kernel.getResult(0).getType() ||
        !endsHere(kernel->getOpOperand(0)) || isReturned(kernel.getResult(0)) || !storesOnceEverywhere(kernel))
      return std::nullopt;
    BlockArgument addend = body.addArgument(input.getType(), input.getLoc());
    input.replaceUsesWithIf(addend, [&](OpOperand &use) { return use.getOwner() != anchors.front(); });
    if (addend.use_empty() || !canOverwrite(addend)) {
      addend.replaceAllUsesWith(input);
      body.eraseArgument(addend.getArgNumber());
      return std::nullopt;
    }
    kernel.getInputsMutable().append(kernel.getInputs().front());
    return addend.getArgNumber();
  }

  static std::optional<unsigned> chooseInput(KernelOp kernel) {
    if (kernel.getNumResults() != 1 || isReturned(kernel.getResult(0)) || !storesOnceEverywhere(kernel))
      return std::nullopt;
    for (OpOperand &operand : kernel->getOpOperands())
      if (endsHere(operand) && canOverwrite(kernel.getBody().getArgument(operand.getOperandNumber())))
        return operand.getOperandNumber();
    return std::nullopt;
  }

  static bool isReturned(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
  }

  /// Whether this is the last use of a tensor of the arena.
  static bool endsHere(OpOperand &operand) {
    Operation *kernel = operand.getOwner();
    // What is part of a view, or one, has its place for the view's sake.
    if (isOfView(operand.get()))
      return false;
    return isa_and_nonnull<KernelOp>(operand.get().getDefiningOp()) &&
           llvm::all_of(operand.get().getUses(), [&](OpOperand &use) {
             return &use == &operand || (isa<KernelOp>(use.getOwner()) && use.getOwner()->isBeforeInBlock(kernel));
           });
  }

  /// Whether the schedules of all targets, which share one plan of the memory, store each element once.
  static bool storesOnceEverywhere(KernelOp kernel) {
    // Of a banded kernel the last stage stores; what the others compute twice is not in the arena.
    SmallVector<Operation *> anchors = getAnchors(kernel.getBody().front());
    auto conv = anchors.empty() ? ConvOp() : dyn_cast<ConvOp>(anchors.back());
    DictionaryAttr schedules = kernel.getSchedulesAttr();
    if (!conv || !getBlock(conv.getType()) || !schedules || schedules.empty())
      return false;
    return llvm::all_of(schedules, [&](NamedAttribute schedule) { return storesOnceAs(conv, getStageSchedule(schedule.getValue(), conv)); });
  }

  static bool storesOnceAs(ConvOp conv, Attribute schedule) {
    if (isa_and_nonnull<WinogradAttr>(schedule)) // border tiles are guarded, and groups divide the blocks: see checkWinograd
      return true;
    if (auto grouped = dyn_cast_or_null<GroupedAttr>(schedule)) // rows and blocks of tasks are guarded
      return grouped.getPixels() >= 1 && conv.getType().getDimSize(3) % grouped.getPixels() == 0;
    auto direct = dyn_cast_or_null<DirectAttr>(schedule);
    if (!direct || direct.getPixels() < 1 || direct.getBlocks() < 1)
      return false;
    ArrayRef<int64_t> shape = conv.getType().getShape();
    DirectLimits limits{};
    limits.width = direct.getFlat() ? shape[2] * shape[3] : shape[3];
    limits.blocks = llvm::divideCeil(shape[1], kBlock);
    DirectSchedule tile{};
    tile.pixels = direct.getPixels(), tile.blocks = direct.getBlocks();
    return storesOnce(tile, limits);
  }
};

} // namespace
