//===- LinearTest.cpp - matrices and the way to them ------------*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

class LinearTest : public TargetTest {};

TEST_P(LinearTest, Gemm) {
  NetworkBuilder n = network();
  struct Sizes {
    int64_t batch, inputs, outputs;
  };
  for (Sizes s : {Sizes{1, 512, 1000},
                  {1, 64, 10},
                  {1, 1, 1},
                  {1, 17, 33},
                  {2, 33, 17},
                  {3, 20, 5},
                  {4, 64, 64},
                  {5, 127, 65},
                  {1, 3, 16},
                  {2, 1, 100}})
    for (bool transposed : {false, true}) {
      // Both with and without bias, each sizes' orientation the other way round.
      bool bias = (s.inputs % 2 == 0) == transposed;
      Value x = n.input({s.batch, s.inputs});
      n.output(n.gemm(x, s.outputs, transposed, bias), std::to_string(s.batch) + "x" + std::to_string(s.inputs) +
                                                           " to " + std::to_string(s.outputs) +
                                                           (transposed ? ", transposed" : "") + (bias ? ", bias" : ""));
    }
  check(n);
}

TEST_P(LinearTest, GemmWithEpilogue) {
  NetworkBuilder n = network();
  Value x = n.input({3, 33});
  n.output(n.relu(n.gemm(x, 20, true, true)), "relu");
  n.output(n.batchNorm(n.gemm(x, 20, true, true)), "batch norm that folds");
  n.output(n.batchNorm(n.gemm(x, 20, false, true)), "batch norm that does not fold");
  n.output(n.relu(n.add(n.gemm(x, 33, true, false), x)), "residual of an input");
  Value hidden = n.relu(n.gemm(x, 47, false, true));
  n.output(n.add(n.gemm(n.relu(n.gemm(hidden, 21, true, true)), 47, true, true), hidden), "residual of a layer");
  check(n);
}

TEST_P(LinearTest, Softmax) {
  NetworkBuilder n = network();
  for (auto [batch, size] : {std::pair(1, 10), {5, 1}, {2, 1000}, {3, 17}, {4, 16}})
    n.output(n.softmax(n.input({batch, size})), std::to_string(size));
  n.output(n.softmax(n.gemm(n.input({2, 20}), 33, true, true)), "of a layer");
  // Without subtracting the maximum exp would overflow.
  Value x = n.input({2, 16});
  for (int i = 0; i < 7; ++i)
    x = n.add(x, x);
  n.output(n.softmax(x), "of large values");
  check(n);
}

TEST_P(LinearTest, FlattenMaps) {
  NetworkBuilder n = network();
  for (const Shape &shape : {Shape{2, 17, 3, 5}, {1, 16, 7, 7}, {1, 33, 1, 1}, {3, 5, 2, 1}}) {
    int64_t size = shape[1] * shape[2] * shape[3];
    Value row = n.input(shape), blocked = n.conv(row, shape[1], "1x1");
    std::string label = std::to_string(shape[1]) + " channels";
    n.output(n.reshape(row, {shape[0], size}), "row-major, " + label);
    n.output(n.reshape(blocked, {shape[0], size}), "blocked, " + label);
    n.output(n.gemm(n.reshape(blocked, {shape[0], size}), 10, true, true), "into a gemm, " + label);
  }
  check(n);
}

TEST_P(LinearTest, ReshapeMaps) {
  NetworkBuilder n = network();
  Value matrix = n.input({2, 120}), row = n.input({2, 20, 3, 2}), blocked = n.affine(row);
  n.output(n.reshape(matrix, {2, 20, 2, 3}), "matrix to map");
  n.output(n.reshape(matrix, {4, 60}), "matrix to matrix");
  n.output(n.reshape(row, {1, 24, 5, 2}), "row-major to map");
  n.output(n.reshape(blocked, {3, 40, 2, 1}), "blocked to map");
  n.output(n.conv(n.reshape(matrix, {2, 20, 2, 3}), 17, "3x3, pad = [1, 1, 1, 1]"), "matrix to a blocked map");
  n.output(n.conv(n.reshape(blocked, {2, 30, 2, 2}), 5, "1x1"), "blocked to a blocked map");
  n.output(n.relu(n.reshape(blocked, {2, 30, 2, 2})), "with an epilogue");
  check(n);
}

TEST_P(LinearTest, Head) {
  for (int64_t batch : {1, 3, 5}) {
    NetworkBuilder n = network();
    Value x = n.relu(n.conv(n.input({batch, 3, 14, 15}), 50, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"));
    Value features = n.reshape(n.globalAvgPool(x), {batch, 50});
    n.output(n.softmax(n.gemm(features, 10, true, true)), "scores");
    check(n);
  }
}

RES_INSTANTIATE_FOR_TARGETS(LinearTest);

} // namespace
