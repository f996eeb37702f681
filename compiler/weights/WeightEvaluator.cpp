//===- WeightEvaluator.cpp - values of symbolic weights ---------*- C++ -*-===//
//
// Evaluates weights and pure functions of weights in double precision.
//
//===----------------------------------------------------------------------===//

#include "compiler/weights/WeightEvaluator.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace res;
using llvm::Error;
using llvm::Expected;

static_assert(llvm::endianness::native == llvm::endianness::little, "weight files are little-endian, read as they are");

static Error makeError(const llvm::Twine &message) { return llvm::createStringError(message); }

static std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Elements of one index of dimension 0.
static int64_t rowSizeOf(Value value) {
  int64_t elements = 1;
  for (int64_t size : typeOf(value).getShape().drop_front())
    elements *= size;
  return elements;
}

static double toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToDouble();
}

/// Bytes of an element in a file, 0 for types that no file holds.
static int64_t elementBytes(Type type) {
  if (!isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type) && !type.isInteger(8) && !type.isInteger(16) &&
      !type.isInteger(32) && !type.isInteger(64))
    return 0;
  return type.getIntOrFloatBitWidth() / 8;
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

Expected<std::vector<double>> WeightEvaluator::evaluate(Value weight) {
  if (typeOf(weight).getRank() != 1)
    return evaluateRange(weight, 0, typeOf(weight).getNumElements());
  Expected<Vector> known = vector(weight);
  if (!known)
    return known.takeError();
  return std::vector<double>(**known);
}

Expected<std::vector<double>> WeightEvaluator::evaluateSlice(Value weight, int64_t firstRow, int64_t rows) {
  assert(firstRow >= 0 && rows >= 0 && firstRow + rows <= typeOf(weight).getDimSize(0));
  return evaluateRange(weight, firstRow * rowSizeOf(weight), rows * rowSizeOf(weight));
}

Expected<std::vector<double>> WeightEvaluator::evaluateRange(Value weight, int64_t first, int64_t count) {
  if (Error error = checkSource(weight))
    return error;
  std::vector<double> result(count);
  if (Error error = fill(weight, first, result))
    return error;
  return result;
}

Error WeightEvaluator::checkSource(Value weight) {
  while (Operation *function = weight.getDefiningOp()) {
    if (!isa<ScaleChannelsOp, PhaseFilterOp>(function))
      break;
    weight = function->getOperand(0);
  }
  auto op = weight.getDefiningOp<WeightRefOp>();
  if (!op)
    return Error::success(); // constants exist in full, and vectors check their own operands
  uint64_t bytes = elementBytes(op.getType().getElementType());
  if (!bytes)
    return makeError("weight '" + op.getName() + "': expected float or integer elements of whole bytes, got " +
                     typeText(op.getType()));
  bool overflows = false;
  for (int64_t size : op.getType().getShape()) {
    bool here = false;
    bytes = llvm::SaturatingMultiply<uint64_t>(bytes, size, &here);
    overflows |= here;
  }
  if (overflows)
    return makeError("weight '" + op.getName() + "': expected a tensor that fits into a file, got " +
                     typeText(op.getType()));
  return files.read(op.getName(), op.getFile(), op.getOffset(), bytes).takeError();
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Error WeightEvaluator::fill(Value weight, int64_t first, MutableArrayRef<double> out) {
  if (auto op = weight.getDefiningOp<WeightRefOp>())
    return fillFromFile(op, first, out);
  if (auto op = weight.getDefiningOp<ConstantOp>())
    return fillFromConstant(op, first, out);
  if (auto op = weight.getDefiningOp<ScaleChannelsOp>()) {
    Expected<Vector> scale = vector(op.getScale());
    if (!scale)
      return scale.takeError();
    if (Error error = fill(op.getWeight(), first, out))
      return error;
    int64_t rowSize = rowSizeOf(weight);
    for (int64_t i = 0, size = out.size(); i < size;) {
      int64_t row = (first + i) / rowSize;
      int64_t end = std::min(size, (row + 1) * rowSize - first);
      for (double factor = (**scale)[row]; i < end; ++i)
        out[i] *= factor;
    }
    return Error::success();
  }
  if (auto op = weight.getDefiningOp<PhaseFilterOp>())
    return fillPhases(op, first, out);
  Operation *op = weight.getDefiningOp();
  if (isa_and_nonnull<BatchNormAffineOp, ScaleShiftOp>(op)) {
    Expected<Vector> whole = vector(weight);
    if (!whole)
      return whole.takeError();
    std::copy_n((*whole)->begin() + first, out.size(), out.begin());
    return Error::success();
  }
  return makeError("expected a weight or a function of weights, got " +
                   (op ? "a result of '" + op->getName().getStringRef() + "'" : llvm::Twine("a block argument")));
}

/// The tap of a transposed filter's axis that is tap `at` of a phase, or -1.
static int64_t tapOf(PhaseFilterOp op, unsigned axis, int64_t phase, int64_t at) {
  const int64_t scaled = phase + op.getPads()[axis] - op.getStrides()[axis] * (at - op.getBefore()[axis]);
  const int64_t tap = scaled / op.getDilations()[axis];
  const bool isTap = scaled >= 0 && scaled % op.getDilations()[axis] == 0 && tap < op.getWeight().getType().getDimSize(axis + 2);
  return isTap ? tap : -1;
}

Error WeightEvaluator::fillPhases(PhaseFilterOp op, int64_t first, MutableArrayRef<double> out) {
  ArrayRef<int64_t> from = op.getWeight().getType().getShape(), to = op.getType().getShape();
  const int64_t taps = from[2] * from[3], plane = to[2] * to[3], phases = op.getStrides()[0] * op.getStrides()[1];
  const int64_t filters = to[0] / phases, perGroup = from[1];
  const int64_t end = first + int64_t(out.size());
  std::vector<double> source;
  for (int64_t row = first / (to[1] * plane); row * to[1] * plane < end;) {
    // Filters of one phase lie one behind the other on both sides and are read together.
    const int64_t filter = op.getInterleaved() ? row / phases : row % filters;
    const int64_t phase = op.getInterleaved() ? row % phases : row / filters;
    const int64_t left = llvm::divideCeil(end, to[1] * plane) - row;
    const int64_t rows = op.getInterleaved() ? 1 : std::min(left, filters - filter);
    source.resize(rows * taps);
    for (int64_t c = 0; c < to[1]; ++c) {
      const int64_t channel = filter / perGroup * to[1] + c;
      if (Error error = fill(op.getWeight(), (channel * perGroup + filter % perGroup) * taps, source))
        return error;
      for (int64_t i = 0; i < rows * plane; ++i) {
        const int64_t at = ((row + i / plane) * to[1] + c) * plane + i % plane;
        const int64_t y = tapOf(op, 0, phase / op.getStrides()[1], i % plane / to[3]);
        const int64_t x = tapOf(op, 1, phase % op.getStrides()[1], i % to[3]);
        if (at >= first && at < end)
          out[at - first] = y < 0 || x < 0 ? 0 : source[i / plane * taps + y * from[3] + x];
      }
    }
    row += rows;
  }
  return Error::success();
}

/// Unaligned elements of type T, each exact as a double (64-bit integers are rounded).
template <typename T>
static void widen(const char *bytes, MutableArrayRef<double> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    T element;
    std::memcpy(&element, bytes + i * sizeof(T), sizeof(T));
    out[i] = double(element);
  }
}

Error WeightEvaluator::fillFromFile(WeightRefOp op, int64_t first, MutableArrayRef<double> out) {
  Type type = op.getType().getElementType();
  int64_t bytes = elementBytes(type);
  Expected<ArrayRef<char>> data =
      files.read(op.getName(), op.getFile(), op.getOffset() + first * bytes, out.size() * bytes);
  if (!data)
    return data.takeError();
  const char *from = data->data();
  bool isUnsigned = type.isUnsignedInteger();
  if (type.isF32()) {
    widen<float>(from, out);
  } else if (type.isF64()) {
    widen<double>(from, out);
  } else if (auto half = dyn_cast<FloatType>(type)) {
    for (size_t i = 0; i < out.size(); ++i) {
      uint16_t bits;
      std::memcpy(&bits, from + 2 * i, 2);
      out[i] = toDouble(APFloat(half.getFloatSemantics(), APInt(16, bits)));
    }
  } else if (bytes == 1) {
    isUnsigned ? widen<uint8_t>(from, out) : widen<int8_t>(from, out);
  } else if (bytes == 2) {
    isUnsigned ? widen<uint16_t>(from, out) : widen<int16_t>(from, out);
  } else if (bytes == 4) {
    isUnsigned ? widen<uint32_t>(from, out) : widen<int32_t>(from, out);
  } else {
    isUnsigned ? widen<uint64_t>(from, out) : widen<int64_t>(from, out);
  }
  return Error::success();
}

Error WeightEvaluator::fillFromConstant(ConstantOp op, int64_t first, MutableArrayRef<double> out) {
  ElementsAttr value = op.getValue();
  Type type = value.getElementType();
  if (isa<FloatType>(type) && type.getIntOrFloatBitWidth() <= 64) {
    if (auto elements = value.tryGetValues<APFloat>()) {
      auto from = elements->begin() + first;
      for (double &element : out)
        element = toDouble(*from++);
      return Error::success();
    }
  } else if (type.isInteger() && type.getIntOrFloatBitWidth() <= 64) {
    bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
    if (auto elements = value.tryGetValues<APInt>()) {
      auto from = elements->begin() + first;
      for (double &element : out) {
        APInt integer = *from++;
        element = isUnsigned ? double(integer.getZExtValue()) : double(integer.getSExtValue());
      }
      return Error::success();
    }
  }
  return makeError("expected a constant of floats or integers of at most 64 bits, got " + typeText(value.getType()));
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

Expected<WeightEvaluator::Vector> WeightEvaluator::vector(Value weight) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (auto known = vectors.find(weight); known != vectors.end())
      return known->second;
  }
  // Two threads may compute the same vector; both get the same numbers.
  Expected<std::vector<double>> computed = computeVector(weight);
  if (!computed)
    return computed.takeError();
  auto result = std::make_shared<const std::vector<double>>(std::move(*computed));
  std::lock_guard<std::mutex> lock(mutex);
  return vectors.try_emplace(weight, result).first->second;
}

Expected<std::vector<double>> WeightEvaluator::computeVector(Value weight) {
  auto evaluateAll = [&](ValueRange operands, SmallVectorImpl<Vector> &out) -> Error {
    for (Value operand : operands) {
      Expected<Vector> one = vector(operand);
      if (!one)
        return one.takeError();
      out.push_back(*one);
    }
    return Error::success();
  };
  SmallVector<Vector> in;
  if (auto op = weight.getDefiningOp<BatchNormAffineOp>()) {
    if (Error error = evaluateAll({op.getGamma(), op.getBeta(), op.getMean(), op.getVariance()}, in))
      return error;
    std::vector<double> result(in[0]->size());
    double epsilon = op.getEpsilon().convertToFloat();
    bool wantsScale = weight == op.getScale();
    for (size_t i = 0; i < result.size(); ++i) {
      double scale = (*in[0])[i] / std::sqrt((*in[3])[i] + epsilon);
      result[i] = wantsScale ? scale : (*in[1])[i] - (*in[2])[i] * scale;
    }
    return result;
  }
  if (auto op = weight.getDefiningOp<ScaleShiftOp>()) {
    if (Error error = evaluateAll({op.getVector(), op.getScale(), op.getShift()}, in))
      return error;
    std::vector<double> result(in[0]->size());
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = (*in[0])[i] * (*in[1])[i] + (*in[2])[i];
    return result;
  }
  return evaluateRange(weight, 0, typeOf(weight).getNumElements());
}
