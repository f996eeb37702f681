//===- NetworkBuilder.h - small networks for tests --------------*- C++ -*-===//
//
// Makes @main in phase `imported`, one operation after the other, with seeded weights in a file of their own.
//
//===----------------------------------------------------------------------===//

#ifndef RES_TESTS_NUMERICAL_NETWORKBUILDER_H
#define RES_TESTS_NUMERICAL_NETWORKBUILDER_H

#include "dialect/ResShapes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"

#include <random>
#include <string>
#include <vector>

namespace res {

/// The window's syntax is that of #res.window without the brackets: "3x3, stride = 2x2, pad = [1, 1, 1, 1]". Shapes of
/// results are inferred; what does not fit ends the program, as it is a mistake of the test.
class NetworkBuilder {
public:
  using Value = mlir::Value;

  NetworkBuilder(mlir::MLIRContext &context, llvm::StringRef target);

  Value input(llvm::ArrayRef<int64_t> shape);
  /// The value becomes the next result of @main. Failures name it by its label.
  void output(Value value, const std::string &label);

  /// Filters of the variance that keeps activations of order one.
  Value conv(Value x, int64_t filters, llvm::StringRef window, int64_t groups = 1, bool bias = true);
  Value maxPool(Value x, llvm::StringRef window);
  Value avgPool(Value x, llvm::StringRef window, bool countIncludePad);
  Value globalAvgPool(Value x);
  Value gemm(Value x, int64_t outputs, bool transposed, bool bias);
  Value softmax(Value x);
  Value reshape(Value x, llvm::ArrayRef<int64_t> shape);
  Value relu(Value x);
  Value add(Value a, Value b);
  /// Every fourth factor is negative.
  Value affine(Value x);
  Value batchNorm(Value x);

  /// Closes @main. Nothing can be added afterwards.
  mlir::OwningOpRef<mlir::ModuleOp> finish();
  /// The contents of the file that the weights refer to, as kWeightFile of the base folder.
  const std::string &weights() const { return file; }
  static constexpr llvm::StringLiteral kWeightFile = "weights.bin";

  static llvm::ArrayRef<int64_t> shapeOf(Value value);

private:
  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape) const;
  WindowAttr parseWindow(llvm::StringRef text) const;
  std::vector<float> random(llvm::ArrayRef<int64_t> shape, float least, float most);
  Value weight(llvm::ArrayRef<int64_t> shape, float most);
  Value vector(int64_t size, float least, float most);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OpBuilder builder;
  mlir::Location loc;
  mlir::func::FuncOp main;
  std::vector<Value> results;
  std::vector<std::string> labels;
  std::mt19937 engine{1};
  std::string file;
};

} // namespace res

#endif // RES_TESTS_NUMERICAL_NETWORKBUILDER_H
