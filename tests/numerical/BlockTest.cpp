//===- BlockTest.cpp - residual blocks whole --------------------*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

class BlockTest : public TargetTest {
protected:
  static std::string same(int64_t stride) {
    std::string step = std::to_string(stride);
    return "3x3, stride = " + step + "x" + step + ", pad = [1, 1, 1, 1]";
  }
  static std::string one(int64_t stride) {
    return "1x1, stride = " + std::to_string(stride) + "x" + std::to_string(stride);
  }

  /// conv, norm and perhaps relu, as exporters write them.
  static Value layer(NetworkBuilder &n, Value x, int64_t filters, const std::string &window, bool active,
                     int64_t groups = 1) {
    Value y = n.batchNorm(n.conv(x, filters, window, groups, false));
    return active ? n.relu(y) : y;
  }

  static Value shortcut(NetworkBuilder &n, Value x, int64_t filters, int64_t stride) {
    return stride == 1 && n.shapeOf(x)[1] == filters ? x : layer(n, x, filters, one(stride), false);
  }

  static Value basicBlock(NetworkBuilder &n, Value x, int64_t filters, int64_t stride) {
    Value y = layer(n, layer(n, x, filters, same(stride), true), filters, same(1), false);
    return n.relu(n.add(y, shortcut(n, x, filters, stride)));
  }

  static Value bottleneck(NetworkBuilder &n, Value x, int64_t width, int64_t stride, int64_t groups = 1) {
    Value y = layer(n, layer(n, x, width, one(1), true), width, same(stride), true, groups);
    y = layer(n, y, 4 * width, one(1), false);
    return n.relu(n.add(y, shortcut(n, x, 4 * width, stride)));
  }

  /// Normalises first: neither norm folds, and the shortcut is the raw sum.
  static Value preActivation(NetworkBuilder &n, Value x, int64_t filters, int64_t stride) {
    Value active = n.relu(n.batchNorm(x));
    Value y = n.conv(active, filters, same(stride), 1, false);
    y = n.conv(n.relu(n.batchNorm(y)), filters, same(1), 1, false);
    Value beside = stride == 1 && n.shapeOf(x)[1] == filters ? x : n.conv(active, filters, one(stride), 1, false);
    return n.add(y, beside);
  }
};

TEST_P(BlockTest, Basic) {
  NetworkBuilder n = network();
  Value x = layer(n, n.input({2, 3, 29, 31}), 20, same(1), true);
  x = basicBlock(n, x, 20, 1);
  x = basicBlock(n, x, 33, 2);
  n.output(basicBlock(n, x, 33, 1), "three basic blocks");
  check(n);
}

TEST_P(BlockTest, Bottleneck) {
  NetworkBuilder n = network();
  Value x = n.maxPool(layer(n, n.input({1, 3, 57, 61}), 17, "7x7, stride = 2x2, pad = [3, 3, 3, 3]", true), same(2));
  x = bottleneck(n, x, 9, 1);
  x = bottleneck(n, x, 9, 1);
  x = bottleneck(n, x, 16, 2);
  n.output(bottleneck(n, x, 16, 1, 4), "four bottlenecks, the last of four groups");
  check(n);
}

TEST_P(BlockTest, PreActivation) {
  NetworkBuilder n = network();
  Value x = n.conv(n.input({1, 3, 27, 30}), 18, same(1), 1, false);
  x = preActivation(n, x, 18, 1);
  x = preActivation(n, x, 36, 2);
  x = preActivation(n, x, 36, 1);
  Value pooled = n.globalAvgPool(n.relu(n.batchNorm(x)));
  n.output(n.gemm(n.reshape(pooled, {1, 36}), 10, true, true), "three pre-activation blocks");
  check(n);
}

// The maps of two images fill more than half of the last cache, so that the batch goes through in turns.
TEST_P(BlockTest, BatchInTurns) {
  NetworkBuilder n = network();
  Value x = n.relu(n.conv(n.input({3, 17, 256, 256}), 20, "1x1"));
  n.output(n.maxPool(x, "2x2, stride = 64x64"), "map");
  Value pooled = n.globalAvgPool(n.conv(x, 16, "3x3, stride = 9x9"));
  n.output(n.gemm(n.reshape(pooled, {3, 16}), 10, true, true), "matrix");
  check(n, [](ModuleOp module) {
    auto main = module.lookupSymbol<func::FuncOp>("main");
    EXPECT_EQ(getTurns(main), 3);
    EXPECT_EQ(cast<RankedTensorType>(main.getResultTypes()[0]).getDimSize(0), 1);
  });
}

RES_INSTANTIATE_FOR_TARGETS(BlockTest);

} // namespace
