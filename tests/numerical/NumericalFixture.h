//===- NumericalFixture.h - compile, run and compare ------------*- C++ -*-===//
//
// A fixture that compiles a network into a library, runs it and compares the results with the double-precision
// reference.
//
//===----------------------------------------------------------------------===//

#ifndef RES_TESTS_NUMERICAL_NUMERICALFIXTURE_H
#define RES_TESTS_NUMERICAL_NUMERICALFIXTURE_H

#include "tests/numerical/NetworkBuilder.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "gtest/gtest.h"

#include <functional>
#include <memory>

namespace res {

/// The targets that tests are parameterised over.
inline const auto kEveryTarget = testing::Values("x86-64-v4", "x86-64-v3");

/// The name of a test's target as gtest accepts it.
inline std::string targetSuffix(llvm::StringRef target) { return target.take_back(2).str(); }

class NumericalFixture : public testing::Test {
protected:
  NumericalFixture();
  void SetUp() override;
  void TearDown() override;

  /// Sets the target; skips the test where this machine cannot run it.
  void useTarget(llvm::StringRef name);

  NetworkBuilder network() { return NetworkBuilder(context, target); }

  using Edit = std::function<void(mlir::ModuleOp)>;

  /// Compiles the network, with `edit` applied to the module in phase `decided`, and checks what the library computes:
  /// every element within 1e-5 of the largest of its output, for two inputs one after the other in one instance,
  /// exactly the same with 1, 2 and 3 threads; nothing read or written outside inputs, outputs and workspace; no trace
  /// of the NaN that all memory holds before.
  void check(NetworkBuilder &network, const Edit &edit = {});

  /// Compiles the network into `path`. The error is what stopped it: a diagnostic of the phases or of the build.
  llvm::Error compile(NetworkBuilder &network, const std::string &path, const Edit &edit = {});
  /// The network up to phase `planned`.
  llvm::Error plan(NetworkBuilder &network, const Edit &edit = {});

  std::string file(llvm::StringRef name) const;

  std::string target;
  mlir::MLIRContext context;
  llvm::SmallString<128> folder;
  mlir::OwningOpRef<mlir::ModuleOp> original; // phase `imported` of what was compiled last
  mlir::OwningOpRef<mlir::ModuleOp> planned;

private:
  void compareRuns(const std::string &path);

  unsigned libraries = 0; // made by check so far
};

/// Tests of one target each.
class TargetTest : public NumericalFixture, public testing::WithParamInterface<const char *> {
protected:
  void SetUp() override {
    NumericalFixture::SetUp();
    useTarget(GetParam());
  }
};

#define RES_INSTANTIATE_FOR_TARGETS(suite)                                                                             \
  INSTANTIATE_TEST_SUITE_P(, suite, kEveryTarget, [](const auto &info) { return targetSuffix(info.param); })

} // namespace res

#endif // RES_TESTS_NUMERICAL_NUMERICALFIXTURE_H
