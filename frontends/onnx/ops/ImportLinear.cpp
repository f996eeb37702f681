//===- ImportLinear.cpp - fully connected layers ----------------*- C++ -*-===//
//
// Gemm, MatMul, and the Softmax behind them.
//
//===----------------------------------------------------------------------===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/NodeImport.h"
#include "frontends/onnx/ops/Folding.h"

#include <numeric>

using namespace mlir;
using namespace res;
using namespace res::frontend;

namespace {

/// A product of an NxC activation and a constant matrix.
struct Product {
  TypedValue<RankedTensorType> input;
  Value weight;
  RankedTensorType type;
};

} // namespace

static FailureOr<Product> readProduct(NodeImport &node, bool transposed) {
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  FailureOr<const Constant *> weight = node.getWeight(1, "weight");
  if (failed(input) || failed(weight))
    return failure();
  ArrayRef<int64_t> inputShape = input->getType().getShape(), weightShape = (*weight)->shape;
  if (inputShape.size() != 2 || weightShape.size() != 2)
    return node.refuse("multiplies tensors of shapes " + formatShape(inputShape) + " and " + formatShape(weightShape) +
                       "; expected two of rank 2");
  FailureOr<Shape> shape = inferGemm(inputShape, weightShape, transposed, [&] { return node.emitError(); });
  if (failed(shape))
    return failure();
  FailureOr<RankedTensorType> type = node.getResultType(*shape);
  if (failed(type))
    return failure();
  return Product{*input, node.materialize(**weight), *type};
}

/// The C of alpha * A * B + beta * C as a vector over the columns of the result, with beta applied.
static FailureOr<Value> readGemmBias(NodeImport &node, int64_t columns, float beta) {
  FailureOr<const Constant *> constant = node.getWeight(2, "bias");
  if (failed(constant))
    return failure();
  ArrayRef<int64_t> shape = (*constant)->shape;
  Value bias;
  if ((*constant)->numElements == 1 && shape.size() <= 2) {
    bias = node.createSplat(loadValues(**constant).floats[0], columns);
  } else if (shape == ArrayRef<int64_t>{columns} || shape == ArrayRef<int64_t>{1, columns}) {
    bias = node.materialize(**constant, columns);
  } else {
    return node.refuse(2, "bias", "has shape " + formatShape(shape) + "; expected one value, or one for each of " +
                                      Twine(columns) + " columns");
  }
  if (beta == 1)
    return bias;
  Value scale = node.createSplat(beta, columns), zero = node.createSplat(0, columns);
  return Value(ScaleShiftOp::create(node.builder, node.loc, bias, scale, zero));
}

LogicalResult res::frontend::importGemm(NodeImport &node) {
  float alpha = node.attributes.getFloat("alpha", 1), beta = node.attributes.getFloat("beta", 1);
  bool transA = node.attributes.getFlag("transA", false), transB = node.attributes.getFlag("transB", false);
  if (failed(node.attributes.finish()))
    return failure();
  if (transA)
    return node.refuse("attribute 'transA': expected 0, got 1");
  FailureOr<Product> product = readProduct(node, transB);
  if (failed(product))
    return failure();
  Value weight = product->weight, bias;
  if (alpha != 1) {
    Value factors = node.createSplat(alpha, cast<RankedTensorType>(weight.getType()).getDimSize(0));
    weight = ScaleChannelsOp::create(node.builder, node.loc, weight, factors);
  }
  if (node.hasInput(2) && beta != 0) {
    FailureOr<Value> vector = readGemmBias(node, product->type.getDimSize(1), beta);
    if (failed(vector))
      return failure();
    bias = *vector;
  }
  return node.setOutput(GemmOp::create(node.builder, node.loc, product->type, product->input, weight, bias, transB));
}

LogicalResult res::frontend::importMatMul(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Product> product = readProduct(node, /*transposed=*/false);
  if (failed(product))
    return failure();
  return node.setOutput(GemmOp::create(node.builder, node.loc, product->type, product->input, product->weight,
                                       /*bias=*/Value(), /*transposed=*/false));
}

// Before opset 13 the axis is 1 by default, and all dimensions from it on are one. From 13 on the sum goes over the axis
// alone, which is the same where all behind it are 1.
LogicalResult res::frontend::importSoftmax(NodeImport &node) {
  const bool flattens = node.opset < 13;
  int64_t axis = node.attributes.getInt("axis", flattens ? 1 : -1);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> shape = input->getType().getShape();
  int64_t rank = shape.size();
  FailureOr<int64_t> first = normalizeAxis(node, axis, rank);
  if (failed(first))
    return failure();
  auto count = [](ArrayRef<int64_t> sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
  };
  if (!flattens && count(shape.drop_front(*first + 1)) != 1)
    return node.refuse("axis " + Twine(axis) + " of a tensor of rank " + Twine(rank) +
                       "; expected the last axis, or one before axes of size 1");
  Value rows = node.createReshape(*input, {count(shape.take_front(*first)), count(shape.drop_front(*first))});
  return node.setOutput(node.createReshape(SoftmaxOp::create(node.builder, node.loc, rows), shape));
}
