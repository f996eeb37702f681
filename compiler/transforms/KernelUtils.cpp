//===- KernelUtils.cpp - building and merging kernels -----------*- C++ -*-===//

#include "compiler/transforms/KernelUtils.h"
#include "dialect/ResViews.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace res;

bool res::isActivation(Value value) {
  Operation *def = value.getDefiningOp();
  return !def || !isWeightOp(def);
}

bool res::isElementwiseKernel(KernelOp kernel) {
  return llvm::all_of(kernel.getBody().front().without_terminator(), [](Operation &op) { return isElementwise(&op); });
}

/// An empty kernel with these inputs and result types; the builder is left inside it.
static KernelOp createEmptyKernel(OpBuilder &builder, Location loc, TypeRange results, ValueRange inputs) {
  auto kernel = KernelOp::create(builder, loc, results, inputs, DictionaryAttr(), ArrayAttr(), FloatAttr(), IntegerAttr());
  SmallVector<Location> locations;
  for (Value input : inputs)
    locations.push_back(input.getLoc());
  builder.createBlock(&kernel.getBody(), {}, inputs.getTypes(), locations);
  return kernel;
}

KernelOp res::wrapIntoKernel(Operation *op) {
  llvm::SetVector<Value> inputs(op->operand_begin(), op->operand_end());
  OpBuilder builder(op);
  KernelOp kernel = createEmptyKernel(builder, op->getLoc(), op->getResultTypes(), inputs.getArrayRef());
  IRMapping mapping;
  mapping.map(inputs.getArrayRef(), kernel.getBody().getArguments());
  Operation *inner = builder.clone(*op, mapping);
  YieldOp::create(builder, op->getLoc(), inner->getResults());
  op->replaceAllUsesWith(kernel.getOutputs());
  op->erase();
  return kernel;
}

KernelOp res::createRelayoutKernel(OpBuilder &builder, Location loc, Value value, RankedTensorType type) {
  OpBuilder::InsertionGuard guard(builder);
  KernelOp kernel = createEmptyKernel(builder, loc, TypeRange{type}, value);
  Value moved = RelayoutOp::create(builder, loc, type, getInner(kernel, 0));
  YieldOp::create(builder, loc, moved);
  return kernel;
}

KernelOp res::getSoleProducer(Value value, KernelOp user) {
  auto producer = value.getDefiningOp<KernelOp>();
  if (!producer || producer->getBlock() != user->getBlock() || isView(producer) || isView(user))
    return {};
  bool alone = llvm::all_of(producer->getUsers(), [&](Operation *other) { return other == user; });
  return alone ? producer : KernelOp();
}

SmallVector<KernelOp> res::getProducers(Value value) {
  auto kernel = value.getDefiningOp<KernelOp>();
  if (!kernel)
    return {};
  if (!isView(kernel))
    return {kernel};
  SmallVector<KernelOp> producers;
  for (Value input : kernel.getInputs())
    llvm::append_range(producers, getProducers(input));
  return producers;
}

KernelOp res::getEpilogueProducer(Value value, KernelOp user) {
  KernelOp producer = getSoleProducer(value, user);
  // What is read for several elements of the result is computed once, by a kernel of its own.
  const bool fits = producer && user.getNumResults() == 1 && value.getType() == user.getResult(0).getType();
  return fits ? producer : KernelOp();
}

KernelOp res::fuseIntoProducer(KernelOp producer, KernelOp consumer) {
  llvm::SetVector<Value> inputs(producer.getInputs().begin(), producer.getInputs().end());
  for (Value input : consumer.getInputs())
    if (input.getDefiningOp() != producer)
      inputs.insert(input);

  OpBuilder builder(consumer);
  // The producer's node comes first in the location: it names the kernel in every report.
  Location loc = FusedLoc::get(builder.getContext(), {producer.getLoc(), consumer.getLoc()});
  KernelOp fused = createEmptyKernel(builder, loc, consumer.getResultTypes(), inputs.getArrayRef());

  IRMapping mapping;
  auto map = [&](Value inner, Value outer) {
    unsigned index = std::distance(inputs.begin(), llvm::find(inputs, outer));
    mapping.map(inner, getInner(fused, index));
  };
  for (auto [inner, outer] : llvm::zip(producer.getBody().getArguments(), producer.getInputs()))
    map(inner, outer);
  for (Operation &op : producer.getBody().front().without_terminator())
    builder.clone(op, mapping);
  for (auto [inner, outer] : llvm::zip(consumer.getBody().getArguments(), consumer.getInputs())) {
    if (outer.getDefiningOp() == producer)
      mapping.map(inner, mapping.lookup(producer.getYield().getValues()[cast<OpResult>(outer).getResultNumber()]));
    else
      map(inner, outer);
  }
  for (Operation &op : consumer.getBody().front().without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> yielded;
  for (Value value : consumer.getYield().getValues())
    yielded.push_back(mapping.lookup(value));
  YieldOp::create(builder, loc, yielded);

  consumer->replaceAllUsesWith(fused.getOutputs());
  consumer->erase();
  producer->erase();
  return fused;
}
