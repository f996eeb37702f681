//===- Reference.cpp - double-precision evaluator ---------------*- C++ -*-===//
//
// Walks @main, its kernels and its calls, and keeps the values that are still needed.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/Reference.h"
#include "compiler/reference/ReferenceOps.h"

#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace res;
using namespace res::reference;
using llvm::Error;
using llvm::Expected;

namespace {

class Interpreter {
public:
  Interpreter(ModuleOp module, OpEvaluator &ops, const ReferenceOptions &options)
      : module(module), ops(ops), options(options) {}

  /// Runs a block and returns the operands of its terminator.
  Expected<SmallVector<Operand>> runBlock(Block &block, SmallVector<Operand> arguments);

private:
  using Values = llvm::DenseMap<Value, std::pair<Operand, unsigned>>; // with the uses still to come

  static void define(Values &values, Value value, Operand operand);
  static SmallVector<Operand> take(Values &values, ValueRange operands);
  static void defineWeight(Values &values, Operation *op);
  Expected<SmallVector<Operand>> runOp(Operation *op, SmallVector<Operand> operands);
  Expected<SmallVector<Operand>> runCall(CallOp call, SmallVector<Operand> operands);

  ModuleOp module;
  OpEvaluator &ops;
  const ReferenceOptions &options;
  bool inCall = false;
};

} // namespace

void Interpreter::define(Values &values, Value value, Operand operand) {
  if (!value.use_empty())
    values[value] = {std::move(operand), std::distance(value.use_begin(), value.use_end())};
}

SmallVector<Operand> Interpreter::take(Values &values, ValueRange operands) {
  SmallVector<Operand> result;
  for (Value value : operands) {
    auto entry = values.find(value);
    assert(entry != values.end() && "a verified module defines values before their uses, in the same block");
    auto &[operand, uses] = entry->second;
    result.push_back(operand);
    if (--uses == 0)
      values.erase(entry);
  }
  return result;
}

void Interpreter::defineWeight(Values &values, Operation *op) {
  SmallVector<Operand> operands = take(values, op->getOperands());
  if (auto pack = dyn_cast<PackOp>(op)) {
    operands[0].packing = pack.getPacking();
    return define(values, pack, operands[0]);
  }
  for (Value result : op->getResults())
    define(values, result, {Shape(cast<RankedTensorType>(result.getType()).getShape()), nullptr, result, Attribute()});
}

Expected<SmallVector<Operand>> Interpreter::runBlock(Block &block, SmallVector<Operand> arguments) {
  Values values;
  for (auto [argument, operand] : llvm::zip_equal(block.getArguments(), arguments))
    define(values, argument, std::move(operand));
  arguments.clear();
  for (Operation &op : block.without_terminator()) {
    if (isWeightOp(&op)) {
      defineWeight(values, &op);
      continue;
    }
    Expected<SmallVector<Operand>> results = runOp(&op, take(values, op.getOperands()));
    if (!results)
      return results.takeError();
    for (auto [value, operand] : llvm::zip_equal(op.getResults(), *results)) {
      if (options.observe) {
        Expected<Elements> elements = ops.elementsOf(operand);
        if (!elements)
          return elements.takeError();
        options.observe(&op, **elements);
      }
      define(values, value, std::move(operand));
    }
  }
  return take(values, block.getTerminator()->getOperands());
}

Expected<SmallVector<Operand>> Interpreter::runOp(Operation *op, SmallVector<Operand> operands) {
  if (auto kernel = dyn_cast<KernelOp>(op))
    return runBlock(kernel.getBody().front(), std::move(operands));
  if (auto call = dyn_cast<CallOp>(op))
    return runCall(call, std::move(operands));
  Expected<Operand> result = ops.evaluate(op, operands);
  if (!result)
    return result.takeError();
  return SmallVector<Operand>{std::move(*result)};
}

Expected<SmallVector<Operand>> Interpreter::runCall(CallOp call, SmallVector<Operand> operands) {
  auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
  if (!callee || !llvm::hasSingleElement(callee.getBody()))
    return makeError(call, "expected '" + call.getCallee() + "' to be a function of one block");
  if (inCall)
    return makeError(call, "expected no call inside of an outlined kernel");
  inCall = true;
  auto leave = llvm::scope_exit([&] { inCall = false; });
  return runBlock(callee.getBody().front(), std::move(operands));
}

using Values = std::vector<std::vector<double>>;

/// The times that a program takes its arguments from the inputs, where `first` of each have been taken.
static Expected<int64_t> countTurns(func::FuncOp program, ArrayRef<std::vector<double>> inputs, ArrayRef<size_t> first) {
  if (!program || !llvm::hasSingleElement(program.getBody()))
    return llvm::createStringError("expected a function 'main' of one block");
  if (inputs.size() != program.getNumArguments())
    return llvm::createStringError("expected " + llvm::Twine(program.getNumArguments()) + " inputs, got " +
                                   llvm::Twine(inputs.size()));
  std::optional<int64_t> turns;
  for (auto [index, argument] : llvm::enumerate(program.getArguments())) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape())
      return llvm::createStringError("expected input " + llvm::Twine(index) + " to be a tensor with a static shape");
    const int64_t fits = int64_t(inputs[index].size() - first[index]) / std::max<int64_t>(type.getNumElements(), 1);
    turns = std::min(fits, turns.value_or(fits));
  }
  return turns.value_or(1);
}

/// Runs a program so many times, on inputs from `first` on, which it moves, and appends what it computes.
static llvm::Error runTurns(ModuleOp module, func::FuncOp program, int64_t turns, OpEvaluator &ops,
                            ArrayRef<std::vector<double>> inputs, MutableArrayRef<size_t> first,
                            const ReferenceOptions &options, Values &results) {
  for (int64_t turn = 0; turn < turns; ++turn) {
    SmallVector<Operand> arguments;
    for (auto [input, argument, begin] : llvm::zip_equal(inputs, program.getArguments(), first)) {
      auto type = cast<RankedTensorType>(argument.getType());
      auto part = std::make_shared<const std::vector<double>>(input.begin() + begin, input.begin() + begin + type.getNumElements());
      arguments.push_back({Shape(type.getShape()), std::move(part), Value(), Attribute()});
      begin += type.getNumElements();
    }
    Expected<SmallVector<Operand>> outputs =
        Interpreter(module, ops, options).runBlock(program.getBody().front(), std::move(arguments));
    if (!outputs)
      return outputs.takeError();
    for (auto [result, output] : llvm::zip_equal(results, *outputs)) {
      Expected<Elements> elements = ops.elementsOf(output);
      if (!elements)
        return elements.takeError();
      result.insert(result.end(), (*elements)->begin(), (*elements)->end());
    }
  }
  return llvm::Error::success();
}

Expected<Values> res::evaluateReference(ModuleOp module, WeightEvaluator &weights, ArrayRef<std::vector<double>> inputs,
                                        const ReferenceOptions &options) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  SmallVector<size_t> first(inputs.size());
  if (Expected<int64_t> turns = countTurns(main, inputs, first); !turns)
    return turns.takeError();
  Workers workers(options.threads);
  OpEvaluator ops(weights, workers);
  Values results(main.getNumResults());
  // As the driver does: several images at a time, the rest one by one.
  auto together = module.lookupSymbol<func::FuncOp>(kTogetherFunction);
  for (func::FuncOp program : together ? SmallVector<func::FuncOp>{together, main} : SmallVector<func::FuncOp>{main}) {
    Expected<int64_t> fits = countTurns(program, inputs, first);
    if (!fits)
      return fits.takeError();
    if (program.getNumResults() != results.size())
      return llvm::createStringError("expected as many results of '" + program.getName() + "' as of 'main'");
    const int64_t turns = takesAnyBatch(main) ? *fits : getTurns(main);
    for (auto [index, type] : llvm::enumerate(program.getArgumentTypes())) {
      const int64_t elements = turns * cast<RankedTensorType>(type).getNumElements(), given = inputs[index].size() - first[index];
      if (program == main && elements != given)
        return llvm::createStringError("expected input " + llvm::Twine(index) + " of " + llvm::Twine(elements) +
                                       " elements, got " + llvm::Twine(given));
    }
    if (llvm::Error error = runTurns(module, program, turns, ops, inputs, first, options, results))
      return error;
  }
  return results;
}
