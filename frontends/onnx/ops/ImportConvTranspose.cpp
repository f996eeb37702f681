//===- ImportConvTranspose.cpp - ConvTranspose ------------------*- C++ -*-===//
//
// As a convolution with stride 1 to the outputs of each phase (position modulo stride), which then become pixels:
// res.phase_filter, res.conv, res.depth_to_space. Where the stride divides the kernel no multiplication is by an inserted
// zero: of 2x2 with stride 2 it is a 1x1 convolution, of 4x4 a 3x3 one with 4 of 9 taps in each phase.
//
//===----------------------------------------------------------------------===//

#include "dialect/ResShapes.h"
#include "frontends/onnx/ops/Windows.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

// As in Windows.cpp and ImportConv.cpp.
static constexpr int64_t kMaxWindowValue = 65535, kMaxGroups = 1 << 20;

namespace {

/// The attributes as the file spells them.
struct TransposeSpec {
  WindowSpec window;
  std::optional<SmallVector<int64_t>> outputPadding, outputShape;
  int64_t groups;
};

/// One axis of the transposed convolution, and of the convolution that it becomes.
struct TransposeAxis {
  int64_t input, kernel, stride, dilation, pad, output;
  int64_t before, taps, after; // before: pads of the convolution and taps of negative offset
};

} // namespace

static FailureOr<int64_t> valueAt(NodeImport &node, StringRef name, const std::optional<SmallVector<int64_t>> &values,
                                  size_t size, size_t index, int64_t fallback) {
  if (values && values->size() != size)
    return node.emitError() << "attribute '" << name << "': expected " << size << " values, got " << values->size();
  return values ? (*values)[index] : fallback;
}

/// Output o is reached from input `o' + t` by tap r where `phase + pad - r * dilation = stride * t`, of `o = stride * o' +
/// phase`. Finds the offsets t of all taps, and pads for so many o' as the output needs.
static void findWindow(TransposeAxis &axis) {
  int64_t least = 0, most = 0;
  for (int64_t phase = 0; phase < axis.stride; ++phase)
    for (int64_t tap = 0; tap < axis.kernel; ++tap)
      if (int64_t scaled = phase + axis.pad - tap * axis.dilation; scaled % axis.stride == 0) {
        least = std::min(least, scaled / axis.stride);
        most = std::max(most, scaled / axis.stride);
      }
  axis.before = -least;
  axis.after = int64_t(llvm::divideCeil(axis.output, axis.stride)) - axis.input + most;
  axis.taps = most - least + 1 + std::max<int64_t>(0, -axis.after); // empty taps where the output ends before the input
  axis.after = std::max<int64_t>(0, axis.after);
}

/// Pads are given, or follow from the size that the output shall have.
static FailureOr<TransposeAxis> readAxis(NodeImport &node, const TransposeSpec &spec, unsigned index, int64_t input,
                                         int64_t kernel) {
  FailureOr<int64_t> stride = valueAt(node, "strides", spec.window.strides, 2, index, 1);
  FailureOr<int64_t> dilation = valueAt(node, "dilations", spec.window.dilations, 2, index, 1);
  FailureOr<int64_t> begin = valueAt(node, "pads", spec.window.pads, 4, index, 0);
  FailureOr<int64_t> end = valueAt(node, "pads", spec.window.pads, 4, index + 2, 0);
  FailureOr<int64_t> more = valueAt(node, "output_padding", spec.outputPadding, 2, index, 0);
  FailureOr<int64_t> wanted = valueAt(node, "output_shape", spec.outputShape, 2, index, 0);
  if (failed(stride) || failed(dilation) || failed(begin) || failed(end) || failed(more) || failed(wanted))
    return failure();
  StringRef autoPad = spec.window.autoPad;
  const bool sameUpper = autoPad == "SAME_UPPER", sameLower = autoPad == "SAME_LOWER";
  if (!sameUpper && !sameLower && autoPad != "VALID" && autoPad != "NOTSET" && !autoPad.empty())
    return node.emitError() << "attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got "
                            << quote(autoPad);
  const int64_t whole = (input - 1) * *stride + (kernel - 1) * *dilation + 1 + *more;
  TransposeAxis axis{input, kernel, *stride, *dilation, *begin, whole - *begin - *end, 0, 0, 0};
  if (*wanted || sameUpper || sameLower) {
    axis.output = *wanted ? *wanted : input * *stride;
    const int64_t total = std::max<int64_t>(0, whole - axis.output);
    axis.pad = sameUpper ? total / 2 : total - total / 2;
  }
  if (axis.output < 1 || axis.output > INT32_MAX)
    return node.emitError() << "expected an output of at least 1 in each axis, got " << axis.output;
  findWindow(axis);
  if (axis.taps > kMaxWindowValue || axis.after > kMaxWindowValue)
    return node.refuse("pads of more than " + Twine(kMaxWindowValue) + " beside the input");
  return axis;
}

static TransposeSpec readSpec(NodeAttributes &attributes) {
  TransposeSpec spec{readWindowSpec(attributes), attributes.getInts("output_padding", 0, kMaxWindowValue),
                     attributes.getInts("output_shape", 1, INT32_MAX), attributes.getInt("group", 1, 1, kMaxGroups)};
  return spec;
}

/// The convolution to all phases, [N][F * K][…], whose filters of one channel lie together where there are groups.
static FailureOr<Value> createPhases(NodeImport &node, Value input, const Constant &filter, int64_t groups,
                                     ArrayRef<TransposeAxis> axes) {
  const TransposeAxis &y = axes[0], &x = axes[1];
  ArrayRef<int64_t> from = cast<RankedTensorType>(input.getType()).getShape();
  const int64_t filters = filter.shape[1] * groups * y.stride * x.stride;
  FailureOr<RankedTensorType> filterType = node.getResultType({filters, from[1] / groups, y.taps, x.taps});
  if (failed(filterType))
    return failure();
  MLIRContext *context = node.builder.getContext();
  auto window = WindowAttr::get(context, {y.taps, x.taps}, {1, 1}, {y.before, x.before, y.after, x.after}, {1, 1});
  FailureOr<Shape> shape = inferConv(from, filterType->getShape(), window, groups, [&] { return node.emitError(); });
  if (failed(shape))
    return failure();
  FailureOr<RankedTensorType> type = node.getResultType(*shape);
  if (failed(type))
    return failure();
  Value phases = PhaseFilterOp::create(node.builder, node.loc, *filterType, node.materialize(filter),
                                       ArrayRef<int64_t>{y.stride, x.stride}, ArrayRef<int64_t>{y.pad, x.pad},
                                       ArrayRef<int64_t>{y.dilation, x.dilation}, ArrayRef<int64_t>{y.before, x.before},
                                       groups, groups > 1);
  return Value(ConvOp::create(node.builder, node.loc, *type, input, phases, Value(), window, groups));
}

LogicalResult res::frontend::importConvTranspose(NodeImport &node) {
  TransposeSpec spec = readSpec(node.attributes);
  if (failed(node.attributes.finish()))
    return failure();
  FailureOr<TypedValue<RankedTensorType>> input = node.getActivation(0);
  FailureOr<const Constant *> filter = node.getWeight(1, "filter");
  if (failed(input) || failed(filter) ||
      failed(expectTwoSpatialAxes(node, input->getType().getShape(), "transposed convolution")))
    return failure();
  ArrayRef<int64_t> from = input->getType().getShape(), shape = (*filter)->shape;
  if (shape.size() != 4 || shape[0] != from[1] || shape[0] % spec.groups)
    return node.emitError() << "expected a filter of rank 4 and " << from[1] << " channels in " << spec.groups
                            << " groups, got shape " << formatShape(shape);
  if (spec.window.kernel && ArrayRef<int64_t>(*spec.window.kernel) != shape.drop_front(2))
    return node.emitError() << "attribute 'kernel_shape': expected the filter's " << formatShape(shape.drop_front(2))
                            << ", got " << formatShape(*spec.window.kernel);
  SmallVector<TransposeAxis> axes;
  for (unsigned index : {0, 1}) {
    FailureOr<TransposeAxis> axis = readAxis(node, spec, index, from[index + 2], shape[index + 2]);
    if (failed(axis))
      return failure();
    axes.push_back(*axis);
  }
  const int64_t filters = shape[1] * spec.groups;
  FailureOr<RankedTensorType> type = node.getResultType({from[0], filters, axes[0].output, axes[1].output});
  FailureOr<Value> phases = createPhases(node, *input, **filter, spec.groups, axes);
  if (failed(type) || failed(phases))
    return failure();
  Value result = *phases;
  if (axes[0].stride * axes[1].stride > 1)
    result = DepthToSpaceOp::create(node.builder, node.loc, *type, result,
                                    ArrayRef<int64_t>{axes[0].stride, axes[1].stride}, spec.groups > 1);
  if (node.hasInput(2)) {
    FailureOr<Value> bias = node.getVector(2, "bias", filters);
    if (failed(bias))
      return failure();
    result = AffineOp::create(node.builder, node.loc, result, node.createSplat(1, filters), *bias);
  }
  return node.setOutput(result);
}
