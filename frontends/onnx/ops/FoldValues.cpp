//===- FoldValues.cpp - constants and arithmetic on them --------*- C++ -*-===//
//
// Constant, ConstantOfShape; Cast, CastLike; arithmetic on constants.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/ops/Folding.h"
#include "onnx-ml.pb.h"

#include <cmath>

using namespace mlir;
using namespace res;
using namespace res::frontend;
using onnx::TensorProto;

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

LogicalResult res::frontend::importConstant(NodeImport &node) {
  NodeAttributes &attributes = node.attributes;
  Constant constant;
  auto setFloats = [&](ArrayRef<float> values) {
    constant.elementType = TensorProto::FLOAT;
    constant.floats.assign(values.begin(), values.end());
  };
  auto setInts = [&](ArrayRef<int64_t> values) {
    constant.elementType = TensorProto::INT64;
    constant.ints.assign(values.begin(), values.end());
  };
  for (StringRef name : {"sparse_value", "value_string", "value_strings"})
    if (attributes.has(name))
      return node.refuse("attribute '" + name + "': expected 'value', 'value_float(s)' or 'value_int(s)'");
  const TensorProto *tensor = attributes.getTensor("value");
  if (attributes.has("value_float"))
    setFloats(attributes.getFloat("value_float", 0));
  if (attributes.has("value_int"))
    setInts(attributes.getInt("value_int", 0));
  for (auto values = attributes.getFloats("value_floats"); values; values.reset()) {
    setFloats(*values);
    constant.shape = {int64_t(values->size())};
  }
  for (auto values = attributes.getInts("value_ints"); values; values.reset()) {
    setInts(*values);
    constant.shape = {int64_t(values->size())};
  }
  if (failed(attributes.finish()))
    return failure();
  if (tensor) {
    FailureOr<Constant> read = node.readTensor(*tensor);
    return failed(read) ? failure() : node.setOutput(std::move(*read));
  }
  if (!constant.elementType)
    return node.emitError() << "expected an attribute 'value'";
  constant.numElements = constant.floats.size() + constant.ints.size();
  return node.setOutput(std::move(constant));
}

LogicalResult res::frontend::importConstantOfShape(NodeImport &node) {
  const TensorProto *tensor = node.attributes.getTensor("value");
  if (failed(node.attributes.finish()))
    return failure();
  Constant value;
  value.elementType = TensorProto::FLOAT;
  value.floats = {0};
  if (tensor) {
    FailureOr<Constant> read = node.readTensor(*tensor);
    if (failed(read))
      return failure();
    if (read->numElements != 1)
      return node.emitError() << "attribute 'value': expected one element, got " << read->numElements;
    value = loadValues(*read);
  }
  FailureOr<SmallVector<int64_t>> shape = node.getInts(0, "shape");
  if (failed(shape))
    return failure();
  return setSelected(node, value, *shape, [](ArrayRef<int64_t>) { return 0; });
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// Rounds towards zero; what no int64 can hold becomes the nearest that can, and not-a-number 0.
static int64_t truncateToInt64(double value) {
  if (std::isnan(value))
    return 0;
  if (std::abs(value) >= 9223372036854775808.0) // 2^63
    return value < 0 ? INT64_MIN : INT64_MAX;
  return int64_t(value);
}

/// Makes an element representable in the constant's type.
static double roundTo(int32_t elementType, double value) {
  return elementType == TensorProto::FLOAT ? float(value) : value;
}
static int64_t wrapTo(int32_t elementType, int64_t value) {
  return elementType == TensorProto::INT32 ? int32_t(value) : elementType == TensorProto::BOOL ? value != 0 : value;
}

static LogicalResult castTo(NodeImport &node, int32_t elementType) {
  FailureOr<Operand> operand = node.getOperand(0);
  if (failed(operand))
    return failure();
  if ((operand->activation && elementType == TensorProto::FLOAT) ||
      (operand->constant && operand->constant->elementType == elementType))
    return node.setOutput(*operand);
  switch (elementType) {
  case TensorProto::FLOAT:
  case TensorProto::DOUBLE:
  case TensorProto::INT32:
  case TensorProto::INT64:
  case TensorProto::BOOL: break;
  default: return node.refuse("converts to " + getTypeName(elementType));
  }
  FailureOr<Constant> from = getFoldable(node, 0);
  if (failed(from))
    return failure();
  Constant to = *from;
  to.elementType = elementType;
  to.floats.clear();
  to.ints.clear();
  for (double value : from->floats)
    if (to.isFloating())
      to.floats.push_back(roundTo(elementType, value));
    else
      to.ints.push_back(elementType == TensorProto::BOOL ? value != 0 : wrapTo(elementType, truncateToInt64(value)));
  for (int64_t value : from->ints)
    if (to.isFloating())
      to.floats.push_back(roundTo(elementType, double(value)));
    else
      to.ints.push_back(wrapTo(elementType, value));
  return node.setOutput(std::move(to));
}

LogicalResult res::frontend::importCast(NodeImport &node) {
  node.attributes.ignore("saturate"); // both are about 8-bit floats
  node.attributes.ignore("round_mode");
  int64_t to = node.attributes.getInt("to", TensorProto::UNDEFINED, 0, INT32_MAX);
  if (failed(node.attributes.finish()))
    return failure();
  return castTo(node, int32_t(to));
}

// The second operand lends its type only, so the result is constant although it may be computed.
LogicalResult res::frontend::importCastLike(NodeImport &node) {
  node.attributes.ignore("saturate");
  node.attributes.ignore("round_mode");
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<Operand> like = node.getOperand(1);
  if (failed(like))
    return failure();
  return castTo(node, like->constant ? like->constant->elementType : int32_t(TensorProto::FLOAT));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static double compute(StringRef opType, double lhs, double rhs) {
  return opType == "Add"   ? lhs + rhs
         : opType == "Sub" ? lhs - rhs
         : opType == "Mul" ? lhs * rhs
         : opType == "Max" ? std::max(lhs, rhs)
         : opType == "Min" ? std::min(lhs, rhs)
                           : lhs / rhs;
}

// Wraps around where the result does not fit. The divisor is not 0.
static int64_t compute(StringRef opType, int64_t lhs, int64_t rhs) {
  uint64_t left = lhs, right = rhs;
  if (opType == "Div")
    return rhs == -1 ? int64_t(0 - left) : lhs / rhs;
  if (opType == "Max" || opType == "Min")
    return opType == "Max" ? std::max(lhs, rhs) : std::min(lhs, rhs);
  return int64_t(opType == "Add" ? left + right : opType == "Sub" ? left - right : left * right);
}

static FailureOr<Constant> combine(NodeImport &node, StringRef opType, const Constant &lhs, const Constant &rhs) {
  if (lhs.elementType != rhs.elementType || lhs.elementType == TensorProto::BOOL)
    return node.emitError() << "expected two tensors of one type of numbers, got " << getTypeName(lhs.elementType)
                            << " and " << getTypeName(rhs.elementType);
  if (opType == "Div" && !rhs.isFloating() && llvm::is_contained(rhs.ints, 0))
    return node.emitError() << "expected a divisor other than 0";
  FailureOr<Dims> shape = broadcastShapes(node, lhs.shape, rhs.shape);
  if (failed(shape))
    return failure();
  FailureOr<Constant> result = createResult(node, lhs.elementType, *shape, /*isSplat=*/false);
  if (failed(result))
    return failure();
  Dims left = getBroadcastStrides(lhs.shape), right = getBroadcastStrides(rhs.shape);
  forEachIndex(*shape, [&](ArrayRef<int64_t> index) {
    int64_t leftAt = lhs.isSplat() ? 0 : getPosition(index, left);
    int64_t rightAt = rhs.isSplat() ? 0 : getPosition(index, right);
    if (result->isFloating())
      result->floats.push_back(roundTo(result->elementType, compute(opType, lhs.floats[leftAt], rhs.floats[rightAt])));
    else
      result->ints.push_back(wrapTo(result->elementType, compute(opType, lhs.ints[leftAt], rhs.ints[rightAt])));
  });
  return result;
}

LogicalResult res::frontend::foldArithmetic(NodeImport &node, StringRef opType) {
  FailureOr<Constant> result = getFoldable(node, 0);
  for (unsigned index = 1; index < node.getNumInputs() && succeeded(result); ++index) {
    FailureOr<Constant> operand = getFoldable(node, index);
    result = failed(operand) ? FailureOr<Constant>() : combine(node, opType, *result, *operand);
  }
  return failed(result) ? failure() : node.setOutput(std::move(*result));
}
