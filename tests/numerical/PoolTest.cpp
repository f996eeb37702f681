//===- PoolTest.cpp - pooling and means over odd shapes ---------*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

class PoolTest : public TargetTest {
protected:
  /// A map in blocks whose values are of both signs: padding that counted as zero would win against negative maxima.
  Value blocked(NetworkBuilder &n, ArrayRef<int64_t> shape) { return n.affine(n.input(shape)); }
};

const char *const kWindows[] = {
    "3x3, stride = 2x2, pad = [1, 1, 1, 1]",
    "2x2, stride = 2x2",
    "3x3",
    "3x3, stride = 2x2, pad = [0, 0, 1, 1]",
    "2x3, stride = 1x2, pad = [1, 0, 0, 2]",
    "3x2, stride = 3x1",
    "1x1, stride = 2x2",
    "5x5, stride = 2x2, pad = [2, 2, 2, 2]", // beyond the taps that are written out
    "7x1, pad = [3, 0, 3, 0]",
    "3x3, pad = [2, 2, 2, 2], dilation = 2x2",
    "2x2, stride = 2x1, pad = [0, 1, 1, 1], dilation = 3x2",
};

TEST_P(PoolTest, Max) {
  NetworkBuilder n = network();
  Value input = n.input({1, 17, 13, 15}), map = blocked(n, {2, 20, 14, 13});
  for (const char *window : kWindows) {
    n.output(n.maxPool(input, window), std::string("row-major ") + window);
    n.output(n.maxPool(map, window), std::string("blocked ") + window);
  }
  check(n);
}

TEST_P(PoolTest, Average) {
  NetworkBuilder n = network();
  Value input = n.input({1, 17, 13, 15}), map = blocked(n, {2, 20, 14, 13});
  for (const char *window : kWindows)
    for (bool countPads : {false, true}) {
      std::string label = std::string(countPads ? " counting pads under " : " under ") + window;
      n.output(n.avgPool(input, window, countPads), "row-major" + label);
      n.output(n.avgPool(map, window, countPads), "blocked" + label);
    }
  check(n);
}

TEST_P(PoolTest, LocalResponses) {
  NetworkBuilder n = network();
  Value input = n.input({1, 17, 13, 15}), map = blocked(n, {2, 36, 14, 13});
  for (auto [size, beta] : {std::pair(5, 0.75f), {4, 0.5f}, {1, 1.f}, {23, 0.3f}, {100, 0.75f}}) {
    const std::string label = std::to_string(size);
    n.output(n.lrn(input, size, 2, beta), "row-major " + label);
    n.output(n.lrn(map, size, 2, beta), "blocked " + label);
    // Lanes that fill up the last block must be finite, and count for none.
    n.output(n.conv(n.relu(n.lrn(map, size, 2, beta)), 8, "1x1"), "read on, with an epilogue " + label);
  }
  check(n);
}

TEST_P(PoolTest, Global) {
  NetworkBuilder n = network();
  for (const Shape &shape : {Shape{1, 64, 7, 7}, {1, 17, 13, 15}, {2, 33, 1, 2}, {4, 5, 1, 1}, {1, 1, 31, 28}}) {
    n.output(n.globalAvgPool(n.input(shape)), "row-major " + std::to_string(shape[1]));
    n.output(n.globalAvgPool(blocked(n, shape)), "blocked " + std::to_string(shape[1]));
  }
  check(n);
}

TEST_P(PoolTest, WindowsAsLargeAsTheMap) {
  NetworkBuilder n = network();
  for (const Shape &shape : {Shape{1, 16, 7, 7}, {1, 17, 1, 1}, {1, 5, 2, 31}}) {
    Value map = blocked(n, shape);
    std::string whole = std::to_string(shape[2]) + "x" + std::to_string(shape[3]);
    n.output(n.maxPool(map, whole), "max " + whole);
    n.output(n.avgPool(map, whole, false), "average " + whole);
    n.output(n.maxPool(map, "3x3, pad = [1, 1, 1, 1]"), "max 3x3 of " + whole);
    n.output(n.avgPool(map, "3x3, pad = [1, 1, 1, 1]", false), "average 3x3 of " + whole);
    n.output(n.avgPool(map, "3x3, pad = [1, 1, 1, 1]", true), "average 3x3 with pads of " + whole);
  }
  check(n);
}

// What follows a pooling joins its kernel, and an addition joins it as a residual.
TEST_P(PoolTest, Epilogues) {
  NetworkBuilder n = network();
  Value map = blocked(n, {2, 33, 14, 15});
  n.output(n.relu(n.maxPool(map, kWindows[0])), "max, relu");
  n.output(n.batchNorm(n.avgPool(map, kWindows[0], false)), "average, batch norm");
  n.output(n.relu(n.add(n.maxPool(map, kWindows[1]), n.avgPool(map, kWindows[1], true))), "max + average, relu");
  n.output(n.affine(n.relu(n.globalAvgPool(map))), "global, relu, affine");
  check(n);
}

// Between convolutions maps stay blocked, and the last block has lanes beyond the channels.
TEST_P(PoolTest, BetweenConvolutions) {
  NetworkBuilder n = network();
  Value x = n.relu(n.conv(n.input({1, 3, 31, 28}), 20, "7x7, stride = 2x2, pad = [3, 3, 3, 3]"));
  Value pooled = n.maxPool(x, "3x3, stride = 2x2, pad = [1, 1, 1, 1]");
  n.output(n.conv(pooled, 17, "3x3, pad = [1, 1, 1, 1]"), "max");
  n.output(n.conv(n.avgPool(x, "2x2, stride = 2x2", false), 17, "1x1"), "average");
  n.output(n.conv(n.globalAvgPool(x), 5, "1x1"), "global");
  check(n);
}

// Maps large enough to be shared among threads.
TEST_P(PoolTest, ManyRows) {
  NetworkBuilder n = network();
  Value map = blocked(n, {1, 64, 57, 55});
  n.output(n.maxPool(map, kWindows[0]), "max");
  n.output(n.avgPool(map, "5x5, pad = [2, 2, 2, 2]", false), "average");
  check(n);
}

RES_INSTANTIATE_FOR_TARGETS(PoolTest);

} // namespace
