//===- Folding.cpp - computing with constants -------------------*- C++ -*-===//

#include "frontends/onnx/ops/Folding.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

FailureOr<Constant> res::frontend::getFoldable(NodeImport &node, unsigned index, StringRef role) {
  FailureOr<const Constant *> constant = node.getConstant(index, role);
  if (failed(constant))
    return failure();
  if (!(*constant)->isFoldable())
    return node.refuse(index, role, "is a constant of " + Twine((*constant)->numElements) +
                                        " elements; expected at most " + Twine(kMaxFoldedElements) +
                                        " to compute with");
  return loadValues(**constant);
}

FailureOr<Constant> res::frontend::createResult(NodeImport &node, int32_t elementType, ArrayRef<int64_t> shape,
                                                bool isSplat) {
  std::optional<int64_t> count = countElements(shape);
  if (!count || (!isSplat && *count > kMaxFoldedElements))
    return node.refuse("computes a constant of shape " + formatShape(shape) + "; expected at most " +
                       Twine(kMaxFoldedElements) + " elements");
  Constant result;
  result.elementType = elementType;
  result.shape = Dims(shape);
  result.numElements = *count;
  return result;
}

void res::frontend::appendElement(const Constant &from, int64_t index, Constant &to) {
  index = from.isSplat() ? 0 : index;
  if (from.isFloating())
    to.floats.push_back(from.floats[index]);
  else
    to.ints.push_back(from.ints[index]);
}

Dims res::frontend::getBroadcastStrides(ArrayRef<int64_t> shape) {
  Dims strides(shape.size(), 0);
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0; stride *= shape[axis])
    strides[axis] = shape[axis] == 1 ? 0 : stride;
  return strides;
}

void res::frontend::forEachIndex(ArrayRef<int64_t> shape, function_ref<void(ArrayRef<int64_t>)> visit) {
  Dims index(shape.size(), 0);
  for (int64_t left = *countElements(shape); left > 0; --left) {
    visit(index);
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis])
        break;
      index[axis] = 0;
    }
  }
}

int64_t res::frontend::getPosition(ArrayRef<int64_t> index, ArrayRef<int64_t> strides) {
  int64_t position = 0;
  for (auto [at, stride] : llvm::zip(index.take_back(strides.size()), strides))
    position += at * stride;
  return position;
}

LogicalResult res::frontend::setSelected(NodeImport &node, const Constant &from, ArrayRef<int64_t> shape,
                                         function_ref<int64_t(ArrayRef<int64_t>)> position) {
  // One value is still one value, but for results of one element or none, which store what they have.
  bool isSplat = from.isSplat() || (from.numElements == 1 && countElements(shape).value_or(0) > 1);
  FailureOr<Constant> result = createResult(node, from.elementType, shape, isSplat);
  if (failed(result))
    return failure();
  if (isSplat && result->numElements > 0)
    appendElement(from, 0, *result);
  else
    forEachIndex(shape, [&](ArrayRef<int64_t> index) { appendElement(from, position(index), *result); });
  return node.setOutput(std::move(*result));
}

FailureOr<int64_t> res::frontend::normalizeAxis(NodeImport &node, int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis + (axis < 0 ? rank : 0);
  return node.emitError() << "expected an axis from " << -rank << " to " << rank - 1 << ", got " << axis;
}

FailureOr<Dims> res::frontend::broadcastShapes(NodeImport &node, ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  Dims shape(std::max(lhs.size(), rhs.size()), 1);
  for (size_t fromEnd = 1; fromEnd <= shape.size(); ++fromEnd) {
    int64_t left = fromEnd <= lhs.size() ? lhs[lhs.size() - fromEnd] : 1;
    int64_t right = fromEnd <= rhs.size() ? rhs[rhs.size() - fromEnd] : 1;
    if (left != right && left != 1 && right != 1)
      return node.emitError() << "expected shapes that broadcast, got " << formatShape(lhs) << " and "
                              << formatShape(rhs);
    shape[shape.size() - fromEnd] = left == 1 ? right : left;
  }
  return shape;
}
