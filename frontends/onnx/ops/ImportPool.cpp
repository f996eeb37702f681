//===- ImportPool.cpp - pools and means over the map ------------*- C++ -*-===//
//
// MaxPool, AveragePool, GlobalAveragePool, ReduceMean.
//
//===----------------------------------------------------------------------===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/ops/Windows.h"

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

LogicalResult res::frontend::importAveragePool(NodeImport &node) {
  WindowSpec spec = readWindowSpec(node.attributes);
  bool ceilMode = node.attributes.getFlag("ceil_mode", false);
  bool countIncludePad = node.attributes.getFlag("count_include_pad", false);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Pool> pool = readPool(node, spec, ceilMode);
  if (failed(pool))
    return failure();

  if (ceilMode) {
    // Padding that ceil_mode adds would count differently from the rest.
    FailureOr<WindowAttr> floor =
        resolveWindow(node, spec, pool->input.getType().getShape(), *spec.kernel, /*ceilMode=*/false);
    if (succeeded(floor) && *floor != pool->window)
      return node.refuse("attribute 'ceil_mode': expected 0 where it changes the size of the result, got 1");
  }
  WindowAttr window = pool->window;
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
