//===- ImportPool.cpp - pools and means over the map ------------*- C++ -*-===//
//
// MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool, ReduceMean; and LRN, means over channels.
//
//===----------------------------------------------------------------------===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/ops/Windows.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace res;
using namespace res::frontend;

/// A window that lies wholly in the padding has no maximum and no mean.
static LogicalResult expectNoEmptyWindow(NodeImport &node, WindowAttr window, ArrayRef<int64_t> input,
                                         ArrayRef<int64_t> output) {
  for (unsigned axis = 0; axis < 2; ++axis) {
    int64_t size = input[axis + 2], stride = window.getStrides()[axis], dilation = window.getDilations()[axis];
    auto isEmpty = [&](int64_t position) {
      int64_t start = position * stride - window.getPadBegin(axis);
      int64_t skipped = start < 0 ? (-start + dilation - 1) / dilation : 0; // elements before the map
      return skipped >= window.getKernel()[axis] || start + skipped * dilation >= size;
    };
    // Only positions that start in the padding can be empty: the first few and the last.
    int64_t last = output[axis + 2] - 1;
    bool empty = isEmpty(last);
    for (int64_t position = 0; position <= last && position * stride < window.getPadBegin(axis); ++position)
      empty |= isEmpty(position);
    if (empty)
      return node.emitError() << "attribute 'pads': expected every window to reach into the map, got pads "
                              << window.getPadBegin(axis) << " and " << window.getPadEnd(axis)
                              << " for a window that spans " << window.getSpan(axis);
  }
  return success();
}

namespace {

/// What both pools need to know.
struct Pool {
  TypedValue<RankedTensorType> input;
  WindowAttr window;
  RankedTensorType type;
};

} // namespace

static FailureOr<Pool> readPool(NodeImport &node, const WindowSpec &spec, bool ceilMode) {
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> inputShape = input->getType().getShape();
  if (failed(expectTwoSpatialAxes(node, inputShape, "pooling")))
    return failure();
  if (!spec.kernel)
    return node.emitError() << "expected attribute 'kernel_shape'";
  FailureOr<WindowAttr> window = resolveWindow(node, spec, inputShape, *spec.kernel, ceilMode);
  if (failed(window))
    return failure();
  // ONNX Runtime's pads for these disregard the dilations, against the definition of the operator.
  if (StringRef(spec.autoPad).starts_with("SAME") && window->hasDilations())
    return node.refuse("attribute 'auto_pad': expected NOTSET or VALID for a pooling with dilations, got " +
                       StringRef(spec.autoPad));
  FailureOr<Shape> shape = inferPool(inputShape, *window, [&] { return node.emitError(); });
  if (failed(shape) || failed(expectNoEmptyWindow(node, *window, inputShape, *shape)))
    return failure();
  FailureOr<RankedTensorType> type = node.getResultType(*shape);
  if (failed(type))
    return failure();
  return Pool{*input, *window, *type};
}

LogicalResult res::frontend::importMaxPool(NodeImport &node) {
  WindowSpec spec = readWindowSpec(node.attributes);
  bool ceilMode = node.attributes.getFlag("ceil_mode", false);
  bool columnMajor = node.attributes.getFlag("storage_order", false);
  if (failed(node.attributes.finish()))
    return failure();
  if (columnMajor)
    return node.refuse("attribute 'storage_order': expected 0, got 1");
  FailureOr<Pool> pool = readPool(node, spec, ceilMode);
  if (failed(pool))
    return failure();
  return node.setOutput(MaxPoolOp::create(node.builder, node.loc, pool->type, pool->input, pool->window));
}

static LogicalResult createGlobalAveragePool(NodeImport &node, TypedValue<RankedTensorType> input,
                                             bool keepSpatialAxes) {
  ArrayRef<int64_t> shape = input.getType().getShape();
  auto type = input.getType().clone({shape[0], shape[1], 1, 1});
  Value mean = GlobalAvgPoolOp::create(node.builder, node.loc, type, input);
  return node.setOutput(keepSpatialAxes ? mean : node.createReshape(mean, shape.take_front(2)));
}

/// A mean over a map that is padded with zeros, which count, as `padding` says, under a window with more padding at the end,
/// which does not.
static Value createPaddedMean(NodeImport &node, const Pool &pool, WindowAttr padding) {
  SmallVector<int64_t> shape(pool.input.getType().getShape()), low(4, 0), pads(4, 0);
  for (unsigned axis : {0, 1}) {
    low[axis + 2] = padding.getPadBegin(axis);
    shape[axis + 2] += padding.getPadBegin(axis) + padding.getPadEnd(axis);
    pads[axis + 2] = pool.window.getPadEnd(axis) - padding.getPadEnd(axis);
  }
  Value padded = PadOp::create(node.builder, node.loc, pool.input.getType().clone(shape), pool.input, low, APFloat(0.f));
  auto window = WindowAttr::get(node.builder.getContext(), padding.getKernel(), padding.getStrides(), pads, padding.getDilations());
  return AvgPoolOp::create(node.builder, node.loc, pool.type, padded, window, /*count_include_pad=*/false);
}

LogicalResult res::frontend::importAveragePool(NodeImport &node) {
  WindowSpec spec = readWindowSpec(node.attributes);
  bool ceilMode = node.attributes.getFlag("ceil_mode", false);
  bool countIncludePad = node.attributes.getFlag("count_include_pad", false);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Pool> pool = readPool(node, spec, ceilMode);
  if (failed(pool))
    return failure();

  WindowAttr window = pool->window;
  if (ceilMode && countIncludePad) {
    // The padding of the node counts, what ceil_mode adds to it does not: only the latter stays the pooling's.
    ArrayRef<int64_t> from = pool->input.getType().getShape();
    FailureOr<WindowAttr> floor = resolveWindow(node, spec, from, *spec.kernel, /*ceilMode=*/false);
    if (succeeded(floor) && *floor != window && floor->hasPads())
      return node.setOutput(createPaddedMean(node, *pool, *floor));
    countIncludePad = succeeded(floor) && floor->hasPads();
  }
  auto isOne = [](int64_t value) { return value == 1; };
  if (llvm::all_of(window.getKernel(), isOne) && llvm::all_of(window.getStrides(), isOne) && !window.hasPads())
    return node.setOutput(pool->input);
  bool isWhole = window.getKernel() == pool->input.getType().getShape().drop_front(2);
  if (isWhole && !window.hasPads() && !window.hasDilations())
    return createGlobalAveragePool(node, pool->input, /*keepSpatialAxes=*/true);
  return node.setOutput(AvgPoolOp::create(node.builder, node.loc, pool->type, pool->input, window,
                                          countIncludePad && window.hasPads()));
}

LogicalResult res::frontend::importGlobalAveragePool(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input) || failed(expectTwoSpatialAxes(node, input->getType().getShape(), "pooling")))
    return failure();
  return createGlobalAveragePool(node, *input, /*keepSpatialAxes=*/true);
}

LogicalResult res::frontend::importGlobalMaxPool(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input) || failed(expectTwoSpatialAxes(node, input->getType().getShape(), "pooling")))
    return failure();
  ArrayRef<int64_t> from = input->getType().getShape();
  auto window = WindowAttr::get(node.builder.getContext(), from.drop_front(2), {1, 1}, {0, 0, 0, 0}, {1, 1});
  FailureOr<RankedTensorType> type = node.getResultType({from[0], from[1], 1, 1});
  if (failed(type))
    return failure();
  return node.setOutput(MaxPoolOp::create(node.builder, node.loc, *type, *input, window));
}

LogicalResult res::frontend::importLrn(NodeImport &node) {
  const int64_t size = node.attributes.getInt("size", 0, 0, INT32_MAX);
  const float alpha = node.attributes.getFloat("alpha", 1e-4f), beta = node.attributes.getFloat("beta", 0.75f);
  const float bias = node.attributes.getFloat("bias", 1);
  if (failed(node.attributes.finish()))
    return failure();
  if (size < 1)
    return node.emitError() << "attribute 'size': expected a window of at least 1 channel, got " << size;
  if (!std::isfinite(alpha) || !std::isfinite(beta) || !std::isfinite(bias))
    return node.emitError() << "expected finite numbers as 'alpha', 'beta' and 'bias', got " << alpha << ", " << beta
                            << " and " << bias;
  if (alpha < 0 || bias <= 0)
    return node.refuse("attributes 'alpha' and 'bias': expected at least 0 and more than 0, got " +
                       llvm::formatv("{0} and {1}", llvm::format("%g", alpha), llvm::format("%g", bias)).str());
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  Dims shape(input->getType().getShape());
  if (shape.size() < 2)
    return node.emitError() << "expected an input of rank 2 or more, got shape " << formatShape(shape);
  // Pixels are normalised alone, wherever they lie.
  Dims map{shape[0], shape[1], 1, 1};
  for (auto [axis, extent] : llvm::enumerate(ArrayRef<int64_t>(shape).drop_front(2)))
    map[axis == 0 && shape.size() == 4 ? 2 : 3] *= extent;
  Value mapped = node.createReshape(*input, map);
  Value result = LrnOp::create(node.builder, node.loc, mapped.getType(), mapped, size, APFloat(alpha), APFloat(beta),
                               APFloat(bias));
  return node.setOutput(node.createReshape(result, shape));
}

// Axes are an attribute before opset 18 and an input since; without any, all axes are meant.
LogicalResult res::frontend::importReduceMean(NodeImport &node) {
  std::optional<SmallVector<int64_t>> axes;
  bool keepAxes = node.attributes.getFlag("keepdims", true), noAxesIsNothing = false;
  if (node.opset < 18)
    axes = node.attributes.getInts("axes");
  else
    noAxesIsNothing = node.attributes.getFlag("noop_with_empty_axes", false);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  if (node.opset >= 18 && node.hasInput(1)) {
    FailureOr<SmallVector<int64_t>> values = node.getInts(1, "axes");
    if (failed(values))
      return failure();
    axes = *values;
  }

  int64_t rank = input->getType().getRank();
  SmallVector<int64_t> sorted = axes.value_or(SmallVector<int64_t>());
  if (sorted.empty() && noAxesIsNothing)
    return node.setOutput(*input);
  if (sorted.empty())
    llvm::append_range(sorted, llvm::seq<int64_t>(0, rank));
  for (int64_t &axis : sorted) {
    if (axis < -rank || axis >= rank)
      return node.emitError() << "expected axes from " << -rank << " to " << rank - 1 << ", got " << axis;
    axis += axis < 0 ? rank : 0;
  }
  llvm::sort(sorted);
  if (rank != 4 || sorted != SmallVector<int64_t>{2, 3}) {
    std::string got;
    llvm::raw_string_ostream stream(got);
    llvm::interleaveComma(sorted, stream);
    return node.refuse("means over axes " + got + " of a tensor of rank " + Twine(rank) +
                       "; expected all spatial axes, 2 and 3 of rank 4");
  }
  return createGlobalAveragePool(node, *input, keepAxes);
}
