//===- PassCheck.cpp - the reference after every pass -----------*- C++ -*-===//

#include "compiler/tools/resc-compiler/verify/PassCheck.h"
#include "compiler/pipeline/DumpIR.h"
#include "compiler/reference/Reference.h"
#include "compiler/tools/resc-compiler/verify/Comparison.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

using namespace mlir;
using namespace res;

namespace res {
class PassCheckInstrumentation : public PassInstrumentation {
public:
  explicit PassCheckInstrumentation(PassCheck &check) : check(check) {}
  void runAfterPass(Pass *pass, Operation *op) override {
    if (auto module = dyn_cast<ModuleOp>(op))
      check.check(pass->getArgument(), module);
  }

private:
  PassCheck &check;
};
} // namespace res

PassCheck::PassCheck(ModuleOp before, std::string baseFolder, const Values &inputs, const Values &expected)
    : baseFolder(std::move(baseFolder)), text(textOf(before)), inputs(inputs), expected(expected) {}

void PassCheck::instrument(PassManager &passes) {
  passes.addInstrumentation(std::make_unique<PassCheckInstrumentation>(*this));
}

void PassCheck::check(StringRef pass, ModuleOp module) {
  // What is the same text has the same results.
  std::string now = textOf(module);
  if (now == text)
    return;
  text = std::move(now);
  Row row{pass.str(), 0, ""};
  WeightEvaluator weights(baseFolder);
  llvm::Expected<Values> got = evaluateReference(module, weights, inputs, {});
  if (!got)
    row.problem = llvm::toString(got.takeError());
  else if (got->size() != expected.size())
    row.problem = "expected " + std::to_string(expected.size()) + " outputs, got " + std::to_string(got->size());
  for (size_t i = 0; row.problem.empty() && i < expected.size(); ++i) {
    if ((*got)[i].size() != expected[i].size())
      row.problem = "output " + std::to_string(i) + ": expected " + std::to_string(expected[i].size()) +
                    " elements, got " + std::to_string((*got)[i].size());
    row.error = std::max(row.error, compare<double>((*got)[i], expected[i]).relative());
  }
  results.push_back(std::move(row));
}
