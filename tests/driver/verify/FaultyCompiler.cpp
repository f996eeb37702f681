//===- FaultyCompiler.cpp - resc verify of a compiler that is wrong -*- C++ -*-===//
//
// Takes the arguments of `resc verify`. A fault is a relu that gets lost: after the pass that RESC_BREAK_PASS names, or
// in the kernel that RESC_BREAK_KERNEL numbers, before it is compiled.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/resc-compiler/Commands.h"
#include "compiler/tools/resc-compiler/Model.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

using namespace mlir;
using namespace res;

/// Removes the first relu, wherever it is by now.
static void loseRelu(Operation *root) {
  root->walk([](ReluOp relu) {
    relu.getOutput().replaceAllUsesWith(relu.getInput());
    relu.erase();
    return WalkResult::interrupt();
  });
}

namespace {
class Fault : public PassInstrumentation {
public:
  explicit Fault(StringRef pass) : pass(pass) {}
  void runAfterPass(Pass *done, Operation *op) override {
    if (done->getArgument() == pass)
      loseRelu(op);
  }

private:
  StringRef pass;
};
} // namespace

int main(int argc, char **argv) {
  if (const char *pass = std::getenv("RESC_BREAK_PASS"))
    modelHooks().passes = [pass](PassManager &passes) { passes.addInstrumentation(std::make_unique<Fault>(pass)); };
  if (const char *text = std::getenv("RESC_BREAK_KERNEL"))
    modelHooks().kernels = [wanted = std::atoi(text)](ModuleOp module) {
      int index = 0;
      for (auto function : module.getOps<func::FuncOp>())
        if (function.isPrivate() && index++ == wanted)
          loseRelu(function);
    };
  return verifyCommand(Arguments(argv + 1, argv + argc));
}
