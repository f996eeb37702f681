//===- ResShapes.cpp - shape inference --------------------------*- C++ -*-===//

#include "dialect/ResShapes.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace res;

int64_t res::windowedSize(int64_t size, WindowAttr window, unsigned axis) {
  int64_t room = size + window.getPadBegin(axis) + window.getPadEnd(axis) - window.getSpan(axis);
  return room < 0 ? 0 : room / window.getStrides()[axis] + 1;
}

/// Appends the spatial sizes under a window to `shape`.
static LogicalResult appendWindowed(ArrayRef<int64_t> input, WindowAttr window, Shape &shape, EmitError error) {
  if (window.getKernel().size() + 2 != input.size())
    return error() << "expected a window of " << input.size() - 2 << " axes, got " << window.getKernel().size();
  for (unsigned axis = 0; axis < window.getKernel().size(); ++axis) {
    int64_t size = windowedSize(input[axis + 2], window, axis);
    if (size < 1)
      return error() << "expected the window to fit into its padded input, got size " << input[axis + 2]
                     << " with pads " << window.getPadBegin(axis) << " and " << window.getPadEnd(axis)
                     << " under a window that spans " << window.getSpan(axis);
    shape.push_back(size);
  }
  return success();
}

FailureOr<Shape> res::inferConv(ArrayRef<int64_t> input, ArrayRef<int64_t> filter, WindowAttr window, int64_t groups,
                                EmitError error) {
  if (input.size() < 3 || filter.size() != input.size())
    return error() << "expected input and filter of one rank of at least 3, got ranks " << input.size() << " and "
                   << filter.size();
  if (groups < 1 || filter[0] % groups)
    return error() << "expected the number of filters to be a multiple of groups, got " << filter[0] << " filters and "
                   << groups << " groups";
  if (input[1] != filter[1] * groups)
    return error() << "expected an input of " << filter[1] * groups << " channels, got " << input[1];
  if (filter.drop_front(2) != window.getKernel())
    return error() << "expected the window to have the filter's size";
  Shape shape{input[0], filter[0]};
  if (failed(appendWindowed(input, window, shape, error)))
    return failure();
  return shape;
}

FailureOr<Shape> res::inferPool(ArrayRef<int64_t> input, WindowAttr window, EmitError error) {
  if (input.size() < 3)
    return error() << "expected an input of rank 3 or more, got rank " << input.size();
  Shape shape{input[0], input[1]};
  if (failed(appendWindowed(input, window, shape, error)))
    return failure();
  return shape;
}

FailureOr<Shape> res::inferGemm(ArrayRef<int64_t> input, ArrayRef<int64_t> weight, bool transposed, EmitError error) {
  if (input.size() != 2 || weight.size() != 2)
    return error() << "expected an input and a weight of rank 2, got ranks " << input.size() << " and " << weight.size();
  int64_t inner = weight[transposed ? 1 : 0];
  if (input[1] != inner)
    return error() << "expected an input of " << inner << " columns, got " << input[1];
  return Shape{input[0], weight[transposed ? 0 : 1]};
}

FailureOr<Shape> res::inferConcat(ArrayRef<ArrayRef<int64_t>> inputs, int64_t axis, EmitError error) {
  if (inputs.empty())
    return error() << "expected at least one input";
  Shape shape(inputs.front());
  if (axis < 0 || axis >= int64_t(shape.size()))
    return error() << "expected an axis from 0 to " << int64_t(shape.size()) - 1 << ", got " << axis;
  shape[axis] = 0;
  for (auto [index, input] : llvm::enumerate(inputs)) {
    if (input.size() != shape.size())
      return error() << "expected inputs of rank " << shape.size() << ", got rank " << input.size() << " of input " << index;
    for (auto [dimension, size] : llvm::enumerate(input))
      if (int64_t(dimension) == axis)
        shape[axis] += size;
      else if (size != shape[dimension])
        return error() << "expected size " << shape[dimension] << " in dimension " << dimension << ", got " << size
                       << " of input " << index;
  }
  return shape;
}

std::optional<Shape> res::inferBinary(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  auto areOnes = [](ArrayRef<int64_t> sizes) { return llvm::all_of(sizes, [](int64_t size) { return size == 1; }); };
  bool fits = lhs.size() == rhs.size();
  Shape shape;
  for (size_t axis = 0; fits && axis < lhs.size(); axis = shape.size()) {
    const size_t sizes = axis < 2 ? 1 : lhs.size() - axis; // rows and columns go together
    ArrayRef<int64_t> left = lhs.slice(axis, sizes), right = rhs.slice(axis, sizes);
    fits = left == right || areOnes(left) || areOnes(right);
    llvm::append_range(shape, areOnes(left) ? right : left);
  }
  return fits ? std::optional<Shape>(shape) : std::nullopt;
}

FailureOr<Shape> res::inferPack(ArrayRef<int64_t> weight, Attribute packing, EmitError error) {
  auto wrongRank = [&](unsigned rank) -> FailureOr<Shape> {
    return error() << "expected a weight of rank " << rank << ", got rank " << weight.size();
  };
  auto notPositive = [&]() -> FailureOr<Shape> { return error() << "expected sizes of at least 1 in " << packing; };
  return llvm::TypeSwitch<Attribute, FailureOr<Shape>>(packing)
      .Case([&](PackConvAttr pack) -> FailureOr<Shape> {
        if (pack.getBlock() < 1 || pack.getInner() < 1)
          return notPositive();
        if (weight.size() != 4)
          return wrongRank(4);
        return Shape{int64_t(llvm::divideCeil(weight[0], pack.getBlock())),
                     int64_t(llvm::divideCeil(weight[1], pack.getInner())), weight[2], weight[3], pack.getInner(),
                     pack.getBlock()};
      })
      .Case([&](PackWinogradAttr pack) -> FailureOr<Shape> {
        if (pack.getBlock() < 1 || pack.getBlocks() < 1 || pack.getTile() < 1)
          return notPositive();
        if (weight.size() != 4)
          return wrongRank(4);
        if (weight[2] != 3 || weight[3] != 3)
          return error() << "expected a filter of 3x3, got " << weight[2] << "x" << weight[3];
        int64_t points = pack.getTile() + 2;
        return Shape{int64_t(llvm::divideCeil(weight[0], pack.getBlock() * pack.getBlocks())), points, points,
                     int64_t(llvm::divideCeil(weight[1], pack.getBlock())), pack.getBlock(), pack.getBlocks(),
                     pack.getBlock()};
      })
      .Case([&](PackTapsAttr pack) -> FailureOr<Shape> {
        if (pack.getBlock() < 1 || pack.getBlocks() < 1)
          return notPositive();
        if (weight.size() != 4)
          return wrongRank(4);
        return Shape{int64_t(llvm::divideCeil(weight[0], pack.getBlock() * pack.getBlocks())),
                     int64_t(llvm::divideCeil(weight[1], pack.getBlock())), pack.getBlock(), pack.getBlocks(), weight[2],
                     weight[3], pack.getBlock()};
      })
      .Case([&](PackDenseAttr pack) -> FailureOr<Shape> {
        if (pack.getBlock() < 1 || pack.getBlocks() < 1)
          return notPositive();
        if (weight.size() != 2)
          return wrongRank(2);
        int64_t outputs = weight[pack.getTransposed() ? 0 : 1], inputs = weight[pack.getTransposed() ? 1 : 0];
        return Shape{int64_t(llvm::divideCeil(outputs, pack.getBlock() * pack.getBlocks())), inputs, pack.getBlocks(),
                     pack.getBlock()};
      })
      .Case([&](PackVectorAttr pack) -> FailureOr<Shape> {
        if (pack.getMultiple() < 1)
          return notPositive();
        if (weight.size() != 1)
          return wrongRank(1);
        return Shape{int64_t(llvm::alignTo(weight[0], pack.getMultiple()))};
      })
      .Default([&](Attribute) -> FailureOr<Shape> { return error() << "expected a packing, got " << packing; });
}

RowWindow res::getRowWindow(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  RowWindow rows{type.getRank() == 4 ? type.getDimSize(2) : 1, 1, 1, 0};
  if (auto window = op->getAttrOfType<WindowAttr>("window"))
    rows.stride = window.getStrides()[0], rows.span = window.getSpan(0), rows.pad = window.getPads()[0];
  return rows;
}
