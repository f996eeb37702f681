//===- ImportSelection.cpp - parts of tensors, and tensors in larger ones -*- C++ -*-===//
//
// Slice and Pad: parameter-free shortcuts, and what exporters compute shapes with.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/ops/Folding.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// What a node says, before it is applied to a shape.
struct Bounds {
  SmallVector<int64_t> starts, ends, axes, steps;
};
/// Element i of the result is element begins + i * strides of the input.
struct Selection {
  Dims shape, begins, strides;
};
} // namespace

/// Bounds are attributes before opset 10 and inputs since.
static FailureOr<Bounds> readBounds(NodeImport &node) {
  std::optional<SmallVector<int64_t>> lists[4];
  static constexpr StringLiteral kNames[] = {"starts", "ends", "axes", "steps"};
  if (node.opset < 10)
    for (unsigned i = 0; i < 3; ++i)
      lists[i] = node.attributes.getInts(kNames[i]);
  if (failed(node.attributes.finish()))
    return failure();
  for (unsigned i = 0; i < 4 && node.opset >= 10; ++i) {
    if (!node.hasInput(i + 1))
      continue;
    FailureOr<SmallVector<int64_t>> values = node.getInts(i + 1, kNames[i]);
    if (failed(values))
      return failure();
    lists[i] = *values;
  }
  if (!lists[0] || !lists[1])
    return node.emitError() << "expected 'starts' and 'ends'";
  size_t count = lists[0]->size();
  Bounds bounds{*lists[0], *lists[1], lists[2].value_or(llvm::to_vector(llvm::seq<int64_t>(0, count))),
                lists[3].value_or(SmallVector<int64_t>(count, 1))};
  if (bounds.ends.size() != count || bounds.axes.size() != count || bounds.steps.size() != count)
    return node.emitError() << "expected as many ends, axes and steps as starts";
  return bounds;
}

/// Bounds count from the end when negative and are clamped.
static FailureOr<Selection> applyBounds(NodeImport &node, const Bounds &bounds, ArrayRef<int64_t> from) {
  constexpr int64_t kMostSteps = INT32_MAX;
  Selection result{Dims(from), Dims(from.size(), 0), Dims(from.size(), 1)};
  for (size_t i = 0; i < bounds.starts.size(); ++i) {
    FailureOr<int64_t> axis = normalizeAxis(node, bounds.axes[i], from.size());
    if (failed(axis))
      return failure();
    int64_t size = from[*axis], step = bounds.steps[i];
    if (step == 0 || step < -kMostSteps || step > kMostSteps)
      return node.emitError() << "expected steps of 1 to " << kMostSteps << " or their negatives, got " << step;
    int64_t least = step > 0 ? 0 : -1, most = step > 0 ? size : size - 1;
    auto clamp = [&](int64_t at) { return std::clamp(at < 0 ? at + size : at, least, std::max(least, most)); };
    int64_t start = std::clamp<int64_t>(clamp(bounds.starts[i]), 0, std::max<int64_t>(0, most));
    int64_t end = clamp(bounds.ends[i]);
    int64_t span = step > 0 ? end - start : start - end;
    result.shape[*axis] = size == 0 || span <= 0 ? 0 : (span + std::abs(step) - 1) / std::abs(step);
    result.begins[*axis] = start;
    result.strides[*axis] = step;
  }
  return result;
}

LogicalResult res::frontend::importSlice(NodeImport &node) {
  FailureOr<Bounds> bounds = readBounds(node);
  FailureOr<Operand> from = node.getOperand(0);
  if (failed(bounds) || failed(from))
    return failure();
  FailureOr<Selection> selection = applyBounds(node, *bounds, from->getShape());
  if (failed(selection))
    return failure();
  if (from->activation) {
    FailureOr<RankedTensorType> type = node.getResultType(selection->shape);
    if (failed(type))
      return failure();
    return node.setOutput(SliceOp::create(node.builder, node.loc, *type, from->activation, selection->begins,
                                          selection->strides)
                              .getOutput());
  }
  FailureOr<Constant> constant = getFoldable(node, 0);
  if (failed(constant))
    return failure();
  Dims sourceStrides = getBroadcastStrides(constant->shape);
  return setSelected(node, *constant, selection->shape, [&](ArrayRef<int64_t> index) {
    Dims source(index);
    for (auto [at, begin, stride] : llvm::zip(source, selection->begins, selection->strides))
      at = begin + at * stride;
    return getPosition(source, sourceStrides);
  });
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

namespace {
struct Pads {
  SmallVector<int64_t> low, high;
  float value = 0;
};
} // namespace

/// Pads are attributes before opset 11 and inputs since; axes came with opset 18.
static FailureOr<Pads> readPads(NodeImport &node, int64_t rank) {
  StringRef mode = node.attributes.getString("mode", "constant");
  Pads pads;
  std::optional<SmallVector<int64_t>> list;
  if (node.opset < 11) {
    list = node.attributes.getInts("pads");
    pads.value = node.attributes.getFloat("value", 0);
  }
  if (failed(node.attributes.finish()))
    return failure();
  if (mode != "constant")
    return node.refuse("attribute 'mode' is '" + mode + "'; expected 'constant'");
  if (node.opset >= 11) {
    FailureOr<SmallVector<int64_t>> values = node.getInts(1, "pads");
    if (failed(values))
      return failure();
    list = *values;
  }
  if (node.hasInput(2)) {
    FailureOr<const Constant *> value = node.getWeight(2, "value");
    if (failed(value))
      return failure();
    if ((*value)->numElements != 1)
      return node.emitError() << "expected one value to pad with, got " << (*value)->numElements;
    FailureOr<Constant> loaded = getFoldable(node, 2, "value");
    if (failed(loaded))
      return failure();
    pads.value = float(loaded->floats.front());
  }
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (node.hasInput(3)) {
    FailureOr<SmallVector<int64_t>> values = node.getInts(3, "axes");
    if (failed(values))
      return failure();
    axes = *values;
  }
  if (!list || list->size() != 2 * axes.size())
    return node.emitError() << "expected " << 2 * axes.size() << " pads, got " << (list ? list->size() : 0);
  pads.low.assign(rank, 0), pads.high.assign(rank, 0);
  for (auto [index, axis] : llvm::enumerate(axes)) {
    FailureOr<int64_t> normalized = normalizeAxis(node, axis, rank);
    if (failed(normalized))
      return failure();
    pads.low[*normalized] = (*list)[index], pads.high[*normalized] = (*list)[axes.size() + index];
  }
  return pads;
}

LogicalResult res::frontend::importPad(NodeImport &node) {
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  FailureOr<Pads> pads = readPads(node, succeeded(input) ? input->getType().getRank() : 4);
  if (failed(pads) || failed(input))
    return failure();
  Dims shape(input->getType().getShape());
  for (auto [size, low, high] : llvm::zip(shape, pads->low, pads->high)) {
    if (std::min(low, high) < INT32_MIN || std::max(low, high) > INT32_MAX)
      return node.emitError() << "expected pads of 32 bits, got " << low << " and " << high;
    size += low + high;
  }
  FailureOr<RankedTensorType> type = node.getResultType(shape);
  if (failed(type))
    return failure();
  return node.setOutput(
      PadOp::create(node.builder, node.loc, *type, *input, pads->low, llvm::APFloat(pads->value)).getOutput());
}
