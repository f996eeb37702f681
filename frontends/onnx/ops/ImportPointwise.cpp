//===- ImportPointwise.cpp - elementwise operators --------------*- C++ -*-===//
//
// Add, BatchNormalization, Relu, and what does nothing in inference: Dropout, Identity.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/NodeImport.h"

#include <cmath>

using namespace mlir;
using namespace res;
using namespace res::frontend;

LogicalResult res::frontend::importRelu(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  return node.setOutput(ReluOp::create(node.builder, node.loc, *input));
}

LogicalResult res::frontend::importBatchNorm(NodeImport &node) {
  float epsilon = node.attributes.getFloat("epsilon", 1e-5f);
  node.attributes.ignore("momentum"); // only training reads it
  bool perChannel = node.opset >= 9 || node.attributes.getFlag("spatial", true);
  bool training = node.opset >= 14 && node.attributes.getFlag("training_mode", false);
  if (failed(node.attributes.finish()))
    return failure();
  if (!std::isfinite(epsilon) || epsilon < 0)
    return node.emitError() << "attribute 'epsilon': expected a number of at least 0, got " << epsilon;
  if (!perChannel)
    return node.refuse("attribute 'spatial': expected 1, got 0");
  if (training)
    return node.refuse("attribute 'training_mode': expected 0, got 1");
  for (unsigned output = 1; output < node.getNumOutputs(); ++output)
    if (StringRef name = node.getOutputName(output); !name.empty())
      return node.refuse("output " + quote(name) + " holds statistics of training; expected one output");

  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  RankedTensorType type = input->getType();
  if (type.getRank() < 2)
    return node.emitError() << "expected an input of rank 2 or more, got shape " << formatShape(type.getShape());
  static constexpr StringLiteral kRoles[] = {"scale", "bias", "mean", "variance"};
  SmallVector<Value, 4> vectors;
  for (auto [index, role] : llvm::enumerate(kRoles)) {
    FailureOr<Value> vector = node.getVector(index + 1, role, type.getDimSize(1));
    if (failed(vector))
      return failure();
    vectors.push_back(*vector);
  }
  return node.setOutput(BatchNormOp::create(node.builder, node.loc, type, *input, vectors[0], vectors[1], vectors[2],
                                            vectors[3], node.builder.getF32FloatAttr(epsilon)));
}

/// True when `shape` is one that a constant broadcasts from to `size` channels: everything but dimension 1 is 1.
static bool isPerChannel(ArrayRef<int64_t> shape, RankedTensorType type) {
  int64_t missing = type.getRank() - int64_t(shape.size());
  if (missing < 0)
    return false;
  for (auto [index, size] : llvm::enumerate(shape))
    if (size != 1 && (int64_t(index) + missing != 1 || size != type.getDimSize(1)))
      return false;
  return true;
}

/// input + constant, where the constant is one value or one for each channel: input * 1 + shift.
static LogicalResult addConstant(NodeImport &node, Value input, unsigned constantIndex) {
  FailureOr<const Constant *> constant = node.getWeight(constantIndex, "constant");
  if (failed(constant))
    return failure();
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getRank() < 2 || !isPerChannel((*constant)->shape, type))
    return node.refuse("adds a constant of shape " + formatShape((*constant)->shape) + " to a tensor of shape " +
                       formatShape(type.getShape()) + "; expected one value, or one for each channel");
  int64_t channels = type.getDimSize(1);
  Value shift;
  if ((*constant)->numElements == 1) {
    shift = node.createSplat(loadValues(**constant).floats[0], channels);
  } else {
    shift = node.materialize(**constant, channels);
  }
  Value one = node.createSplat(1, channels);
  return node.setOutput(AffineOp::create(node.builder, node.loc, type, input, one, shift));
}

LogicalResult res::frontend::importAdd(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Operand> lhs = node.getOperand(0), rhs = node.getOperand(1);
  if (failed(lhs) || failed(rhs))
    return failure();
  if (lhs->constant && rhs->constant)
    return foldArithmetic(node, "Add");
  if (lhs->constant)
    return addConstant(node, rhs->activation, 0);
  if (rhs->constant)
    return addConstant(node, lhs->activation, 1);
  auto left = cast<RankedTensorType>(lhs->activation.getType());
  auto right = cast<RankedTensorType>(rhs->activation.getType());
  if (left != right)
    return node.refuse("adds tensors of shapes " + formatShape(left.getShape()) + " and " +
                       formatShape(right.getShape()) + "; expected equal shapes");
  return node.setOutput(AddOp::create(node.builder, node.loc, lhs->activation, rhs->activation));
}

LogicalResult res::frontend::importIdentity(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Operand> operand = node.getOperand(0);
  return failed(operand) ? failure() : node.setOutput(*operand);
}

LogicalResult res::frontend::importDropout(NodeImport &node) {
  node.attributes.ignore("ratio");
  node.attributes.ignore("seed");
  if (failed(node.attributes.finish()))
    return failure();
  if (node.hasInput(2)) {
    FailureOr<const Constant *> training = node.getConstant(2, "training_mode");
    if (failed(training))
      return failure();
    if ((*training)->isFloating() || (*training)->numElements != 1)
      return node.emitError() << "expected one bool as 'training_mode'";
    if (loadValues(**training).ints[0])
      return node.refuse("input 'training_mode': expected false, got true");
  }
  FailureOr<Operand> operand = node.getOperand(0);
  return failed(operand) ? failure() : node.setOutput(*operand);
}
