//===- ImportPointwise.cpp - elementwise operators --------------*- C++ -*-===//
//
// Add, Div, Mul, Sub; BatchNormalization, Neg, Relu; and what does nothing in inference: Dropout, Identity.
//
//===----------------------------------------------------------------------===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/ops/Folding.h"

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
  }
  return "combines";
}

static Value createAffine(NodeImport &node, Value input, Value scale, Value shift) {
  return AffineOp::create(node.builder, node.loc, input.getType(), input, scale, shift);
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

/// A shape of any rank as that of a map with one row: what spreads along the dimensions behind the first two does so together.
static Dims mapOf(ArrayRef<int64_t> shape) {
  Dims map{1, 1, 1, 1};
  for (auto [axis, size] : llvm::enumerate(shape))
    map[std::min<size_t>(axis, 2) + (axis >= 2)] *= size;
  return map;
}

/// An activation and a constant of one value or one for each channel: input * scale + shift.
static LogicalResult importWithConstant(NodeImport &node, BinaryFunction function, Value input, unsigned constantIndex) {
  FailureOr<const Constant *> constant = node.getWeight(constantIndex, "constant");
  if (failed(constant))
    return failure();
  auto type = cast<RankedTensorType>(input.getType());
  if (!isPerChannel((*constant)->shape, type))
    return node.refuse(getVerb(function) + " a constant of shape " + formatShape((*constant)->shape) +
                       " and a tensor of shape " + formatShape(type.getShape()) +
                       "; expected one value, or one for each channel");
  const int64_t channels = type.getDimSize(1);
  auto splat = [&](float value) { return node.createSplat(value, channels); };
  auto vector = [&]() -> Value {
    return (*constant)->numElements == 1 ? splat(float(loadValues(**constant).floats[0]))
                                         : node.materialize(**constant, channels);
  };
  switch (function) {
  case BinaryFunction::add: return node.setOutput(createAffine(node, input, splat(1), vector()));
  case BinaryFunction::mul: return node.setOutput(createAffine(node, input, vector(), splat(0)));
  case BinaryFunction::sub: {
    if (constantIndex == 0)
      return node.setOutput(createAffine(node, input, splat(-1), vector()));
    Value negative = ScaleShiftOp::create(node.builder, node.loc, vector(), splat(-1), splat(0));
    return node.setOutput(createAffine(node, input, splat(1), negative));
  }
  case BinaryFunction::div: {
    if (constantIndex == 1) {
      FailureOr<Value> factor = createReciprocal(node, 1, channels);
      return failed(factor) ? failure() : node.setOutput(createAffine(node, input, *factor, splat(0)));
    }
    Value reciprocal =
        UnaryOp::create(node.builder, node.loc, type, UnaryFunction::reciprocal, input, APFloat(0.f), APFloat(0.f));
    return node.setOutput(createAffine(node, reciprocal, vector(), splat(0)));
  }
  }
  return failure();
}

static LogicalResult importArithmetic(NodeImport &node, BinaryFunction function) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Operand> lhs = node.getOperand(0), rhs = node.getOperand(1);
  if (failed(lhs) || failed(rhs))
    return failure();
  if (lhs->constant && rhs->constant)
    return foldArithmetic(node, node.getOpType());
  if (lhs->constant)
    return importWithConstant(node, function, rhs->activation, 0);
  if (rhs->constant)
    return importWithConstant(node, function, lhs->activation, 1);

  // The shorter shape gets sizes of 1 in front.
  Dims left(lhs->getShape()), right(rhs->getShape());
  const size_t rank = std::max(left.size(), right.size());
  left.insert(left.begin(), rank - left.size(), 1);
  right.insert(right.begin(), rank - right.size(), 1);
  std::optional<Shape> shape = inferBinary(left, right);
  if (!shape)
    return node.refuse(getVerb(function) + " tensors of shapes " + formatShape(lhs->getShape()) + " and " +
                       formatShape(rhs->getShape()) +
                       "; expected equal sizes, or 1 along images, channels, or rows and columns");
  FailureOr<RankedTensorType> type = node.getResultType(*shape);
  if (failed(type))
    return failure();
  // Code spreads operands of maps and matrices only.
  const bool asMaps = left != right && rank != 2 && rank != 4;
  Value a = node.createReshape(lhs->activation, asMaps ? mapOf(left) : left);
  Value b = node.createReshape(rhs->activation, asMaps ? mapOf(right) : right);
  if (function == BinaryFunction::add && left == right)
    return node.setOutput(AddOp::create(node.builder, node.loc, a, b));
  const auto resultType = asMaps ? RankedTensorType::get(mapOf(*shape), type->getElementType()) : *type;
  Value result = BinaryOp::create(node.builder, node.loc, resultType, function, a, b);
  return node.setOutput(node.createReshape(result, *shape));
}

LogicalResult res::frontend::importAdd(NodeImport &node) { return importArithmetic(node, BinaryFunction::add); }
LogicalResult res::frontend::importDiv(NodeImport &node) { return importArithmetic(node, BinaryFunction::div); }
LogicalResult res::frontend::importMul(NodeImport &node) { return importArithmetic(node, BinaryFunction::mul); }
LogicalResult res::frontend::importSub(NodeImport &node) { return importArithmetic(node, BinaryFunction::sub); }

LogicalResult res::frontend::importNeg(NodeImport &node) {
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  RankedTensorType type = input->getType();
  if (type.getRank() < 2)
    return node.refuse("a tensor of shape " + formatShape(type.getShape()) + "; expected rank 2 or more");
  const int64_t channels = type.getDimSize(1);
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
