//===- ResViews.cpp - results that are no copies ----------------*- C++ -*-===//

#include "dialect/ResViews.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace res;

using Offsets = std::optional<SmallVector<int64_t>>;

bool res::isOfView(Value value) {
  auto isViewKernel = [](Operation *op) { return isa_and_nonnull<KernelOp>(op) && isView(cast<KernelOp>(op)); };
  return isViewKernel(value.getDefiningOp()) || llvm::any_of(value.getUsers(), isViewKernel);
}

bool res::isViewOp(Operation *op) { return isa_and_nonnull<ConcatOp, ReshapeOp, SliceOp>(op); }

/// Whether the elements of a tensor lie in row-major order. Of a map in blocks they do where it has one pixel, and, for
/// several images, no pads.
static bool isRowMajor(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  const int64_t block = getBlock(type);
  return !block || (shape[2] * shape[3] == 1 && (shape[0] == 1 || shape[1] % block == 0));
}

static Offsets offsetsOfReshape(RankedTensorType from, RankedTensorType to) {
  // A result with pads would have them where something else lies.
  const int64_t block = getBlock(to);
  if (isRowMajor(from) && isRowMajor(to) && getStorageBytes(from) >= getStorageBytes(to))
    return SmallVector<int64_t>{0};
  // Maps of other heights and widths: pixels are one dimension in memory.
  const bool sameBlocks = block && from.getEncoding() == to.getEncoding() && from.getShape().take_front(2) == to.getShape().take_front(2);
  return sameBlocks ? Offsets(SmallVector<int64_t>{0}) : std::nullopt;
}

/// Whether what lies at one position of `axis` is contiguous: it is the outermost dimension of more than one position.
static bool isOutermost(RankedTensorType type, int64_t axis) {
  if (getBlock(type) && axis > 1)
    return false;
  return llvm::all_of(type.getShape().take_front(axis), [](int64_t size) { return size == 1; });
}

static Offsets offsetsOfConcat(ConcatOp op, ArrayRef<RankedTensorType> from, RankedTensorType to) {
  const int64_t axis = op.getAxis(), block = getBlock(to);
  if (!isOutermost(to, axis))
    return std::nullopt;
  SmallVector<int64_t> offsets;
  int64_t offset = 0;
  for (RankedTensorType type : from) {
    if (type.getEncoding() != to.getEncoding() || offset % kViewAlignment)
      return std::nullopt;
    offsets.push_back(offset);
    offset += getStorageBytes(type);
    const bool isWhole = axis != 1 || !block || type.getDimSize(1) % block == 0;
    if (!isWhole && offsets.size() < from.size())
      return std::nullopt;
  }
  return offsets;
}

static Offsets offsetsOfSlice(SliceOp op, RankedTensorType from, RankedTensorType to) {
  const int64_t block = getBlock(from);
  if (from.getEncoding() != to.getEncoding() || llvm::any_of(op.getStrides(), [](int64_t stride) { return stride != 1; }))
    return std::nullopt;
  int64_t offset = 0;
  for (auto [axis, size] : llvm::enumerate(from.getShape())) {
    if (to.getShape()[axis] == size)
      continue;
    const int64_t first = op.getOffsets()[axis];
    if (!isOutermost(from, axis) || offset || (block && axis == 1 && first % block))
      return std::nullopt;
    offset = getStorageBytes(from) / (block && axis == 1 ? int64_t(llvm::alignTo(size, block)) : size) * first;
  }
  if (offset % kViewAlignment)
    return std::nullopt;
  return SmallVector<int64_t>{-offset};
}

Offsets res::getViewOffsets(Operation *op, ArrayRef<RankedTensorType> from, RankedTensorType to) {
  return llvm::TypeSwitch<Operation *, Offsets>(op)
      .Case([&](ConcatOp concat) { return offsetsOfConcat(concat, from, to); })
      .Case([&](ReshapeOp) { return offsetsOfReshape(from[0], to); })
      .Case([&](SliceOp slice) { return offsetsOfSlice(slice, from[0], to); })
      .Default([](Operation *) { return std::nullopt; });
}

Offsets res::getViewOffsets(Operation *op) {
  if (!isViewOp(op))
    return std::nullopt;
  SmallVector<RankedTensorType> from;
  for (Value operand : op->getOperands())
    from.push_back(cast<RankedTensorType>(operand.getType()));
  return getViewOffsets(op, from, cast<RankedTensorType>(op->getResult(0).getType()));
}

static void appendParts(Value value, int64_t offset, SmallVector<ViewPart> &parts) {
  Operation *op = value.getDefiningOp();
  Offsets offsets = op ? getViewOffsets(op) : std::nullopt;
  if (!offsets) {
    parts.push_back({value, offset});
    return;
  }
  for (auto [operand, distance] : llvm::zip(op->getOperands(), *offsets))
    appendParts(operand, offset + distance, parts);
}

SmallVector<ViewPart> res::getViewParts(Value value) {
  SmallVector<ViewPart> parts;
  appendParts(value, 0, parts);
  return parts;
}
