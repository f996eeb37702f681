//===- ImportPointwise.cpp - elementwise operators --------------*- C++ -*-===//
//
// Add, Div, Mul, Sub; Max, Mean, Min, Sum; BatchNormalization, Neg, Relu; and what does nothing in inference: Dropout, Identity.
//
//===----------------------------------------------------------------------===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/ops/Folding.h"

#include <cmath>
#include <limits>

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

/// A shape of any rank as that of a map with one row: what spreads along the dimensions behind the first two does so together.
static Dims mapOf(ArrayRef<int64_t> shape) {
  Dims map{1, 1, 1, 1};
  for (auto [axis, size] : llvm::enumerate(shape))
    map[std::min<size_t>(axis, 2) + (axis >= 2)] *= size;
  return map;
}

Dims res::frontend::withChannels(ArrayRef<int64_t> shape) {
  if (shape.size() == 2 || shape.size() == 4)
    return Dims(shape);
  return shape.size() < 2 ? Dims{1, shape.empty() ? 1 : shape[0]} : mapOf(shape);
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
  Value mapped = node.createReshape(*input, withChannels(type.getShape()));
  Value result = BatchNormOp::create(node.builder, node.loc, mapped.getType(), mapped, vectors[0], vectors[1], vectors[2],
                                     vectors[3], node.builder.getF32FloatAttr(epsilon));
  return node.setOutput(node.createReshape(result, type.getShape()));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

bool res::frontend::isPerChannel(ArrayRef<int64_t> shape, RankedTensorType type) {
  int64_t missing = type.getRank() - int64_t(shape.size());
  if (missing < 0 || type.getRank() < 2)
    return false;
  for (auto [index, size] : llvm::enumerate(shape))
    if (size != 1 && (int64_t(index) + missing != 1 || size != type.getDimSize(1)))
      return false;
  return true;
}

/// "adds", for messages.
static StringRef getVerb(BinaryFunction function) {
  switch (function) {
  case BinaryFunction::add: return "adds";
  case BinaryFunction::sub: return "subtracts";
  case BinaryFunction::mul: return "multiplies";
  case BinaryFunction::div: return "divides";
  case BinaryFunction::max:
  case BinaryFunction::min: return "compares";
  }
  return "combines";
}

/// input * scale + shift, over dimension 1 of the shape that withChannels gives it.
static Value createAffine(NodeImport &node, Value input, Value scale, Value shift) {
  Dims shape(cast<RankedTensorType>(input.getType()).getShape());
  Value mapped = node.createReshape(input, withChannels(shape));
  return node.createReshape(AffineOp::create(node.builder, node.loc, mapped.getType(), mapped, scale, shift), shape);
}

/// 1 / constant for each of `channels`.
static FailureOr<Value> createReciprocal(NodeImport &node, unsigned constantIndex, int64_t channels) {
  FailureOr<Constant> divisor = getFoldable(node, constantIndex, "divisor");
  if (failed(divisor))
    return failure();
  SmallVector<float> values(channels);
  for (auto [index, value] : llvm::enumerate(values)) {
    const double by = divisor->floats[divisor->floats.size() == 1 ? 0 : index];
    if (by == 0)
      return node.emitError() << "expected a divisor other than 0";
    value = float(1 / by);
  }
  auto type = RankedTensorType::get(channels, node.builder.getF32Type());
  return Value(ConstantOp::create(node.builder, node.loc, DenseElementsAttr::get(type, ArrayRef(values))));
}

/// An activation and a constant of one value or one for each channel. Null where there is no such operation, and the constant
/// has to be an activation.
static FailureOr<Value> combineWithChannels(NodeImport &node, BinaryFunction function, Value input, unsigned constantIndex) {
  FailureOr<const Constant *> constant = node.getWeight(constantIndex, "constant");
  if (failed(constant))
    return failure();
  auto type = cast<RankedTensorType>(input.getType());
  const bool isOne = (*constant)->numElements == 1 && int64_t((*constant)->shape.size()) <= type.getRank();
  if (!isOne && !isPerChannel((*constant)->shape, type))
    return Value();
  const int64_t channels = withChannels(type.getShape())[1];
  auto splat = [&](float value) { return node.createSplat(value, channels); };
  auto first = [&] { return float(loadValues(**constant).floats[0]); };
  auto vector = [&]() -> Value { return isOne ? splat(first()) : node.materialize(**constant, channels); };
  auto unary = [&](UnaryFunction of, float alpha, float beta) -> Value {
    return UnaryOp::create(node.builder, node.loc, type, of, input, APFloat(alpha), APFloat(beta));
  };
  switch (function) {
  case BinaryFunction::add: return createAffine(node, input, splat(1), vector());
  case BinaryFunction::mul: return createAffine(node, input, vector(), splat(0));
  case BinaryFunction::sub: {
    if (constantIndex == 0)
      return createAffine(node, input, splat(-1), vector());
    Value negative = ScaleShiftOp::create(node.builder, node.loc, vector(), splat(-1), splat(0));
    return createAffine(node, input, splat(1), negative);
  }
  case BinaryFunction::div: {
    if (constantIndex == 0)
      return createAffine(node, unary(UnaryFunction::reciprocal, 0, 0), vector(), splat(0));
    FailureOr<Value> factor = createReciprocal(node, constantIndex, channels);
    return failed(factor) ? factor : FailureOr<Value>(createAffine(node, input, *factor, splat(0)));
  }
  case BinaryFunction::max:
  case BinaryFunction::min:
    if (!isOne)
      return Value();
    if (std::isnan(first()))
      return node.emitError() << "expected a number as bound, got " << first();
    return function == BinaryFunction::max ? unary(UnaryFunction::clip, first(), std::numeric_limits<float>::max())
                                           : unary(UnaryFunction::clip, std::numeric_limits<float>::lowest(), first());
  }
  return failure();
}

static FailureOr<Value> combineActivations(NodeImport &node, BinaryFunction function, Value lhs, Value rhs) {
  // The shorter shape gets sizes of 1 in front.
  Dims left(cast<RankedTensorType>(lhs.getType()).getShape()), right(cast<RankedTensorType>(rhs.getType()).getShape());
  const Dims given[] = {left, right};
  const size_t rank = std::max(left.size(), right.size());
  left.insert(left.begin(), rank - left.size(), 1);
  right.insert(right.begin(), rank - right.size(), 1);
  std::optional<Shape> shape = inferBinary(left, right);
  if (!shape)
    return node.refuse(getVerb(function) + " tensors of shapes " + formatShape(given[0]) + " and " + formatShape(given[1]) +
                       "; expected equal sizes, or 1 along images, channels, or rows and columns");
  FailureOr<RankedTensorType> type = node.getResultType(*shape);
  if (failed(type))
    return failure();
  // Code spreads operands of maps and matrices only.
  const bool asMaps = left != right && rank != 2 && rank != 4;
  Value a = node.createReshape(lhs, asMaps ? mapOf(left) : left);
  Value b = node.createReshape(rhs, asMaps ? mapOf(right) : right);
  if (function == BinaryFunction::add && left == right)
    return Value(AddOp::create(node.builder, node.loc, a, b));
  const auto resultType = asMaps ? RankedTensorType::get(mapOf(*shape), type->getElementType()) : *type;
  Value result = BinaryOp::create(node.builder, node.loc, resultType, function, a, b);
  return node.createReshape(result, *shape);
}

/// `value` and an operand of the node, which is the left one if `isLeft`.
static FailureOr<Value> combine(NodeImport &node, BinaryFunction function, Value value, unsigned index, bool isLeft) {
  FailureOr<Operand> operand = node.getOperand(index);
  if (failed(operand))
    return failure();
  if (operand->constant) {
    FailureOr<Value> result = combineWithChannels(node, function, value, index);
    if (failed(result) || *result)
      return result;
  }
  FailureOr<Value> other = node.getAsActivation(index);
  if (failed(other))
    return failure();
  return isLeft ? combineActivations(node, function, *other, value) : combineActivations(node, function, value, *other);
}

/// Combines all operands, `least` or more; where all are constant, as `folded` does. `isMean`: and divides by their number.
static LogicalResult importCombination(NodeImport &node, BinaryFunction function, StringRef folded, unsigned least,
                                       bool isMean = false) {
  if (failed(node.attributes.finish()))
    return failure();
  const unsigned count = std::max(node.getNumInputs(), least);
  std::optional<unsigned> first; // that is computed at run time
  Value value;
  for (unsigned index = 0; index < count; ++index) {
    FailureOr<Operand> operand = node.getOperand(index);
    if (failed(operand))
      return failure();
    if (operand->activation && !first)
      first = index, value = operand->activation;
  }
  if (!first)
    return isMean ? LogicalResult(node.getActivation(0)) : foldArithmetic(node, folded);
  for (unsigned index = 0; index < count; ++index) {
    if (index == *first)
      continue;
    FailureOr<Value> combined = combine(node, function, value, index, /*isLeft=*/index < *first);
    if (failed(combined))
      return failure();
    value = *combined;
  }
  if (isMean && count > 1) {
    const int64_t channels = withChannels(cast<RankedTensorType>(value.getType()).getShape())[1];
    value = createAffine(node, value, node.createSplat(1.f / float(count), channels), node.createSplat(0, channels));
  }
  return node.setOutput(value);
}

LogicalResult res::frontend::importAdd(NodeImport &node) { return importCombination(node, BinaryFunction::add, "Add", 2); }
LogicalResult res::frontend::importDiv(NodeImport &node) { return importCombination(node, BinaryFunction::div, "Div", 2); }
LogicalResult res::frontend::importMul(NodeImport &node) { return importCombination(node, BinaryFunction::mul, "Mul", 2); }
LogicalResult res::frontend::importSub(NodeImport &node) { return importCombination(node, BinaryFunction::sub, "Sub", 2); }
LogicalResult res::frontend::importMax(NodeImport &node) { return importCombination(node, BinaryFunction::max, "Max", 1); }
LogicalResult res::frontend::importMin(NodeImport &node) { return importCombination(node, BinaryFunction::min, "Min", 1); }
LogicalResult res::frontend::importSum(NodeImport &node) { return importCombination(node, BinaryFunction::add, "Add", 1); }
LogicalResult res::frontend::importMean(NodeImport &node) {
  return importCombination(node, BinaryFunction::add, "Add", 1, /*isMean=*/true);
}

LogicalResult res::frontend::importNeg(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  const int64_t channels = withChannels(input->getType().getShape())[1];
  return node.setOutput(createAffine(node, *input, node.createSplat(-1, channels), node.createSplat(0, channels)));
}

//===----------------------------------------------------------------------===//
// Nothing
//===----------------------------------------------------------------------===//

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
