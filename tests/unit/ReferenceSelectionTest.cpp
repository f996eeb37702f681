//===- ReferenceSelectionTest.cpp - slices and pads of the reference -*- C++ -*-===//

#include "compiler/reference/Reference.h"
#include "tests/unit/ModuleFixture.h"

using namespace mlir;
using namespace res;

namespace {

class ReferenceSelectionTest : public ModuleFixture {
protected:
  /// One operation on %x.
  std::vector<double> run(const std::string &op, const std::string &from, const std::string &to,
                          std::vector<double> input) {
    std::string text = "func.func @main(%x: tensor<" + from + "xf32>) -> tensor<" + to + "xf32> {\n%r = " + op +
                       " : tensor<" + from + "xf32> -> tensor<" + to + "xf32>\nreturn %r : tensor<" + to + "xf32>\n}";
    WeightEvaluator weights(folder.str().str());
    auto results = evaluateReference(parse(text), weights, {std::move(input)}, {});
    if (results)
      return results->front();
    ADD_FAILURE() << llvm::toString(results.takeError());
    return {};
  }

  using Values = std::vector<double>;
};

TEST_F(ReferenceSelectionTest, SliceSteps) {
  EXPECT_EQ(run("res.slice %x from [0, 1] by [1, 2]", "2x5", "2x2", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), Values({1, 3, 6, 8}));
}

TEST_F(ReferenceSelectionTest, SliceRunsBackwards) {
  EXPECT_EQ(run("res.slice %x from [1, 4] by [-1, -2]", "2x5", "2x3", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
            Values({9, 7, 5, 4, 2, 0}));
}

TEST_F(ReferenceSelectionTest, SliceOfMaps) {
  EXPECT_EQ(run("res.slice %x from [0, 1, 0, 1] by [1, 1, 2, 1]", "1x2x3x2", "1x1x2x1",
                {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}),
            Values({11, 15}));
}

TEST_F(ReferenceSelectionTest, PadOnBothSides) {
  EXPECT_EQ(run("res.pad %x at [1, 0] with 7.0", "1x2", "3x3", {1, 2}), Values({7, 7, 7, 1, 2, 7, 7, 7, 7}));
}

TEST_F(ReferenceSelectionTest, PadCrops) {
  EXPECT_EQ(run("res.pad %x at [0, -1] with 7.0", "1x4", "1x2", {1, 2, 3, 4}), Values({2, 3}));
}

TEST_F(ReferenceSelectionTest, ResizeRepeats) {
  EXPECT_EQ(run("res.resize %x rows [1, 0, 2] columns [4, -3, 2]", "1x1x2x3", "1x1x4x3", {0, 1, 2, 3, 4, 5}),
            Values({0, 0, 2, 0, 0, 2, 3, 3, 5, 3, 3, 5}));
}

TEST_F(ReferenceSelectionTest, ResizeBetweenPixels) {
  EXPECT_EQ(run("res.resize %x linear rows [1, 0, 1] columns [2, -1, 4]", "1x1x2x2", "1x1x2x4", {0, 4, 8, 16}),
            Values({0, 1, 3, 4, 8, 10, 14, 16}));
}

TEST_F(ReferenceSelectionTest, DepthToSpaceByBothOrders) {
  EXPECT_EQ(run("res.depth_to_space %x by [1, 2]", "1x4x1x2", "1x2x1x3", {0, 1, 10, 11, 20, 21, 30, 31}),
            Values({0, 20, 1, 10, 30, 11}));
  EXPECT_EQ(run("res.depth_to_space %x by [1, 2] interleaved", "1x4x1x2", "1x2x1x3", {0, 1, 10, 11, 20, 21, 30, 31}),
            Values({0, 10, 1, 20, 30, 21}));
}

TEST_F(ReferenceSelectionTest, ConcatInEveryPlaceBeforeTheAxis) {
  const char *text = R"(func.func @main(%x: tensor<2x1x2xf32>, %y: tensor<2x2x2xf32>) -> tensor<2x3x2xf32> {
    %r = res.concat %x, %y along 1 : (tensor<2x1x2xf32>, tensor<2x2x2xf32>) -> tensor<2x3x2xf32>
    return %r : tensor<2x3x2xf32>
  })";
  WeightEvaluator weights(folder.str().str());
  auto results = llvm::cantFail(evaluateReference(parse(text), weights, {Values{0, 1, 2, 3}, Values{10, 11, 12, 13, 14, 15, 16, 17}}, {}));
  EXPECT_EQ(results.front(), Values({0, 1, 10, 11, 12, 13, 2, 3, 14, 15, 16, 17}));
}

} // namespace
