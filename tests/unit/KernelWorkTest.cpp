//===- KernelWorkTest.cpp - what kernels compute ----------------*- C++ -*-===//

#include "compiler/link/KernelWork.h"
#include "tests/unit/ModuleFixture.h"

#include "mlir/AsmParser/AsmParser.h"

using namespace mlir;
using namespace res;

namespace {

class KernelWorkTest : public ModuleFixture {
protected:
  /// A module of one operation with two arguments and a result.
  ModuleOp parseOp(const std::string &text, const std::string &types, const std::string &result) {
    return parse("func.func @main(" + types + ") -> " + result + " {\n%r = " + text + "\nreturn %r : " + result +
                 "\n}");
  }

  ModuleOp conv(int64_t height, int64_t width, int64_t filters = 20) {
    const std::string map = "x" + std::to_string(height) + "x" + std::to_string(width) + "xf32>";
    const std::string k = std::to_string(filters), in = "tensor<2x18" + map, out = "tensor<2x" + k + map;
    const std::string weights = "tensor<" + k + "x18x3x3xf32>";
    return parseOp("res.conv %x, %w window<3x3, pad = [1, 1, 1, 1]> : (" + in + ", " + weights + ") -> " + out,
                   "%x: " + in + ", %w: " + weights, out);
  }

  Attribute schedule(const std::string &text) { return parseAttribute("#res." + text, &context); }

  Attribute winograd(int64_t tile) {
    return schedule("winograd<tile = " + std::to_string(tile) +
                    ", blocks = 1, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 1, "
                    "weights = stored>");
  }

  std::string layerOf(ModuleOp module) {
    std::string text;
    module.walk([&](Operation *op) {
      if (op->getName().getDialectNamespace() == "res")
        text = describeLayer(op);
    });
    return text;
  }
};

TEST_F(KernelWorkTest, DirectConvolutionsExecuteWhatIsDefined) {
  ModuleOp module = conv(12, 8);
  const int64_t macs = 2 * 20 * 12 * 8 * 18 * 9;
  EXPECT_EQ(countMacs(module), macs);
  EXPECT_EQ(countExecutedMacs(module, Attribute()), macs);
}

TEST_F(KernelWorkTest, BandsExecuteRowsThatTwoNeighboursNeedTwice) {
  ModuleOp module = parse(R"(
    func.func @main(%x: tensor<1x16x12x8xf32>, %w: tensor<16x16x3x3xf32>, %v: tensor<16x16x3x3xf32>) -> tensor<1x16x12x8xf32> {
      %0 = res.conv %x, %w window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x12x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x12x8xf32>
      %1 = res.conv %0, %v window<3x3, pad = [1, 1, 1, 1]> : (tensor<1x16x12x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x12x8xf32>
      return %1 : tensor<1x16x12x8xf32>
    })");
  const int64_t macsOfRow = 16 * 8 * 16 * 9;
  EXPECT_EQ(countMacs(module), 24 * macsOfRow);
  const std::string direct = "#res.direct<blocks = 1, pixels = 8, unroll = 1, order = space, flat = false, staging = none, rows = 1, chunk = 0>";
  auto executed = [&](const std::string &bands) {
    func::FuncOp function = *module.getOps<func::FuncOp>().begin();
    return countExecutedMacs(function, schedule("banded<" + bands + ", stages = [" + direct + ", " + direct + "]>"));
  };
  EXPECT_EQ(executed("rows = 4, step = 2"), (24 + 2 * 2) * macsOfRow); // three bands, two rows of the first at each border
  EXPECT_EQ(executed("rows = 12, step = 3"), 24 * macsOfRow);
  EXPECT_EQ(executed("rows = 0, step = 0"), 24 * macsOfRow); // an edited dump
}

TEST_F(KernelWorkTest, WinogradExecutesTheSquaresOfItsTiles) {
  ModuleOp whole = conv(12, 8);
  EXPECT_EQ(countExecutedMacs(whole, winograd(4)) * 4, countMacs(whole)); // 36 / 16 instead of 9 for an output
  EXPECT_EQ(countExecutedMacs(whole, winograd(2)) * 9, countMacs(whole) * 4);
  // 7 x 6 outputs need 2 x 2 tiles of 4 and 4 x 3 of 2.
  ModuleOp ragged = conv(7, 6);
  EXPECT_EQ(countExecutedMacs(ragged, winograd(4)), 2 * 20 * 18 * 4 * 36);
  EXPECT_EQ(countExecutedMacs(ragged, winograd(2)), 2 * 20 * 18 * 12 * 16);
  EXPECT_EQ(countMacs(ragged), 2 * 20 * 18 * 42 * 9);
}

TEST_F(KernelWorkTest, AlgorithmsHaveNames) {
  EXPECT_EQ(algorithmName(winograd(2)), "winograd2");
  EXPECT_EQ(algorithmName(schedule("map<pixels = 1, rows = 1>")), "map");
  EXPECT_EQ(algorithmName(schedule("dense<blocks = 1, unroll = 1>")), "dense");
  EXPECT_EQ(algorithmName(Attribute()), "");
}

TEST_F(KernelWorkTest, LayersHaveNames) {
  EXPECT_EQ(layerOf(conv(14, 14, 18)), "3x3s1 18@14");
  EXPECT_EQ(layerOf(conv(7, 6)), "3x3s1 18-20@7x6");
  EXPECT_EQ(layerOf(parseOp("res.conv %x, %w window<1x1, stride = 2x2> {groups = 4 : i64} : (tensor<1x8x6x6xf32>, "
                            "tensor<12x2x1x1xf32>) -> tensor<1x12x3x3xf32>",
                            "%x: tensor<1x8x6x6xf32>, %w: tensor<12x2x1x1xf32>", "tensor<1x12x3x3xf32>")),
            "1x1s2 8-12g4@6");
  EXPECT_EQ(layerOf(parseOp("res.relu %x : tensor<1x8xf32>", "%x: tensor<1x8xf32>", "tensor<1x8xf32>")), "relu 8");
}

} // namespace
