//===- ImportUnary.cpp - functions of each element --------------*- C++ -*-===//
//
// Activation functions and other functions of one number; Clip; PRelu; Pow with a few exponents.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/ops/Folding.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace res;
using namespace res::frontend;

namespace {

/// An attribute and its default; no name: there is none.
struct Parameter {
  StringLiteral name{""};
  float fallback = 0;
};

/// An operator that is a function with at most two parameters.
struct UnaryRule {
  StringLiteral opType;
  UnaryFunction function;
  Parameter alpha = {}, beta = {};
};

} // namespace

static constexpr UnaryRule kRules[] = {
    {"Abs", UnaryFunction::abs},
    {"Celu", UnaryFunction::celu, {"alpha", 1}},
    {"Elu", UnaryFunction::elu, {"alpha", 1}},
    {"Erf", UnaryFunction::erf},
    {"Exp", UnaryFunction::exp},
    {"HardSigmoid", UnaryFunction::hard_sigmoid, {"alpha", 0.2f}, {"beta", 0.5f}},
    {"HardSwish", UnaryFunction::hard_swish},
    {"LeakyRelu", UnaryFunction::leaky_relu, {"alpha", 0.01f}},
    {"Mish", UnaryFunction::mish},
    {"Reciprocal", UnaryFunction::reciprocal},
    {"Selu", UnaryFunction::selu, {"alpha", 1.67326319217681884765625f}, {"gamma", 1.05070102214813232421875f}},
    {"Sigmoid", UnaryFunction::sigmoid},
    {"Softplus", UnaryFunction::softplus},
    {"Softsign", UnaryFunction::softsign},
    {"Sqrt", UnaryFunction::sqrt},
    {"Swish", UnaryFunction::swish, {"alpha", 1}},
    {"Tanh", UnaryFunction::tanh},
};

static LogicalResult createUnary(NodeImport &node, UnaryFunction function, float alpha = 0, float beta = 0) {
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  return node.setOutput(
      UnaryOp::create(node.builder, node.loc, input->getType(), function, *input, APFloat(alpha), APFloat(beta)));
}

LogicalResult res::frontend::importUnary(NodeImport &node) {
  const UnaryRule *rule = llvm::find_if(kRules, [&](const UnaryRule &r) { return r.opType == node.getOpType(); });
  assert(rule != std::end(kRules) && "every operator that NodeTable lists with importUnary has a rule");
  const Parameter parameters[] = {rule->alpha, rule->beta};
  float values[] = {0, 0};
  for (auto [value, parameter] : llvm::zip(values, parameters))
    if (!parameter.name.empty())
      value = node.attributes.getFloat(parameter.name, parameter.fallback);
  if (failed(node.attributes.finish()))
    return failure();
  for (auto [value, parameter] : llvm::zip(values, parameters))
    if (!std::isfinite(value))
      return node.emitError() << "attribute '" << parameter.name << "': expected a finite number, got " << value;
  if (rule->function == UnaryFunction::celu && values[0] == 0)
    return node.emitError() << "attribute 'alpha': expected a number other than 0, got 0"; // it is divided by
  return createUnary(node, rule->function, values[0], values[1]);
}

LogicalResult res::frontend::importGelu(NodeImport &node) {
  StringRef form = node.attributes.getString("approximate", "none");
  if (failed(node.attributes.finish()))
    return failure();
  if (form != "none" && form != "tanh")
    return node.emitError() << "attribute 'approximate': expected none or tanh, got " << quote(form);
  return createUnary(node, form == "tanh" ? UnaryFunction::gelu_tanh : UnaryFunction::gelu);
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

/// A constant of one float32 element.
static FailureOr<float> getScalar(NodeImport &node, unsigned index, StringRef role) {
  FailureOr<const Constant *> constant = node.getWeight(index, role);
  if (failed(constant))
    return failure();
  if ((*constant)->numElements != 1)
    return node.refuse(index, role, "has shape " + formatShape((*constant)->shape) + "; expected one value");
  return float(loadValues(**constant).floats[0]);
}

static constexpr float kLowest = std::numeric_limits<float>::lowest(), kHighest = std::numeric_limits<float>::max();

// Up to opset 10 bounds are attributes, then inputs; either may be missing.
LogicalResult res::frontend::importClip(NodeImport &node) {
  float low = kLowest, high = kHighest;
  if (node.opset < 11) {
    low = node.attributes.getFloat("min", low);
    high = node.attributes.getFloat("max", high);
  }
  if (failed(node.attributes.finish()))
    return failure();
  for (auto [index, role, bound] : {std::tuple(1u, "min", &low), std::tuple(2u, "max", &high)}) {
    if (!node.hasInput(index))
      continue;
    if (node.opset < 11)
      return node.emitError() << "expected at most 1 inputs, got " << node.getNumInputs();
    FailureOr<float> value = getScalar(node, index, role);
    if (failed(value))
      return failure();
    *bound = *value;
  }
  if (std::isnan(low) || std::isnan(high))
    return node.emitError() << "expected numbers as bounds, got " << low << " and " << high;
  return createUnary(node, UnaryFunction::clip, low, high);
}

//===----------------------------------------------------------------------===//
// Slopes and powers
//===----------------------------------------------------------------------===//

LogicalResult res::frontend::importPRelu(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  FailureOr<const Constant *> slope = node.getWeight(1, "slope");
  if (failed(input) || failed(slope))
    return failure();
  if ((*slope)->numElements == 1)
    return createUnary(node, UnaryFunction::leaky_relu, float(loadValues(**slope).floats[0]));
  RankedTensorType type = input->getType();
  if (!isPerChannel((*slope)->shape, type))
    return node.refuse(1, "slope", "has shape " + formatShape((*slope)->shape) + " for a tensor of shape " +
                                       formatShape(type.getShape()) + "; expected one value, or one for each channel");
  Value vector = node.materialize(**slope, type.getDimSize(1));
  Value mapped = node.createReshape(*input, withChannels(type.getShape()));
  Value result = PReluOp::create(node.builder, node.loc, mapped.getType(), mapped, vector);
  return node.setOutput(node.createReshape(result, type.getShape()));
}

LogicalResult res::frontend::importPow(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  FailureOr<Constant> constant = getFoldable(node, 1, "exponent");
  if (failed(input) || failed(constant))
    return failure();
  if (constant->numElements != 1)
    return node.refuse(1, "exponent", "has shape " + formatShape(constant->shape) + "; expected one value");
  const double exponent = constant->isFloating() ? constant->floats[0] : double(constant->ints[0]);
  Value x = *input;
  auto timesInput = [&](Value value) -> Value {
    return BinaryOp::create(node.builder, node.loc, x.getType(), BinaryFunction::mul, value, x);
  };
  if (exponent == 0.5)
    return createUnary(node, UnaryFunction::sqrt);
  if (exponent == -1)
    return createUnary(node, UnaryFunction::reciprocal);
  if (exponent == 1)
    return node.setOutput(x);
  if (exponent == 2)
    return node.setOutput(timesInput(x));
  if (exponent == 3)
    return node.setOutput(timesInput(timesInput(x)));
  return node.refuse(1, "exponent", "is " + makePrintable(llvm::formatv("{0}", llvm::format("%g", exponent)).str()) + "; expected -1, 0.5, 1, 2 or 3");
}
