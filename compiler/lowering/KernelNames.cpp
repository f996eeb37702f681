//===- KernelNames.cpp - names of kernels -----------------------*- C++ -*-===//

#include "compiler/lowering/KernelNames.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace res;

/// 3x3s2 for a window with stride 2, 3x3 without.
static void printWindow(llvm::raw_ostream &os, WindowAttr window) {
  llvm::interleave(window.getKernel(), os, "x");
  ArrayRef<int64_t> strides = window.getStrides();
  if (llvm::any_of(strides, [](int64_t s) { return s != 1; })) {
    os << "s" << strides[0];
    if (!llvm::all_equal(strides))
      os << "x" << strides[1];
  }
}

/// Sizes without a batch of one.
static void printShape(llvm::raw_ostream &os, Type type) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  if (shape.size() > 1 && shape[0] == 1)
    shape = shape.drop_front();
  llvm::interleave(shape, os, "x");
}

/// "conv", "globalavgpool", "sigmoid".
static std::string describeOp(Operation &op) {
  StringRef name = op.getName().stripDialect();
  if (auto unary = dyn_cast<UnaryOp>(op))
    name = stringifyUnaryFunction(unary.getFunction());
  if (auto binary = dyn_cast<BinaryOp>(op))
    name = stringifyBinaryFunction(binary.getFunction());
  return llvm::join(llvm::split(name, '_'), "");
}

std::string res::describeKernel(KernelOp kernel) {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "res_f32";
  constexpr size_t kMostNamed = 10; // names of kernels are names of files
  auto ops = kernel.getBody().front().without_terminator();
  for (auto [index, op] : llvm::enumerate(ops)) {
    if (index == kMostNamed) {
      os << "_and" << llvm::range_size(ops) - kMostNamed;
      break;
    }
    os << "_" << describeOp(op);
    if (auto window = op.getAttrOfType<WindowAttr>("window"))
      printWindow(os, window);
  }
  os << "_";
  printShape(os, kernel.getInputs().front().getType());
  os << "_";
  printShape(os, kernel.getOutputs().front().getType());
  return name;
}

std::string res::symbolFor(StringRef name, ArrayRef<TargetModel> targets, size_t place) {
  if (place == 0)
    return name.str();
  std::string target = targets[place].name;
  llvm::replace(target, '-', '_');
  return name.str() + "_" + target;
}
