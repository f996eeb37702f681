//===- Windows.cpp - windows of convolutions and pools ----------*- C++ -*-===//

#include "frontends/onnx/ops/Windows.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

// Larger kernels, strides, pads and dilations are mistakes; sums and products of these do not overflow.
static constexpr int64_t kMaxWindowValue = 65535;

WindowSpec res::frontend::readWindowSpec(NodeAttributes &attributes) {
  WindowSpec spec;
  spec.autoPad = attributes.getString("auto_pad", "NOTSET");
  spec.kernel = attributes.getInts("kernel_shape", 1, kMaxWindowValue);
  spec.strides = attributes.getInts("strides", 1, kMaxWindowValue);
  spec.pads = attributes.getInts("pads", 0, kMaxWindowValue);
  spec.dilations = attributes.getInts("dilations", 1, kMaxWindowValue);
  return spec;
}

LogicalResult res::frontend::expectTwoSpatialAxes(NodeImport &node, ArrayRef<int64_t> input, StringRef what) {
  if (input.size() == 4)
    return success();
  if (input.size() == 3 || input.size() == 5)
    return node.refuse("a " + Twine(input.size() - 2) + "-D " + what + "; expected a 2-D one");
  return node.emitError() << "expected an input of rank 4, got shape " << formatShape(input);
}

/// The value of an attribute that is missing or has `size` elements.
static FailureOr<SmallVector<int64_t>> getOr(NodeImport &node, StringRef name,
                                             const std::optional<SmallVector<int64_t>> &values, size_t size,
                                             int64_t fallback) {
  if (!values)
    return SmallVector<int64_t>(size, fallback);
  if (values->size() != size)
    return node.emitError() << "attribute '" << name << "': expected " << size << " values, got " << values->size();
  return *values;
}

/// Splits the padding that makes an axis' result size ceil(size / stride).
static void padToSame(int64_t size, int64_t stride, int64_t span, bool extraAtBegin, int64_t &begin, int64_t &end) {
  int64_t total = std::max<int64_t>(0, (int64_t(llvm::divideCeil(size, stride)) - 1) * stride + span - size);
  begin = extraAtBegin ? total - total / 2 : total / 2;
  end = total - begin;
}

/// Grows the padding at the end of an axis as ceil_mode asks. Positions that would start in that padding do not count.
static void padToCeil(int64_t size, int64_t stride, int64_t span, int64_t begin, int64_t &end) {
  int64_t room = size + begin + end - span;
  int64_t positions = std::max<int64_t>(0, room + stride - 1 + stride) / stride; // ceil(room / stride) + 1
  if (positions > 0 && (positions - 1) * stride >= size + begin)
    --positions;
  if (positions > 0)
    end = std::max(end, (positions - 1) * stride + span - size - begin);
}

FailureOr<WindowAttr> res::frontend::resolveWindow(NodeImport &node, const WindowSpec &spec, ArrayRef<int64_t> input,
                                                   ArrayRef<int64_t> kernel, bool ceilMode) {
  constexpr size_t kAxes = 2;
  FailureOr<SmallVector<int64_t>> strides = getOr(node, "strides", spec.strides, kAxes, 1);
  FailureOr<SmallVector<int64_t>> dilations = getOr(node, "dilations", spec.dilations, kAxes, 1);
  FailureOr<SmallVector<int64_t>> pads = getOr(node, "pads", spec.pads, 2 * kAxes, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  if (kernel.size() != kAxes)
    return node.emitError() << "attribute 'kernel_shape': expected 2 values, got " << kernel.size();

  bool sameUpper = spec.autoPad == "SAME_UPPER", sameLower = spec.autoPad == "SAME_LOWER";
  if (!sameUpper && !sameLower && spec.autoPad != "VALID" && spec.autoPad != "NOTSET" && !spec.autoPad.empty())
    return node.emitError() << "attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got "
                            << quote(spec.autoPad);
  bool isAuto = sameUpper || sameLower || spec.autoPad == "VALID";
  if (isAuto && llvm::any_of(*pads, [](int64_t pad) { return pad != 0; }))
    return node.emitError() << "expected 'pads' or 'auto_pad', got both";

  for (size_t axis = 0; axis < kAxes; ++axis) {
    int64_t size = input[axis + 2], stride = (*strides)[axis];
    int64_t span = (kernel[axis] - 1) * (*dilations)[axis] + 1;
    int64_t &begin = (*pads)[axis], &end = (*pads)[kAxes + axis];
    if (sameUpper || sameLower)
      padToSame(size, stride, span, sameLower, begin, end);
    if (ceilMode)
      padToCeil(size, stride, span, begin, end);
  }
  return WindowAttr::get(node.builder.getContext(), kernel, *strides, *pads, *dilations);
}
