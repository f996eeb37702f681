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
