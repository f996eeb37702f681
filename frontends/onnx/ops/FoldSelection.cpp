//===- FoldSelection.cpp - elements of constants in other places -*- C++ -*-===//
//
// Expand, Gather, Transpose: what exporters compute shapes and biases with; and Concat, of these and of activations.
//
//===----------------------------------------------------------------------===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/ops/Folding.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

LogicalResult res::frontend::importExpand(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Constant> from = getFoldable(node, 0);
  FailureOr<SmallVector<int64_t>> wanted = node.getInts(1, "shape");
  if (failed(from) || failed(wanted))
    return failure();
  FailureOr<Dims> shape = broadcastShapes(node, from->shape, *wanted);
  if (failed(shape))
    return failure();
  Dims strides = getBroadcastStrides(from->shape);
  return setSelected(node, *from, *shape, [&](ArrayRef<int64_t> index) { return getPosition(index, strides); });
}

LogicalResult res::frontend::importGather(NodeImport &node) {
  int64_t wantedAxis = node.attributes.getInt("axis", 0);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Constant> from = getFoldable(node, 0), indices = getFoldable(node, 1, "indices");
  if (failed(from) || failed(indices))
    return failure();
  FailureOr<int64_t> normalized = normalizeAxis(node, wantedAxis, from->shape.size());
  if (failed(normalized))
    return failure();
  int64_t axis = *normalized;
  if (indices->isFloating() || indices->isSplat())
    return node.emitError() << "expected a list of integers as indices";
  int64_t size = from->shape[axis];
  for (int64_t &index : indices->ints) {
    if (index < -size || index >= size)
      return node.emitError() << "expected indices from " << -size << " to " << size - 1 << ", got " << index;
    index += index < 0 ? size : 0;
  }
  // The dimensions of the indices stand where the axis was.
  Dims shape(ArrayRef<int64_t>(from->shape).take_front(axis));
  llvm::append_range(shape, indices->shape);
  llvm::append_range(shape, ArrayRef<int64_t>(from->shape).drop_front(axis + 1));
  Dims strides = getBroadcastStrides(from->shape), indexStrides = getBroadcastStrides(indices->shape);
  size_t indexRank = indices->shape.size();
  return setSelected(node, *from, shape, [&](ArrayRef<int64_t> index) {
    Dims source(index.take_front(axis));
    source.push_back(indices->ints[getPosition(index.slice(axis, indexRank), indexStrides)]);
    llvm::append_range(source, index.drop_front(axis + indexRank));
    return getPosition(source, strides);
  });
}

LogicalResult res::frontend::importTranspose(NodeImport &node) {
  std::optional<SmallVector<int64_t>> permutation = node.attributes.getInts("perm", 0);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Constant> from = getFoldable(node, 0);
  if (failed(from))
    return failure();
  size_t rank = from->shape.size();
  SmallVector<int64_t> order = permutation.value_or(llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank))));
  SmallVector<int64_t> sorted = order;
  llvm::sort(sorted);
  if (sorted != llvm::to_vector(llvm::seq<int64_t>(0, rank)))
    return node.emitError() << "attribute 'perm': expected the axes 0 to " << int64_t(rank) - 1 << " in some order";
  Dims sourceStrides = getBroadcastStrides(from->shape), shape, strides;
  for (int64_t axis : order) {
    shape.push_back(from->shape[axis]);
    strides.push_back(sourceStrides[axis]);
  }
  return setSelected(node, *from, shape, [&](ArrayRef<int64_t> index) { return getPosition(index, strides); });
}

/// Operands of which some are computed at run time.
static LogicalResult concatActivations(NodeImport &node, int64_t wantedAxis) {
  SmallVector<Value> inputs;
  SmallVector<ArrayRef<int64_t>> shapes;
  for (unsigned index = 0; index < node.getNumInputs(); ++index) {
    FailureOr<Operand> operand = node.getOperand(index);
    if (failed(operand))
      return failure();
    if (operand->constant && operand->constant->numElements == 0)
      continue; // such as a state of no rows yet
    FailureOr<Value> input = node.getAsActivation(index);
    if (failed(input))
      return failure();
    inputs.push_back(*input);
    shapes.push_back(cast<RankedTensorType>(input->getType()).getShape());
  }
  FailureOr<int64_t> axis = normalizeAxis(node, wantedAxis, shapes.front().size());
  if (failed(axis))
    return failure();
  FailureOr<Shape> shape = inferConcat(shapes, *axis, [&] { return node.emitError(); });
  if (failed(shape))
    return failure();
  FailureOr<RankedTensorType> type = node.getResultType(*shape);
  if (failed(type))
    return failure();
  return node.setOutput(ConcatOp::create(node.builder, node.loc, *type, inputs, *axis));
}

// One operand passes through, whatever it is.
LogicalResult res::frontend::importConcat(NodeImport &node) {
  int64_t wantedAxis = node.attributes.getInt("axis", 0);
  if (failed(node.attributes.finish()))
    return failure();
  if (node.getNumInputs() == 1) {
    FailureOr<Operand> operand = node.getOperand(0);
    return failed(operand) ? failure() : node.setOutput(*operand);
  }
  for (unsigned index = 0; index < node.getNumInputs(); ++index) {
    FailureOr<Operand> operand = node.getOperand(index);
    if (failed(operand))
      return failure();
    if (operand->activation)
      return concatActivations(node, wantedAxis);
  }
  SmallVector<Constant, 4> parts;
  for (unsigned index = 0; index < std::max(1u, node.getNumInputs()); ++index) {
    FailureOr<Constant> part = getFoldable(node, index);
    if (failed(part))
      return failure();
    parts.push_back(std::move(*part));
  }
  Dims shape = parts.front().shape;
  FailureOr<int64_t> normalized = normalizeAxis(node, wantedAxis, shape.size());
  if (failed(normalized))
    return failure();
  int64_t axis = *normalized;
  shape[axis] = 0;
  for (const Constant &part : parts) {
    Dims expected = shape;
    if (part.shape.size() == shape.size())
      expected[axis] = part.shape[axis];
    if (part.shape != expected || part.elementType != parts.front().elementType)
      return node.emitError() << "expected operands of one type and of one shape but for axis " << axis << ", got "
                              << formatShape(parts.front().shape) << " and " << formatShape(part.shape);
    shape[axis] += part.shape[axis];
  }
  FailureOr<Constant> result = createResult(node, parts.front().elementType, shape, /*isSplat=*/false);
  if (failed(result))
    return failure();
  SmallVector<Dims> strides;
  for (const Constant &part : parts)
    strides.push_back(getBroadcastStrides(part.shape));
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    Dims source(index);
    size_t part = 0;
    for (; source[axis] >= parts[part].shape[axis]; ++part)
      source[axis] -= parts[part].shape[axis];
    appendElement(parts[part], getPosition(source, strides[part]), *result);
  });
  return node.setOutput(std::move(*result));
}
