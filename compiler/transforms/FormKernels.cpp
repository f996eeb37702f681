//===- FormKernels.cpp - one kernel per operation ---------------*- C++ -*-===//
//
// Puts every operation on activations into a kernel region of its own, where fusion begins.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/KernelUtils.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallPtrSet.h"

#define DEBUG_TYPE "res-form-kernels"

namespace res {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct FormKernelsPass : res::impl::FormKernelsPassBase<FormKernelsPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      for (auto concat : llvm::to_vector(function.getOps<ConcatOp>()))
        flatten(concat);
      for (Operation &op : llvm::make_early_inc_range(function.getBody().front().without_terminator()))
        if (!isWeightOp(&op) && !isa<KernelOp>(op))
          wrapIntoKernel(&op);
      convertInputs(function);
      convertOutputs(cast<func::ReturnOp>(function.getBody().front().getTerminator()));
    }
  }

  /// Of other ranks than those of kernels: what lies before the axis by what lies in it and behind.
  static void flatten(ConcatOp op) {
    RankedTensorType type = op.getType();
    if (type.getRank() == 4 || type.getRank() == 2)
      return;
    OpBuilder builder(op);
    int64_t rows = 1;
    for (int64_t size : type.getShape().take_front(op.getAxis()))
      rows *= size;
    auto matrixOf = [&](RankedTensorType tensor) {
      return RankedTensorType::get({rows, tensor.getNumElements() / rows}, tensor.getElementType());
    };
    SmallVector<Value> inputs;
    for (Value input : op.getInputs())
      inputs.push_back(ReshapeOp::create(builder, op.getLoc(), matrixOf(cast<RankedTensorType>(input.getType())), input));
    Value joined = ConcatOp::create(builder, op.getLoc(), matrixOf(type), inputs, 1);
    op.replaceAllUsesWith(ReshapeOp::create(builder, op.getLoc(), type, joined).getResult());
    op.erase();
  }

  static bool isMap(Value value) { return cast<RankedTensorType>(value.getType()).getRank() == 4; }

  /// Elementwise kernels, concatenations and normalisations want operands of the layout of their results, and inputs of the model
  /// are row-major.
  void convertInputs(func::FuncOp function) {
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    for (BlockArgument argument : function.getArguments()) {
      auto isElementwiseUse = [](OpOperand &use) {
        auto kernel = dyn_cast<KernelOp>(use.getOwner());
        return kernel && (isElementwiseKernel(kernel) || isa<ConcatOp, LrnOp>(kernel.getAnchor()));
      };
      if (!isMap(argument) || llvm::none_of(argument.getUses(), isElementwiseUse))
        continue;
      auto type = cast<RankedTensorType>(argument.getType());
      KernelOp converted = createRelayoutKernel(builder, argument.getLoc(), argument, type);
      argument.replaceUsesWithIf(converted.getResult(0), isElementwiseUse);
    }
  }

  /// Outputs are row-major, and each has a kernel that writes it and nothing else.
  void convertOutputs(func::ReturnOp op) {
    OpBuilder builder(op);
    llvm::SmallPtrSet<Value, 4> written;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (value.getDefiningOp<KernelOp>() && !isMap(value) && written.insert(value).second)
        continue;
      auto type = cast<RankedTensorType>(value.getType());
      operand.set(createRelayoutKernel(builder, value.getLoc(), value, type).getResult(0));
    }
  }
};

} // namespace
