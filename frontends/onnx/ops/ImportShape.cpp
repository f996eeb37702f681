//===- ImportShape.cpp - operators that keep the elements -------*- C++ -*-===//
//
// Flatten, Reshape, Squeeze, Unsqueeze; and Shape, which asks for no element.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/NodeImport.h"
#include "onnx-ml.pb.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

/// Makes each axis, counted from the end when negative, one of `rank` and sorts them.
static LogicalResult normalizeAxes(NodeImport &node, SmallVector<int64_t> &axes, int64_t rank) {
  for (int64_t &axis : axes) {
    if (axis < -rank || axis >= rank)
      return node.emitError() << "expected axes from " << -rank << " to " << rank - 1 << ", got " << axis;
    axis += axis < 0 ? rank : 0;
  }
  llvm::sort(axes);
  if (auto twice = std::adjacent_find(axes.begin(), axes.end()); twice != axes.end())
    return node.emitError() << "expected different axes, got " << *twice << " twice";
  return success();
}

/// Reads axes, which were an attribute before opset 13 and are an input since. Empty when there are none.
static FailureOr<SmallVector<int64_t>> readAxes(NodeImport &node) {
  SmallVector<int64_t> axes;
  if (node.opset < 13)
    axes = node.attributes.getInts("axes").value_or(axes);
  if (failed(node.attributes.finish()))
    return failure();
  if (node.opset >= 13 && node.hasInput(1))
    return node.getInts(1, "axes");
  return axes;
}

// The dimensions before the axis become the first, the rest the second.
LogicalResult res::frontend::importFlatten(NodeImport &node) {
  int64_t axis = node.attributes.getInt("axis", 1);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Operand> input = node.getOperand(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> shape = input->getShape();
  int64_t rank = shape.size();
  if (axis < -rank || axis > rank)
    return node.emitError() << "attribute 'axis': expected " << -rank << " to " << rank << ", got " << axis;
  axis += axis < 0 ? rank : 0;
  std::optional<int64_t> rows = countElements(shape.take_front(axis)), columns = countElements(shape.drop_front(axis));
  if (!rows || !columns)
    return node.emitError() << "expected fewer elements, got shape " << formatShape(shape);
  return node.setReshapedOutput(*input, {*rows, *columns});
}

// In the wanted shape -1 is what remains; 0 copies the input's size, or is a size of 0 with allowzero.
LogicalResult res::frontend::importReshape(NodeImport &node) {
  bool zeroIsSize = node.opset >= 14 && node.attributes.getFlag("allowzero", false);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Operand> input = node.getOperand(0);
  FailureOr<SmallVector<int64_t>> wanted = node.getInts(1, "shape");
  if (failed(input) || failed(wanted))
    return failure();

  ArrayRef<int64_t> shape = input->getShape();
  int64_t elements = *countElements(shape);
  SmallVector<int64_t> result = *wanted;
  int64_t *remaining = nullptr;
  for (auto [index, size] : llvm::enumerate(result)) {
    if (size == 0 && !zeroIsSize) {
      if (index >= shape.size())
        return node.emitError() << "expected a size at index " << index
                                << " of the wanted shape, got 0 for an input of rank " << shape.size();
      size = shape[index];
    } else if (size == -1 && !remaining) {
      remaining = &size;
      size = 1;
    } else if (size < 0) {
      return node.emitError() << "expected sizes of at least 0 and at most one -1 in the wanted shape, got " << size;
    }
  }
  std::optional<int64_t> others = countElements(result);
  if (remaining && others && *others > 0 && elements % *others == 0)
    *remaining = elements / *others;
  if (!others || countElements(result) != elements)
    return node.emitError() << "expected a shape of " << elements << " elements as the input of shape "
                            << formatShape(shape) << " has, got " << formatShape(*wanted);
  return node.setReshapedOutput(*input, result);
}

LogicalResult res::frontend::importSqueeze(NodeImport &node) {
  FailureOr<SmallVector<int64_t>> axes = readAxes(node);
  FailureOr<Operand> input = node.getOperand(0);
  if (failed(axes) || failed(input))
    return failure();
  ArrayRef<int64_t> shape = input->getShape();
  if (failed(normalizeAxes(node, *axes, shape.size())))
    return failure();
  SmallVector<int64_t> result;
  for (auto [axis, size] : llvm::enumerate(shape)) {
    bool isNamed = llvm::is_contained(*axes, int64_t(axis));
    if (isNamed && size != 1)
      return node.emitError() << "expected size 1 at axis " << axis << ", got " << size;
    if (!isNamed && !(axes->empty() && size == 1))
      result.push_back(size);
  }
  return node.setReshapedOutput(*input, result);
}

LogicalResult res::frontend::importUnsqueeze(NodeImport &node) {
  FailureOr<SmallVector<int64_t>> axes = readAxes(node);
  FailureOr<Operand> input = node.getOperand(0);
  if (failed(axes) || failed(input))
    return failure();
  SmallVector<int64_t> result(input->getShape());
  if (failed(normalizeAxes(node, *axes, result.size() + axes->size())))
    return failure();
  for (int64_t axis : *axes)
    result.insert(result.begin() + axis, 1);
  if (!countElements(result))
    return node.emitError() << "expected fewer dimensions, got shape " << formatShape(result);
  return node.setReshapedOutput(*input, result);
}

// The elements from `start` to `end` of the shape; both may count from its end and are clamped.
LogicalResult res::frontend::importShape(NodeImport &node) {
  int64_t start = node.opset >= 15 ? node.attributes.getInt("start", 0) : 0;
  int64_t end = node.opset >= 15 ? node.attributes.getInt("end", INT64_MAX) : INT64_MAX;
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Operand> input = node.getOperand(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> shape = input->getShape();
  int64_t rank = shape.size();
  auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  start = clamp(start);
  ArrayRef<int64_t> part = shape.slice(start, std::max<int64_t>(0, clamp(end) - start));
  Constant result;
  result.elementType = onnx::TensorProto::INT64;
  result.numElements = part.size();
  result.shape = {result.numElements};
  result.ints.assign(part.begin(), part.end());
  return node.setOutput(std::move(result));
}
