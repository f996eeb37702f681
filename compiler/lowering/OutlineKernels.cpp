//===- OutlineKernels.cpp - one function per different kernel ---*- C++ -*-===//
//
// Outlines kernels into private functions and shares those that are equal.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/KernelNames.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/Scratch.h"
#include "dialect/ResViews.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

#define DEBUG_TYPE "res-outline-kernels"

namespace res {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct OutlineKernelsPass : res::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    llvm::StringMap<func::FuncOp> functions; // by text
    SmallVector<KernelOp> kernels;
    module.walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels) {
      if (isView(kernel)) {
        if (failed(unwrapView(kernel)))
          return signalPassFailure();
        continue;
      }
      func::FuncOp function = createFunction(kernel);
      auto [entry, isNew] = functions.try_emplace(textOf(function), function);
      if (isNew) {
        function.setName(describeKernel(kernel));
        symbols.insert(function, module.getBody()->end());
      } else {
        function->erase();
        ++numShared;
      }
      replaceByCall(kernel, entry->second);
    }
  }

  /// A view stands in @main as it is.
  LogicalResult unwrapView(KernelOp kernel) {
    Block &body = kernel.getBody().front();
    Operation *op = &body.front();
    if (!isViewOp(op) || op->getNextNode() != body.getTerminator() || kernel.getNumResults() != 1 || !getViewOffsets(op))
      return kernel.emitOpError("expected ") << kViewAttr << " only where elements lie in memory as the inputs have them";
    OpBuilder builder(kernel);
    IRMapping mapping;
    mapping.map(kernel.getBody().getArguments(), kernel.getInputs());
    Operation *view = builder.clone(*op, mapping);
    view->setLoc(kernel.getLoc());
    kernel->replaceAllUsesWith(view->getResults());
    kernel->erase();
    return success();
  }

  /// Locations differ between equal kernels, so they stay with the calls.
  func::FuncOp createFunction(KernelOp kernel) {
    OpBuilder builder(&getContext());
    Location loc = builder.getUnknownLoc();
    auto type = builder.getFunctionType(kernel.getInputs().getTypes(), kernel.getOutputs().getTypes());
    auto function = func::FuncOp::create(loc, "kernel", type);
    function.setPrivate();
    if (DictionaryAttr schedules = kernel.getSchedulesAttr())
      function->setAttr(kSchedulesAttr, schedules);
    if (IntegerAttr place = kernel.getInPlaceAttr())
      function->setAttr(kInPlaceAttr, place);
    Scratch scratch = computeScratch(kernel);
    function->setAttr(kScratchAttr, builder.getDenseI64ArrayAttr({scratch.shared, scratch.worker}));

    builder.setInsertionPointToStart(function.addEntryBlock());
    IRMapping mapping;
    mapping.map(kernel.getBody().getArguments(), function.getArguments());
    for (Operation &op : kernel.getBody().front().without_terminator())
      builder.clone(op, mapping)->setLoc(loc);
    SmallVector<Value> results;
    for (Value value : kernel.getYield().getValues())
      results.push_back(mapping.lookup(value));
    func::ReturnOp::create(builder, loc, results);
    return function;
  }

  static std::string textOf(func::FuncOp function) {
    std::string text;
    llvm::raw_string_ostream os(text);
    function->print(os, OpPrintingFlags().useLocalScope());
    return text;
  }

  void replaceByCall(KernelOp kernel, func::FuncOp function) {
    OpBuilder builder(kernel);
    auto call = CallOp::create(builder, kernel.getLoc(), kernel.getResultTypes(), function.getName(), kernel.getInputs(),
                               DenseI64ArrayAttr(), kernel.getInPlaceAttr());
    kernel->replaceAllUsesWith(call.getOutputs());
    kernel->erase();
  }
};

} // namespace
