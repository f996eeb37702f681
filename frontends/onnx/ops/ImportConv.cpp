//===- ImportConv.cpp - Conv ------------------------------------*- C++ -*-===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/ops/Windows.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

// More groups than any network has, and no product with a size overflows.
static constexpr int64_t kMaxGroups = 1 << 20;

LogicalResult res::frontend::importConv(NodeImport &node) {
  WindowSpec spec = readWindowSpec(node.attributes);
  int64_t groups = node.attributes.getInt("group", 1, 1, kMaxGroups);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  FailureOr<const Constant *> filter = node.getWeight(1, "filter");
  if (failed(input) || failed(filter))
    return failure();

  ArrayRef<int64_t> inputShape = input->getType().getShape(), filterShape = (*filter)->shape;
  if (failed(expectTwoSpatialAxes(node, inputShape, "convolution")))
    return failure();
  if (filterShape.size() != 4)
    return node.emitError() << "expected a filter of rank 4, got shape " << formatShape(filterShape);
  ArrayRef<int64_t> kernel = filterShape.drop_front(2);
  if (spec.kernel && ArrayRef<int64_t>(*spec.kernel) != kernel)
    return node.emitError() << "attribute 'kernel_shape': expected the filter's " << formatShape(kernel) << ", got "
                            << formatShape(*spec.kernel);
  FailureOr<WindowAttr> window = resolveWindow(node, spec, inputShape, kernel, /*ceilMode=*/false);
  if (failed(window))
    return failure();
  FailureOr<Shape> shape = inferConv(inputShape, filterShape, *window, groups, [&] { return node.emitError(); });
  if (failed(shape))
    return failure();
  FailureOr<RankedTensorType> type = node.getResultType(*shape);
  if (failed(type))
    return failure();

  Value filterValue = node.materialize(**filter), bias;
  if (node.hasInput(2)) {
    FailureOr<Value> vector = node.getVector(2, "bias", filterShape[0]);
    if (failed(vector))
      return failure();
    bias = *vector;
  }
  return node.setOutput(ConvOp::create(node.builder, node.loc, *type, *input, filterValue, bias, *window, groups));
}
