//===- FaultyCompiler.cpp - resc verify of a compiler that is wrong -*- C++ -*-===//
//
// Takes the arguments of `resc verify`. A fault is a relu that becomes another function: after the pass that RESC_BREAK_PASS names, or
// in the kernel that RESC_BREAK_KERNEL numbers, before it is compiled. Or it is a plan of the memory that puts something over
// what a step reads, as RESC_BREAK_PLAN says: its result ("tensor"), its scratch ("scratch"), or that of more than two
// threads ("more").
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/Model.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

using namespace mlir;
using namespace res;

/// Makes the first relu, wherever it is by now, a function that keeps what it should make 0.
static void breakRelu(Operation *root) {
  root->walk([](ReluOp relu) {
    OpBuilder builder(relu);
    auto wrong = UnaryOp::create(builder, relu.getLoc(), relu.getType(), UnaryFunction::abs, relu.getInput(),
                                 llvm::APFloat(0.0f), llvm::APFloat(0.0f));
    relu.getOutput().replaceAllUsesWith(wrong.getOutput());
    relu.erase();
    return WalkResult::interrupt();
  });
}

/// Where the first input of a call that lies in the arena lies.
static std::optional<int64_t> placeOfInput(CallOp call) {
  for (Value input : call.getInputs())
    if (auto producer = input.getDefiningOp<CallOp>())
      return (*producer.getOffsets())[cast<OpResult>(input).getResultNumber()];
  return std::nullopt;
}

/// Breaks the plan at the first step that the fault can be put into.
static void breakPlan(Operation *root, StringRef fault) {
  Builder builder(root->getContext());
  root->walk([&](CallOp call) {
    const std::optional<int64_t> input = placeOfInput(call);
    auto scratch = call->getAttrOfType<DenseI64ArrayAttr>(kScratchPlaceAttr);
    if (!input || (fault == "tensor" ? call.getInPlace().has_value() : !scratch))
      return WalkResult::advance();
    if (fault == "tensor")
      call.setOffsetsAttr(builder.getDenseI64ArrayAttr({*input}));
    else if (fault == "scratch")
      call->setAttr(kScratchPlaceAttr, builder.getDenseI64ArrayAttr({*input, 2, scratch[2]}));
    else
      call->setAttr(kScratchPlaceAttr, builder.getDenseI64ArrayAttr({scratch[2], 2, *input}));
    return WalkResult::interrupt();
  });
}

namespace {
class Fault : public PassInstrumentation {
public:
  Fault(StringRef pass, std::function<void(Operation *)> make) : pass(pass), make(std::move(make)) {}
  void runAfterPass(Pass *done, Operation *op) override {
    if (done->getArgument() == pass)
      make(op);
  }

private:
  StringRef pass;
  std::function<void(Operation *)> make;
};
} // namespace

static void addFault(StringRef pass, std::function<void(Operation *)> make) {
  modelHooks().passes = [=](PassManager &passes) { passes.addInstrumentation(std::make_unique<Fault>(pass, make)); };
}

int main(int argc, char **argv) {
  if (const char *pass = std::getenv("RESC_BREAK_PASS"))
    addFault(pass, breakRelu);
  if (const char *fault = std::getenv("RESC_BREAK_PLAN"))
    addFault("res-plan-memory", [fault](Operation *module) { breakPlan(module, fault); });
  if (const char *text = std::getenv("RESC_BREAK_KERNEL"))
    modelHooks().kernels = [wanted = std::atoi(text)](ModuleOp module) {
      int index = 0;
      for (auto function : module.getOps<func::FuncOp>())
        if (function.isPrivate() && index++ == wanted)
          breakRelu(function);
    };
  return verifyCommand(Arguments(argv + 1, argv + argc));
}
