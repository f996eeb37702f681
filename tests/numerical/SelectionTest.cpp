//===- SelectionTest.cpp - slices and pads over odd shapes ------*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

class SelectionTest : public TargetTest {
protected:
  Value blocked(NetworkBuilder &n, ArrayRef<int64_t> shape) { return n.affine(n.input(shape)); }
};

struct Case {
  Shape first, step, result;
};

TEST_P(SelectionTest, Slice) {
  const Case cases[] = {
      {{0, 0, 0, 0}, {1, 1, 2, 2}, {2, 36, 4, 5}},   // every second pixel
      {{0, 16, 0, 0}, {1, 1, 1, 1}, {2, 20, 7, 9}},  // whole blocks of channels
      {{0, 3, 1, 2}, {1, 2, 2, 3}, {2, 16, 3, 2}},   // lanes move
      {{1, 35, 6, 8}, {1, -1, -3, -1}, {1, 36, 3, 9}},
  };
  NetworkBuilder n = network();
  Value input = n.input({2, 36, 7, 9}), map = blocked(n, {2, 36, 7, 9});
  for (auto [index, c] : llvm::enumerate(cases)) {
    n.output(n.slice(input, c.first, c.step, c.result), "row-major " + std::to_string(index));
    n.output(n.slice(map, c.first, c.step, c.result), "blocked " + std::to_string(index));
    // A map stays in blocks where another kernel reads it: the lanes that fill up the last block must be finite.
    n.output(n.conv(n.slice(map, c.first, c.step, c.result), 8, "1x1"), "read on " + std::to_string(index));
  }
  n.output(n.slice(n.input({3, 10}), {2, 1}, {-2, 4}, {2, 3}), "matrix");
  check(n);
}

TEST_P(SelectionTest, Pad) {
  const Case cases[] = {
      {{0, 16, 0, 0}, {}, {2, 64, 5, 3}},  // whole blocks
      {{0, 8, 0, 0}, {}, {2, 48, 5, 3}},   // lanes move
      {{0, 0, 2, 1}, {}, {2, 32, 9, 4}},   // borders
      {{0, -3, -1, 0}, {}, {2, 20, 6, 5}}, // crops on one side
      {{1, 1, 0, 0}, {}, {4, 35, 4, 3}},
  };
  NetworkBuilder n = network();
  Value input = n.input({2, 32, 5, 3}), map = blocked(n, {2, 32, 5, 3});
  for (auto [index, c] : llvm::enumerate(cases)) {
    n.output(n.pad(input, c.first, c.result, 0.5f), "row-major " + std::to_string(index));
    n.output(n.pad(map, c.first, c.result, 0.5f), "blocked " + std::to_string(index));
    n.output(n.conv(n.pad(map, c.first, c.result, 0), 8, "3x3, pad = [1, 1, 1, 1]"), "read on " + std::to_string(index));
  }
  n.output(n.pad(n.input({3, 10}), {0, 2}, {4, 13}, -1), "matrix");
  check(n);
}

/// The parameter-free shortcut of a ResNet for CIFAR: every second pixel, half as many channels of zeros on both sides.
TEST_P(SelectionTest, Shortcut) {
  NetworkBuilder n = network();
  for (int64_t channels : {16, 32, 24}) {
    Value x = n.relu(n.conv(n.input({2, 3, 16, 16}), channels, "3x3, pad = [1, 1, 1, 1]"));
    Value branch = n.conv(x, 2 * channels, "3x3, stride = 2x2, pad = [1, 1, 1, 1]");
    Value half = n.slice(x, {0, 0, 0, 0}, {1, 1, 2, 2}, {2, channels, 8, 8});
    Value sum = n.add(branch, n.pad(half, {0, channels / 2, 0, 0}, {2, 2 * channels, 8, 8}, 0));
    n.output(n.globalAvgPool(n.relu(sum)), std::to_string(channels));
  }
  check(n);
}

RES_INSTANTIATE_FOR_TARGETS(SelectionTest);

} // namespace
