//===- Scratch.cpp - scratch memory of kernels ------------------*- C++ -*-===//

#include "compiler/lowering/Scratch.h"

#include "res/abi.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace res;

// The runtime hands out scratch in pieces of this size, and Halide may read one vector beyond an allocation.
static constexpr int64_t kPiece = RES_ABI_ALIGN;

/// Rows (axis 0) or columns (axis 1) of padded input under `size` outputs of a window.
static int64_t covered(WindowAttr window, unsigned axis, int64_t size) {
  return (size - 1) * window.getStrides()[axis] + window.getSpan(axis);
}

static int64_t stagedBytes(ConvOp op, int64_t rows) {
  RankedTensorType input = op.getInput().getType();
  int64_t block = getBlock(input);
  int64_t channels = block ? llvm::alignTo(input.getDimSize(1), block) : input.getDimSize(1);
  int64_t bytes = channels * covered(op.getWindow(), 0, rows) * covered(op.getWindow(), 1, op.getType().getDimSize(3)) *
                  input.getElementTypeBitWidth() / 8;
  return llvm::alignTo(bytes, kPiece) + kPiece;
}

Scratch res::computeScratch(KernelOp kernel) {
  Scratch scratch;
  auto conv = dyn_cast<ConvOp>(kernel.getAnchor());
  if (!conv || !kernel.getSchedulesAttr())
    return scratch;
  int64_t height = conv.getType().getDimSize(2), map = height * conv.getType().getDimSize(3);
  for (NamedAttribute schedule : kernel.getSchedulesAttr()) {
    auto direct = dyn_cast<DirectAttr>(schedule.getValue());
    if (direct && direct.getStaging() == Staging::whole)
      scratch.shared = std::max(scratch.shared, stagedBytes(conv, height));
    if (direct && direct.getStaging() == Staging::rows) {
      // A band that is the whole map is no parallel loop.
      int64_t rows = std::min<int64_t>(direct.getRows(), height);
      int64_t &place = rows == height ? scratch.shared : scratch.worker;
      place = std::max(place, stagedBytes(conv, rows));
    }
    if (direct && direct.getChunk()) { // partial sums of a group of blocks, of which there may be one or many
      int64_t sums = llvm::alignTo(map * int64_t(direct.getBlocks()) * 16 * sizeof(float), kPiece) + kPiece;
      scratch.worker = std::max(scratch.worker, sums);
      scratch.shared += sums;
    }
  }
  return scratch;
}
