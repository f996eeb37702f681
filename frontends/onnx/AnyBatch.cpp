//===- AnyBatch.cpp - models that take any batch ----------------*- C++ -*-===//

#include "frontends/onnx/AnyBatch.h"

#include "dialect/Res.h"
#include "frontends/onnx/Initializers.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace res;
using namespace res::frontend;

static std::string nameOf(DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<StringAttr>(kTensorNameAttr) : StringAttr();
  return quote(name ? name.getValue() : "");
}

LogicalResult res::frontend::checkInputs(ModuleOp module, ArrayRef<bool> takesAnyBatch) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (auto [index, takes] : llvm::enumerate(takesAnyBatch))
    if (!takes)
      return mlir::emitError(module.getLoc())
             << "input " << nameOf(main.getArgAttrDict(index))
             << ": expected the batch, which is symbolic, as its first dimension, got shape "
             << formatShape(cast<RankedTensorType>(main.getArgumentTypes()[index]).getShape())
             << "; expected --batch N if the model takes one batch alone";
  return success();
}

/// Whether `several` is `one` for so many images.
static bool isForImages(Type one, Type several, int64_t images) {
  auto small = cast<RankedTensorType>(one), large = cast<RankedTensorType>(several);
  return small.getRank() > 0 && small.getRank() == large.getRank() && small.getDimSize(0) == 1 &&
         large.getDimSize(0) == images && small.getShape().drop_front() == large.getShape().drop_front();
}

static std::string shapesText(Type one, Type several, int64_t images) {
  return "got shape " + formatShape(cast<RankedTensorType>(one).getShape()) + " for 1 image and " +
         formatShape(cast<RankedTensorType>(several).getShape()) + " for " + std::to_string(images);
}

static LogicalResult checkOperation(Operation &one, Operation &several, int64_t images) {
  auto error = [&] {
    return mlir::emitError(one.getLoc()) << "node " << quote(getNodeName(one.getLoc())) << ": expected ";
  };
  if (one.getName() != several.getName() || one.getAttrDictionary() != several.getAttrDictionary() ||
      one.getNumOperands() != several.getNumOperands())
    return error() << "an operation that is the same for every batch, or --batch N";
  for (auto [small, large] : llvm::zip(one.getResultTypes(), several.getResultTypes()))
    if (isWeightOp(&one) ? small != large : !isForImages(small, large, images))
      return error() << "the batch as its first dimension, or --batch N, " << shapesText(small, large, images);
  return success();
}

LogicalResult res::frontend::joinAnyBatch(ModuleOp module, ModuleOp together, int64_t images) {
  auto main = module.lookupSymbol<func::FuncOp>("main"), larger = together.lookupSymbol<func::FuncOp>("main");
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (Type one = main.getResultTypes()[i], several = larger.getResultTypes()[i]; !isForImages(one, several, images))
      return mlir::emitError(module.getLoc()) << "output " << nameOf(main.getResultAttrDict(i))
                                              << ": expected the batch as its first dimension, or --batch N, "
                                              << shapesText(one, several, images);
  auto ops = main.getOps(), largerOps = larger.getOps();
  if (llvm::range_size(ops) != llvm::range_size(largerOps))
    return mlir::emitError(module.getLoc()) << "expected as many operations for every batch, or --batch N";
  for (auto [one, several] : llvm::zip(ops, largerOps))
    if (!one.hasTrait<OpTrait::IsTerminator>() && failed(checkOperation(one, several, images)))
      return failure();
  main->setAttr(kAnyBatchAttr, UnitAttr::get(module.getContext()));
  larger->remove();
  larger.setName(kTogetherFunction);
  module.push_back(larger);
  return success();
}
