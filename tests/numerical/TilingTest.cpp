//===- TilingTest.cpp - kernels computed together in bands ------*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

constexpr const char *kSame = "3x3, pad = [1, 1, 1, 1]";
constexpr const char *kSameStrided = "3x3, stride = 2x2, pad = [1, 1, 1, 1]";

class TilingTest : public TargetTest {
protected:
  NetworkBuilder tiled() {
    NetworkBuilder n = network();
    n.tileAlways();
    return n;
  }

  static Value layer(NetworkBuilder &n, Value x, int64_t filters, const std::string &window, int64_t groups = 1) {
    return n.relu(n.conv(x, filters, window, groups));
  }

  /// Gives all bands these rows. What is decided without is checked, too: that there are `count` bands at all.
  Edit setBands(int64_t rows, int64_t step, bool serial = false, unsigned count = 1) {
    return [=, this](ModuleOp module) {
      unsigned found = 0;
      module.walk([&](KernelOp kernel) {
        auto bands = kernel->getAttrOfType<BandsAttr>(kBandsAttr);
        if (!bands)
          return;
        ++found;
        kernel->setAttr(kBandsAttr, BandsAttr::get(&context, bands.getStages(), rows ? rows : int64_t(bands.getRows()),
                                                   step ? step : int64_t(bands.getStep()), serial || (!rows && bands.getSerial())));
      });
      EXPECT_EQ(found, count);
    };
  }
};

} // namespace

// Bands of one step, of several, of the whole map, and such as do not divide it.
TEST_P(TilingTest, TwoConvolutions) {
  for (auto [rows, step] : {std::pair<int, int>{1, 1}, {2, 2}, {6, 2}, {8, 4}, {15, 5}, {15, 3}, {18, 3}}) {
    NetworkBuilder n = tiled();
    Value x = layer(n, layer(n, n.input({1, 3, 15, 19}), 20, kSame), 33, kSame);
    n.output(x, "two convolutions, rows " + std::to_string(rows) + ", step " + std::to_string(step));
    check(n, setBands(rows, step));
  }
}

TEST_P(TilingTest, Bottleneck) {
  for (auto [rows, step] : {std::pair<int, int>{2, 1}, {4, 2}, {8, 8}, {14, 14}}) {
    NetworkBuilder n = tiled();
    Value x = n.affine(n.input({2, 40, 14, 17}));
    Value y = n.conv(layer(n, layer(n, x, 16, "1x1"), 18, kSame), 40, "1x1");
    n.output(n.relu(n.add(y, x)), "bottleneck, rows " + std::to_string(rows) + ", step " + std::to_string(step));
    check(n, setBands(rows, step));
  }
}

TEST_P(TilingTest, StridedBottleneck) {
  for (int64_t height : {27, 28}) {
    NetworkBuilder n = tiled();
    Value x = layer(n, n.input({1, 3, height, 23}), 24, "1x1");
    Value y = n.conv(layer(n, layer(n, x, 16, "1x1"), 16, kSameStrided), 64, "1x1");
    Value z = n.conv(x, 64, "1x1, stride = 2x2");
    n.output(n.relu(n.add(y, z)), "strided bottleneck of height " + std::to_string(height));
    check(n, setBands(4, 2));
  }
}

// Depthwise and grouped stages: the first, between two others, and the last, which adds.
TEST_P(TilingTest, GroupedStages) {
  for (int64_t groups : {40, 10, 5})
    for (bool serial : {false, true}) {
      NetworkBuilder n = tiled();
      const std::string name = "bands of " + std::to_string(groups) + " groups" + (serial ? ", serial" : "");
      Value x = n.affine(n.input({1, 40, 14, 17}));
      n.output(layer(n, layer(n, layer(n, x, 40, "1x1"), 40, kSame, groups), 24, "1x1"), name + ": between");
      check(n, setBands(4, 2, serial));
      NetworkBuilder m = tiled();
      Value y = layer(m, layer(m, m.affine(m.input({1, 40, 14, 17})), 40, kSame, groups), 33, kSame);
      m.output(y, name + ": first");
      check(m, setBands(4, 2, serial));
      NetworkBuilder k = tiled();
      Value z = k.affine(k.input({1, 40, 14, 21}));
      k.output(k.relu(k.add(k.conv(layer(k, z, 40, "1x1"), 40, kSame, groups), z)), name + ": last");
      check(k, setBands(4, 2, serial));
    }
}

TEST_P(TilingTest, Pools) {
  for (const char *window : {"2x2, stride = 2x2", "3x3, stride = 2x2, pad = [1, 1, 1, 1]", "3x3, stride = 2x2", "5x5, pad = [2, 2, 2, 2]"})
    for (int64_t step : {1, 2, 3}) {
      NetworkBuilder n = tiled();
      Value x = layer(n, n.input({1, 3, 37, 41}), 20, "7x7, stride = 2x2, pad = [3, 3, 3, 3]");
      n.output(n.maxPool(x, window), std::string("maximum under ") + window + ", step " + std::to_string(step));
      check(n, setBands(3 * step, step));
    }
  NetworkBuilder n = tiled();
  Value x = layer(n, layer(n, n.input({1, 3, 22, 26}), 16, kSame), 32, kSame);
  n.output(n.avgPool(x, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", false), "two convolutions and a mean");
  check(n, setBands(4, 2));
}

TEST_P(TilingTest, Groups) {
  NetworkBuilder n = tiled();
  Value x = n.affine(n.input({1, 64, 13, 16}));
  n.output(layer(n, layer(n, layer(n, x, 64, "1x1"), 64, kSame, 4), 32, "1x1"), "bottleneck of four groups");
  check(n, setBands(4, 2));
}

TEST_P(TilingTest, Dilated) {
  NetworkBuilder n = tiled();
  Value x = layer(n, n.input({1, 3, 19, 21}), 16, kSame);
  n.output(layer(n, x, 16, "3x3, pad = [2, 2, 2, 2], dilation = 2x2"), "dilated behind another");
  check(n, setBands(6, 2));
}

// Bands one after the other, and tasks in each: one for a band, and such as do not divide it.
TEST_P(TilingTest, Serial) {
  for (auto [rows, step] : {std::pair<int, int>{7, 7}, {8, 2}, {12, 3}, {5, 1}}) {
    NetworkBuilder n = tiled();
    Value x = n.affine(n.input({2, 40, 14, 17}));
    Value y = n.conv(layer(n, layer(n, x, 16, "1x1"), 18, kSame), 40, "1x1");
    n.output(n.relu(n.add(y, x)), "bottleneck, rows " + std::to_string(rows) + ", step " + std::to_string(step));
    check(n, setBands(rows, step, true));
  }
  NetworkBuilder n = tiled();
  n.useFastMath();
  Value x = n.affine(n.input({1, 16, 60, 60}));
  Value y = n.conv(layer(n, layer(n, x, 32, "1x1"), 32, kSame), 16, "1x1");
  n.output(n.maxPool(n.relu(n.add(y, x)), "3x3, stride = 2x2"), "bottleneck with transformed tiles");
  check(n, setBands(32, 4, true));
}

// A block whose result takes the place of its input: rows are read for the first stage before the sum overwrites them. Not
// where a window reaches further up than the rows that the stages behind it keep.
TEST_P(TilingTest, BlocksOverTheirInput) {
  struct Case {
    std::vector<const char *> windows;
    bool inPlace;
  };
  const char *wide = "5x5, pad = [2, 2, 2, 2]";
  for (const Case &c : {Case{{"1x1", kSame, "1x1"}, true}, {{kSame, kSame}, true}, {{"1x1", wide}, true}, {{kSame, wide}, true},
                        {{wide, kSame}, false}, {{kSame, "1x1"}, false}})
    for (auto [height, rows, step] : {std::tuple<int64_t, int, int>{14, 7, 1}, {15, 8, 2}, {17, 6, 3}, {9, 4, 2}}) {
      NetworkBuilder n = tiled();
      Value x = n.affine(n.input({2, 32, height, 16}));
      Value y = x;
      for (const char *window : c.windows)
        y = window == c.windows.back() ? n.conv(y, 32, window) : layer(n, y, 24, window);
      n.output(n.globalAvgPool(n.relu(n.add(y, x))),
               "windows of " + std::string(c.windows.front()) + ", height " + std::to_string(height));
      check(n, setBands(rows, step, true));
      unsigned inPlace = 0;
      planned->walk([&](CallOp call) { inPlace += call.getInPlace().has_value(); });
      EXPECT_EQ(inPlace, c.inPlace ? 1u : 0u) << c.windows.front();
    }
}

// Between convolutions lies what does not fold: a norm and an activation that the reader applies.
TEST_P(TilingTest, Prologue) {
  NetworkBuilder n = tiled();
  Value x = n.conv(n.input({1, 3, 17, 18}), 20, kSame);
  x = n.conv(n.relu(n.batchNorm(n.relu(x))), 24, kSame);
  n.output(x, "activation, norm, activation");
  check(n, setBands(4, 2));
}

// Transformed tiles: as the last stage, and as one whose rows are read once.
TEST_P(TilingTest, Winograd) {
  for (auto [height, width] : {std::pair<int64_t, int64_t>{60, 60}, {61, 58}}) {
    NetworkBuilder n = tiled();
    n.useFastMath();
    Value x = n.affine(n.input({1, 16, height, width}));
    Value y = n.conv(layer(n, layer(n, x, 32, "1x1"), 32, kSame), 16, "1x1");
    n.output(n.relu(n.add(y, x)), "bottleneck of height " + std::to_string(height));
    check(n, setBands(0, 0));
  }
  NetworkBuilder n = tiled();
  n.useFastMath();
  Value x = layer(n, layer(n, n.input({1, 3, 64, 64}), 16, kSame), 32, kSame);
  n.output(n.maxPool(x, "2x2, stride = 2x2"), "two convolutions and a maximum");
  check(n, setBands(0, 0));
}

RES_INSTANTIATE_FOR_TARGETS(TilingTest);
