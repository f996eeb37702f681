//===- ReferenceFixture.h - evaluating modules in tests ---------*- C++ -*-===//
//
// A fixture that runs modules, or one operation, through the double-precision evaluator.
//
//===----------------------------------------------------------------------===//

#ifndef RES_TESTS_UNIT_REFERENCEFIXTURE_H
#define RES_TESTS_UNIT_REFERENCEFIXTURE_H

#include "compiler/reference/Reference.h"
#include "tests/unit/ModuleFixture.h"

#include <cmath>

namespace res {

using Tensor = std::vector<double>;

class ReferenceFixture : public ModuleFixture {
protected:
  llvm::Expected<std::vector<Tensor>> tryRun(mlir::ModuleOp module, const std::vector<Tensor> &inputs) {
    WeightEvaluator weights(folder.str().str());
    return evaluateReference(module, weights, inputs, options);
  }

  std::vector<Tensor> runAll(const std::string &text, const std::vector<Tensor> &inputs) {
    auto results = tryRun(parse(text), inputs);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError()) << "\n" << text;
      return {{}, {}, {}};
    }
    return *results;
  }
  Tensor run(const std::string &text, const std::vector<Tensor> &inputs) { return runAll(text, inputs)[0]; }

  /// One operation on arguments %0, %1, ... of the given types.
  Tensor runOp(const std::string &op, const std::vector<std::string> &types, const std::string &result,
               const std::vector<Tensor> &inputs) {
    std::string arguments;
    for (size_t i = 0; i < types.size(); ++i)
      arguments += (i ? ", %" : "%") + std::to_string(i) + ": " + types[i];
    return run("func.func @main(" + arguments + ") -> " + result + " {\n%r = " + op + "\nreturn %r : " + result + "\n}",
               inputs);
  }

  static Tensor randomTensor(size_t size, unsigned seed, float least = -1, float most = 1) {
    std::vector<float> values = random(size, seed, least, most);
    return Tensor(values.begin(), values.end());
  }

  /// Sums may be taken in another order than the test's.
  static void expectNear(const Tensor &got, const Tensor &expected, const std::string &what = "") {
    ASSERT_EQ(got.size(), expected.size()) << what;
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], expected[i], 1e-12 * (1 + std::abs(expected[i]))) << what << " at " << i;
  }

  ReferenceOptions options;
};

/// The type of a tensor as text.
inline std::string tensor(std::vector<int64_t> shape) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + "f32>";
}

} // namespace res

#endif // RES_TESTS_UNIT_REFERENCEFIXTURE_H
