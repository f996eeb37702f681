//===- PassCheck.h - the reference after every pass -------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_RESC_COMPILER_VERIFY_PASSCHECK_H
#define RES_COMPILER_TOOLS_RESC_COMPILER_VERIFY_PASSCHECK_H

#include "dialect/Res.h"

#include "mlir/Pass/PassManager.h"

#include <string>
#include <vector>

namespace res {

/// Runs the double-precision reference on the IR after each pass that changed it.
class PassCheck {
public:
  using Values = std::vector<std::vector<double>>;
  struct Row {
    std::string pass;
    double error;        // of the worst output, relative to its largest element
    std::string problem; // why the IR could not be run; else ""
    /// Passes reorder sums at most, and weights are folded in double precision.
    bool isGood() const { return problem.empty() && error <= kBound; }
  };
  static constexpr double kBound = 1e-9;

  /// `expected` is what the reference computes from `inputs` before the passes. All outlive the check.
  PassCheck(mlir::ModuleOp before, std::string baseFolder, const Values &inputs, const Values &expected);

  void instrument(mlir::PassManager &passes);
  const std::vector<Row> &rows() const { return results; }

private:
  friend class PassCheckInstrumentation;
  void check(llvm::StringRef pass, mlir::ModuleOp module);

  std::string baseFolder, text;
  const Values &inputs, &expected;
  std::vector<Row> results;
};

} // namespace res

#endif
