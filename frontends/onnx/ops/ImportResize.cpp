//===- ImportResize.cpp - maps of other heights and widths ------*- C++ -*-===//
//
// Resize, Upsample, DepthToSpace. Every coordinate transformation of ONNX is (step * i + first) / divisor in integers, and
// every rounding for the nearest pixel is rounding down after something was added.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/ops/Folding.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace res;
using namespace res::frontend;

namespace {

/// What a node says of all axes.
struct ResizeSpec {
  std::string coordinates, nearestMode; // the mode is empty where it is not said: it depends on the axis
  bool linear = false;
};

/// Sizes of an axis: input, output, and output / input as the model has it, as a fraction.
struct ResizedAxis {
  int64_t input, output, numerator, denominator;
};

} // namespace

// Scales are read as the simplest fraction that float32 does not tell from them; numerators and denominators stay below.
static constexpr int64_t kMostOfFraction = 1 << 14;

/// The first continued fraction that is as close to `scale` as float32 is, or the last one of small numbers.
static std::pair<int64_t, int64_t> findFraction(float scale) {
  int64_t numerator = 1, denominator = 0, lastNumerator = 0, lastDenominator = 1;
  double rest = scale;
  for (;;) {
    const double whole = std::floor(rest);
    const int64_t nextNumerator = int64_t(whole) * numerator + lastNumerator;
    const int64_t nextDenominator = int64_t(whole) * denominator + lastDenominator;
    if (denominator > 0 && std::max(nextNumerator, nextDenominator) > kMostOfFraction)
      return {numerator, denominator};
    lastNumerator = std::exchange(numerator, nextNumerator);
    lastDenominator = std::exchange(denominator, nextDenominator);
    if (numerator > 0 && (float(double(numerator) / double(denominator)) == scale || rest == whole))
      return {numerator, denominator};
    rest = 1 / (rest - whole);
  }
}

/// [step, first, divisor] of res.resize, before rounding. With scale = N / D = numerator / denominator, pixel centres lie at
/// (i + 1/2) / scale - 1/2 = ((2i + 1) D - N) / 2N.
static FailureOr<SmallVector<int64_t>> findPositions(NodeImport &node, StringRef coordinates, const ResizedAxis &axis) {
  const int64_t n = axis.numerator, d = axis.denominator;
  if (coordinates == "asymmetric")
    return SmallVector<int64_t>{d, 0, n};
  if (coordinates == "pytorch_half_pixel" && axis.output == 1)
    return SmallVector<int64_t>{0, 0, 1};
  if (coordinates == "half_pixel" || coordinates == "pytorch_half_pixel")
    return SmallVector<int64_t>{2 * d, d - n, 2 * n};
  if (coordinates == "half_pixel_symmetric") // the middles of both maps coincide where the size was rounded
    return SmallVector<int64_t>{2 * d, d - n + axis.input * n - axis.output * d, 2 * n};
  if (coordinates == "tf_half_pixel_for_nn")
    return SmallVector<int64_t>{2 * d, d, 2 * n};
  // The standard takes the corner of a fraction of a pixel, ONNX Runtime and PyTorch that of the last pixel.
  if (coordinates == "align_corners" && axis.output > 1 && axis.input * n != axis.output * d)
    return node.refuse("attribute 'coordinate_transformation_mode' is 'align_corners' with scales that end inside a pixel; "
                       "expected sizes");
  if (coordinates == "align_corners")
    return axis.output == 1 ? SmallVector<int64_t>{0, 0, 1} : SmallVector<int64_t>{axis.input - 1, 0, axis.output - 1};
  return node.refuse("attribute 'coordinate_transformation_mode' is " + quote(coordinates) +
                     "; expected asymmetric, half_pixel, half_pixel_symmetric, pytorch_half_pixel, tf_half_pixel_for_nn or "
                     "align_corners");
}

/// Makes rounding down what a mode rounds to.
static LogicalResult roundPositions(NodeImport &node, StringRef mode, SmallVector<int64_t> &positions) {
  int64_t &step = positions[0], &first = positions[1], &divisor = positions[2];
  if (mode == "floor")
    return success();
  if (mode == "ceil") {
    first += divisor - 1;
    return success();
  }
  if (mode != "round_prefer_floor" && mode != "round_prefer_ceil")
    return node.emitError() << "attribute 'nearest_mode': expected round_prefer_floor, round_prefer_ceil, floor or ceil, got "
                            << quote(mode);
  // floor(x + 1/2); or ceil(x - 1/2), where the numerator 2 * (…) - divisor is rounded up.
  step *= 2, divisor *= 2;
  first = 2 * first + divisor / 2 - (mode == "round_prefer_floor" ? 1 : 0);
  return success();
}

static LogicalResult createResize(NodeImport &node, const ResizeSpec &spec, ArrayRef<ResizedAxis> axes) {
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> from = input->getType().getShape();
  if (from.size() != 4 || axes.size() != 4)
    return node.refuse("resizes a tensor of shape " + formatShape(from) + "; expected rank 4");
  Dims shape;
  for (const ResizedAxis &axis : axes)
    shape.push_back(axis.output);
  if (axes[0].output != from[0] || axes[1].output != from[1])
    return node.refuse("resizes " + formatShape(from) + " to " + formatShape(shape) + "; expected other heights and widths alone");
  FailureOr<RankedTensorType> type = node.getResultType(shape);
  if (failed(type))
    return failure();
  SmallVector<SmallVector<int64_t>> positions;
  for (const ResizedAxis &axis : axes.drop_front(2)) {
    FailureOr<SmallVector<int64_t>> found = findPositions(node, spec.coordinates, axis);
    StringRef mode = spec.nearestMode;
    if (mode.empty())
      mode = axis.numerator < axis.denominator ? "ceil" : "floor";
    if (failed(found) || (!spec.linear && failed(roundPositions(node, mode, *found))))
      return failure();
    int64_t common = std::gcd(std::gcd((*found)[0], (*found)[1]), (*found)[2]);
    for (int64_t &value : *found)
      value /= common;
    // Both factors are below 2^31.
    if (std::abs((*found)[1]) > INT32_MAX || (*found)[2] > INT32_MAX ||
        (*found)[0] * axis.output + std::abs((*found)[1]) > INT32_MAX)
      return node.refuse("resizes an axis of " + Twine(axis.input) + " to " + Twine(axis.output) +
                         "; expected positions of 32 bits");
    positions.push_back(*found);
  }
  auto isIdentity = [&](ArrayRef<int64_t> p) { return p[0] == p[2] && p[1] >= 0 && p[1] < (spec.linear ? 1 : p[2]); };
  if (*type == input->getType() && llvm::all_of(positions, isIdentity))
    return node.setOutput(*input);
  return node.setOutput(
      ResizeOp::create(node.builder, node.loc, *type, *input, spec.linear, positions[0], positions[1]).getOutput());
}

/// The elements of a float constant of rank 0 or 1; none where the input is left out or empty.
static FailureOr<SmallVector<float>> readScales(NodeImport &node, unsigned index) {
  if (!node.hasInput(index))
    return SmallVector<float>();
  FailureOr<const Constant *> constant = node.getConstant(index, "scales");
  if (failed(constant))
    return failure();
  if ((*constant)->numElements == 0)
    return SmallVector<float>();
  FailureOr<const Constant *> weight = node.getWeight(index, "scales");
  FailureOr<Constant> loaded = getFoldable(node, index, "scales");
  if (failed(weight) || failed(loaded))
    return failure();
  SmallVector<float> scales(loaded->floats.begin(), loaded->floats.end());
  if (loaded->isSplat())
    scales.assign(loaded->numElements, float(loaded->floats.front()));
  return scales;
}

/// Axes from scales. Sizes are rounded down, from products in float32 as other runtimes have them.
static FailureOr<SmallVector<ResizedAxis>> axesOfScales(NodeImport &node, ArrayRef<int64_t> from, ArrayRef<int64_t> which,
                                                        ArrayRef<float> scales) {
  if (scales.size() != which.size())
    return node.emitError() << "expected " << which.size() << " scales, got " << scales.size();
  SmallVector<ResizedAxis> axes;
  for (int64_t size : from)
    axes.push_back({size, size, 1, 1});
  for (auto [at, scale] : llvm::zip(which, scales)) {
    if (!(scale >= 1.0f / kMostOfFraction && scale <= float(kMostOfFraction)))
      return node.emitError() << "expected scales from 1/" << kMostOfFraction << " to " << kMostOfFraction << ", got "
                              << llvm::formatv("{0}", scale).str();
    auto [numerator, denominator] = findFraction(scale);
    axes[at] = {from[at], int64_t(std::floor(float(from[at]) * scale)), numerator, denominator};
  }
  return axes;
}

static FailureOr<SmallVector<ResizedAxis>> axesOfSizes(NodeImport &node, ArrayRef<int64_t> from, ArrayRef<int64_t> which,
                                                       ArrayRef<int64_t> sizes) {
  if (sizes.size() != which.size())
    return node.emitError() << "expected " << which.size() << " sizes, got " << sizes.size();
  SmallVector<ResizedAxis> axes;
  for (int64_t size : from)
    axes.push_back({size, size, 1, 1});
  for (auto [at, size] : llvm::zip(which, sizes)) {
    if (size < 1 || size > INT32_MAX)
      return node.emitError() << "expected sizes of at least 1, got " << size;
    const int64_t common = std::gcd(size, from[at]);
    axes[at] = {from[at], size, size / common, from[at] / common};
  }
  return axes;
}

static LogicalResult readMode(NodeImport &node, StringRef mode, ResizeSpec &spec) {
  spec.linear = mode == "linear" || mode == "bilinear";
  if (mode != "nearest" && !spec.linear)
    return node.refuse("attribute 'mode' is " + quote(mode) + "; expected 'nearest' or 'linear'");
  return success();
}

/// Opset 10 says neither where pixels lie nor how positions are rounded: as other runtimes have it, pixel i at i / scale,
/// rounded up along axes that shrink. So does Upsample, which only grows.
static LogicalResult resizeByScales(NodeImport &node, StringRef mode, FailureOr<SmallVector<float>> scales) {
  ResizeSpec spec{"asymmetric", ""};
  if (failed(readMode(node, mode, spec)) || failed(scales))
    return failure();
  FailureOr<Operand> input = node.getOperand(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> from = input->getShape();
  FailureOr<SmallVector<ResizedAxis>> axes =
      axesOfScales(node, from, llvm::to_vector(llvm::seq<int64_t>(0, from.size())), *scales);
  if (failed(axes))
    return failure();
  return createResize(node, spec, *axes);
}

LogicalResult res::frontend::importUpsample(NodeImport &node) {
  StringRef mode = node.attributes.getString("mode", "nearest");
  std::optional<SmallVector<float>> list;
  if (node.opset < 9)
    list = node.attributes.getFloats("scales");
  if (failed(node.attributes.finish()))
    return failure();
  if (node.opset < 9 && !list)
    return node.emitError() << "expected the attribute 'scales'";
  return resizeByScales(node, mode, list ? FailureOr<SmallVector<float>>(*list) : readScales(node, 1));
}

LogicalResult res::frontend::importResize(NodeImport &node) {
  NodeAttributes &attributes = node.attributes;
  StringRef mode = attributes.getString("mode", "nearest");
  if (node.opset < 11)
    return failed(attributes.finish()) ? failure() : resizeByScales(node, mode, readScales(node, 1));
  ResizeSpec spec{attributes.getString("coordinate_transformation_mode", "half_pixel").str(),
                  attributes.getString("nearest_mode", "round_prefer_floor").str()};
  StringRef policy = attributes.getString("keep_aspect_ratio_policy", "stretch");
  std::optional<SmallVector<int64_t>> wanted = attributes.getInts("axes");
  const bool antialias = attributes.getFlag("antialias", false);
  for (StringRef other : {"cubic_coeff_a", "exclude_outside", "extrapolation_value"}) // of modes that are refused
    attributes.ignore(other);
  if (failed(attributes.finish()) || failed(readMode(node, mode, spec)))
    return failure();
  if (antialias)
    return node.refuse("attribute 'antialias': expected 0, got 1");
  if (policy != "stretch")
    return node.refuse("attribute 'keep_aspect_ratio_policy' is " + quote(policy) + "; expected 'stretch'");
  FailureOr<Operand> input = node.getOperand(0);
  FailureOr<SmallVector<float>> scales = readScales(node, 2);
  if (failed(input) || failed(scales))
    return failure();
  ArrayRef<int64_t> from = input->getShape();
  SmallVector<int64_t> which = wanted.value_or(llvm::to_vector(llvm::seq<int64_t>(0, from.size())));
  for (int64_t &axis : which) {
    FailureOr<int64_t> normalized = normalizeAxis(node, axis, from.size());
    if (failed(normalized))
      return failure();
    axis = *normalized;
  }
  if (scales->empty() != node.hasInput(3))
    return node.emitError() << "expected scales or sizes, got " << (scales->empty() ? "none" : "both");
  FailureOr<SmallVector<ResizedAxis>> axes = failure();
  if (scales->empty()) {
    FailureOr<SmallVector<int64_t>> sizes = node.getInts(3, "sizes");
    if (succeeded(sizes))
      axes = axesOfSizes(node, from, which, *sizes);
  } else {
    axes = axesOfScales(node, from, which, *scales);
  }
  return failed(axes) ? failure() : createResize(node, spec, *axes);
}

LogicalResult res::frontend::importDepthToSpace(NodeImport &node) {
  constexpr int64_t kMostFactor = 65535;
  const int64_t factor = node.attributes.getInt("blocksize", 0, 1, kMostFactor);
  StringRef mode = node.attributes.getString("mode", "DCR");
  if (failed(node.attributes.finish()))
    return failure();
  if (factor == 0)
    return node.emitError() << "expected the attribute 'blocksize'";
  if (mode != "DCR" && mode != "CRD")
    return node.emitError() << "attribute 'mode': expected DCR or CRD, got " << quote(mode);
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> from = input->getType().getShape();
  if (from.size() != 4 || from[1] % (factor * factor))
    return node.emitError() << "expected an input of rank 4 whose channels are a multiple of " << factor * factor << ", got shape "
                            << formatShape(from);
  FailureOr<RankedTensorType> type =
      node.getResultType({from[0], from[1] / (factor * factor), from[2] * factor, from[3] * factor});
  if (failed(type))
    return failure();
  return node.setOutput(
      DepthToSpaceOp::create(node.builder, node.loc, *type, *input, ArrayRef<int64_t>{factor, factor}, mode == "CRD").getOutput());
}
