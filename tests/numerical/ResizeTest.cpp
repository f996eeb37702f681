//===- ResizeTest.cpp - maps of other sizes over odd shapes -----*- C++ -*-===//

#include "tests/numerical/fixture/NumericalFixture.h"

using namespace mlir;
using namespace res;

namespace {

class ResizeTest : public TargetTest {
protected:
  Value blocked(NetworkBuilder &n, ArrayRef<int64_t> shape) { return n.affine(n.input(shape)); }
};

TEST_P(ResizeTest, Resize) {
  struct Case {
    Shape rows, columns;
    int64_t height, width;
  };
  // Of a map of 5x7.
  const Case cases[] = {
      {{1, 0, 2}, {1, 0, 3}, 10, 21},   // pixels are repeated
      {{2, -1, 4}, {2, -1, 4}, 10, 14}, // between pixels, and beyond both borders
      {{4, 0, 12}, {6, 0, 12}, 13, 13}, // corner by corner
      {{5, 1, 6}, {7, -3, 10}, 6, 10},
      {{5, 2, 2}, {7, 5, 3}, 2, 3}, // smaller
      {{1, 0, 1}, {0, 3, 1}, 5, 1},
  };
  NetworkBuilder n = network();
  Value input = n.input({2, 20, 5, 7}), map = blocked(n, {2, 20, 5, 7});
  for (auto [index, c] : llvm::enumerate(cases))
    for (bool linear : {false, true}) {
      std::string label = std::to_string(index) + (linear ? " linear" : "");
      n.output(n.resize(input, c.rows, c.columns, c.height, c.width, linear), "row-major " + label);
      n.output(n.resize(map, c.rows, c.columns, c.height, c.width, linear), "blocked " + label);
      // A map stays in blocks where another kernel reads it: the lanes that fill up the last block must be finite.
      n.output(n.conv(n.resize(map, c.rows, c.columns, c.height, c.width, linear), 8, "1x1"), "read on " + label);
    }
  check(n);
}

TEST_P(ResizeTest, DepthToSpace) {
  NetworkBuilder n = network();
  for (int64_t channels : {32, 20, 1}) // of the result: whole blocks, and lanes that move
    for (bool interleaved : {false, true}) {
      Shape shape{2, channels * 6, 4, 5};
      Value input = n.input(shape), map = blocked(n, shape);
      std::string label = std::to_string(channels) + (interleaved ? " interleaved" : "");
      n.output(n.depthToSpace(input, {2, 3}, 8, 15, interleaved), "row-major " + label);
      n.output(n.depthToSpace(map, {2, 3}, 8, 15, interleaved), "blocked " + label);
      n.output(n.relu(n.affine(n.depthToSpace(map, {3, 2}, 10, 9, interleaved))), "cropped, with an epilogue " + label);
      n.output(n.conv(n.depthToSpace(map, {6, 1}, 19, 5, interleaved), 8, "1x1"), "read on " + label);
    }
  check(n);
}

RES_INSTANTIATE_FOR_TARGETS(ResizeTest);

} // namespace
