//===- ResFolds.cpp - folders of the res dialect ----------------*- C++ -*-===//

#include "dialect/Res.h"

using namespace mlir;
using namespace res;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

// relu(relu(x)) = relu(x)
OpFoldResult ReluOp::fold(FoldAdaptor) {
  return getInput().getDefiningOp<ReluOp>() ? getInput() : OpFoldResult();
}

// A reshape to its own type is nothing, a reshape of a reshape is one.
OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    setOperand(inner.getInput());
    return getResult();
  }
  return {};
}

// Exporters write a slice for each axis: a slice of a slice is one.
OpFoldResult SliceOp::fold(FoldAdaptor) {
  auto isZero = [](int64_t offset) { return offset == 0; };
  if (getInput().getType() == getType() && llvm::all_of(getOffsets(), isZero))
    return getInput();
  auto inner = getInput().getDefiningOp<SliceOp>();
  if (!inner)
    return {};
  // inner[o + (O + i * S) * s] = inner[(o + O * s) + i * (S * s)]
  SmallVector<int64_t> offsets, strides;
  for (auto [offset, stride, innerOffset, innerStride] :
       llvm::zip(getOffsets(), getStrides(), inner.getOffsets(), inner.getStrides())) {
    offsets.push_back(innerOffset + offset * innerStride);
    strides.push_back(stride * innerStride);
  }
  setOperand(inner.getInput());
  setOffsets(offsets);
  setStrides(strides);
  return getResult();
}

// A concatenation of one tensor is that tensor.
OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 && getInputs().front().getType() == getType() ? getInputs().front() : OpFoldResult();
}
