//===- ElementwiseTest.cpp - elementwise graphs and odd outputs -*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

class ElementwiseTest : public TargetTest {};

constexpr const char *kSame = "3x3, pad = [1, 1, 1, 1]";

TEST_P(ElementwiseTest, ChainsOnInputs) {
  NetworkBuilder n = network();
  for (const Shape &shape : {Shape{1, 17, 7, 5}, {2, 33, 1, 13}, {1, 1, 31, 31}, {3, 16, 2, 2}}) {
    Value a = n.input(shape), b = n.input(shape);
    std::string label = std::to_string(shape[1]) + " channels";
    n.output(n.relu(a), "relu, " + label);
    n.output(n.add(a, b), "add, " + label);
    n.output(n.affine(a), "affine, " + label);
    n.output(n.batchNorm(b), "batch norm, " + label);
    n.output(n.relu(n.affine(n.relu(n.add(n.batchNorm(a), b)))), "chain, " + label);
    n.output(n.add(a, a), "add to itself, " + label);
  }
  check(n);
}

TEST_P(ElementwiseTest, Matrices) {
  NetworkBuilder n = network();
  for (auto [batch, size] : {std::pair(1, 17), {3, 100}, {5, 1}, {2, 16}}) {
    Value a = n.input({batch, size}), b = n.input({batch, size});
    std::string label = std::to_string(size);
    n.output(n.relu(a), "relu " + label);
    n.output(n.affine(n.relu(n.add(a, b))), "chain " + label);
    n.output(n.batchNorm(b), "batch norm " + label);
  }
  check(n);
}

// The batch norms in front of and beside convolutions stay, those behind fold.
TEST_P(ElementwiseTest, BatchNormsThatDoNotFold) {
  NetworkBuilder n = network();
  Value x = n.input({1, 20, 13, 14});
  Value before = n.conv(n.relu(n.batchNorm(x)), 17, kSame);
  n.output(n.batchNorm(before), "behind a convolution that another batch norm reads, too");
  n.output(n.relu(n.batchNorm(before)), "the other");
  n.output(n.batchNorm(n.relu(n.conv(x, 33, "1x1"))), "behind a relu");
  n.output(n.batchNorm(n.batchNorm(n.conv(x, 5, kSame, 1, false))), "two that fold");
  check(n);
}

// The convolution's result is read before and after its activation.
TEST_P(ElementwiseTest, RawAndActivatedBothNeeded) {
  NetworkBuilder n = network();
  Value x = n.input({1, 16, 14, 13});
  Value raw = n.conv(x, 20, kSame), active = n.relu(raw);
  Value next = n.conv(active, 20, kSame);
  n.output(n.add(next, raw), "raw residual");
  n.output(n.relu(n.add(n.conv(active, 20, "1x1"), active)), "activated residual");
  n.output(n.add(raw, active), "both");
  n.output(active, "the activation itself");
  check(n);
}

TEST_P(ElementwiseTest, SumsOfTwoConvolutions) {
  NetworkBuilder n = network();
  Value x = n.input({2, 17, 7, 15});
  Value a = n.conv(x, 33, kSame), b = n.conv(x, 33, "1x1");
  n.output(n.relu(n.add(a, b)), "a + b");
  Value c = n.conv(x, 33, "1x1");
  n.output(n.add(c, c), "c + c");
  Value d = n.conv(x, 33, kSame), e = n.conv(x, 33, "1x1"), f = n.conv(x, 33, "1x1");
  n.output(n.relu(n.add(n.add(d, e), f)), "d + e + f");
  n.output(n.add(n.relu(n.conv(x, 17, kSame)), x), "activated + input");
  check(n);
}

TEST_P(ElementwiseTest, OutputUsedInside) {
  NetworkBuilder n = network();
  Value x = n.input({1, 5, 13, 13});
  Value a = n.relu(n.conv(x, 17, kSame));
  n.output(a, "used by the next layer");
  Value b = n.conv(a, 20, kSame);
  n.output(b, "used by the one after");
  Value flat = n.reshape(n.globalAvgPool(b), {1, 20});
  n.output(flat, "matrix that a layer reads");
  Value scores = n.gemm(flat, 10, true, true);
  n.output(scores, "scores");
  n.output(n.softmax(scores), "softmax of an output");
  check(n);
}

TEST_P(ElementwiseTest, SameOutputTwice) {
  NetworkBuilder n = network();
  Value map = n.conv(n.input({1, 5, 7, 7}), 17, kSame), matrix = n.gemm(n.input({2, 20}), 33, true, true);
  for (const char *label : {"first", "second", "third"}) {
    n.output(map, std::string("map, ") + label);
    n.output(matrix, std::string("matrix, ") + label);
  }
  check(n);
}

TEST_P(ElementwiseTest, InputsAsOutputs) {
  NetworkBuilder n = network();
  Value map = n.input({2, 17, 5, 3}), matrix = n.input({3, 21}), unused = n.input({1, 4});
  (void)unused;
  n.output(map, "map");
  n.output(matrix, "matrix");
  n.output(map, "map again");
  n.output(n.relu(map), "its relu");
  n.output(matrix, "matrix again");
  check(n);
}

TEST_P(ElementwiseTest, SeveralInputsAndOutputs) {
  NetworkBuilder n = network();
  Value a = n.input({1, 3, 28, 31}), b = n.input({1, 20, 14, 16}), c = n.input({1, 7});
  Value first = n.relu(n.conv(a, 20, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"));
  Value sum = n.relu(n.add(n.conv(first, 20, kSame), b));
  n.output(n.gemm(c, 3, true, true), "from the third alone");
  n.output(sum, "from the first two");
  n.output(n.gemm(n.reshape(n.globalAvgPool(n.add(sum, b)), {1, 20}), 7, false, false), "from the first two, again");
  check(n);
}

// Large enough for several tasks in elementwise kernels.
TEST_P(ElementwiseTest, LargeMaps) {
  NetworkBuilder n = network();
  Value a = n.input({2, 33, 61, 47}), b = n.input({2, 33, 61, 47});
  n.output(n.relu(n.add(n.affine(a), b)), "map");
  check(n);
}

RES_INSTANTIATE_FOR_TARGETS(ElementwiseTest);

} // namespace
