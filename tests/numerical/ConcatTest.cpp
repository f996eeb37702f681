//===- ConcatTest.cpp - concatenations, in place and copied, and views *- C++ -*-===//

#include "dialect/ResViews.h"
#include "tests/numerical/fixture/NumericalFixture.h"

#include <map>
#include <random>

using namespace mlir;
using namespace res;

namespace {

constexpr const char *kSame = "3x3, pad = [1, 1, 1, 1]";

class ConcatTest : public TargetTest {
protected:
  /// How many operations of a kind stand in @main, where they are no code, and how many in kernels.
  template <typename Op> std::pair<unsigned, unsigned> countViewsAndCopies() {
    std::pair<unsigned, unsigned> counts{0, 0};
    planned->walk([&](Op op) { ++(op->template getParentOfType<func::FuncOp>().getName() == "main" ? counts.first : counts.second); });
    return counts;
  }
  using Counts = std::pair<unsigned, unsigned>;

  /// A layer of a DenseNet: what it adds to the features.
  static Value denseLayer(NetworkBuilder &n, Value features, int64_t growth) {
    Value bottleneck = n.relu(n.batchNorm(n.conv(n.relu(n.batchNorm(features)), 2 * growth, "1x1", 1, false)));
    return n.conv(bottleneck, growth, kSame, 1, false);
  }
};

TEST_P(ConcatTest, WholeBlocksAreWrittenInPlace) {
  NetworkBuilder n = network();
  Value x = n.input({1, 3, 9, 11});
  Value a = n.relu(n.conv(x, 32, kSame)), b = n.maxPool(a, kSame), c = n.conv(a, 20, "1x1");
  n.output(n.conv(n.concat({a, b, c}), 24, "1x1"), "sum");
  check(n);
  EXPECT_EQ(countViewsAndCopies<ConcatOp>(), Counts(1, 0));
  EXPECT_EQ(countViewsAndCopies<RelayoutOp>(), Counts(0, 1)) << "the output alone";
}

TEST_P(ConcatTest, LanesThatMoveAreCopied) {
  const SmallVector<SmallVector<int64_t>> cases = {{12, 12}, {24, 12, 12, 12}, {5, 40, 3}, {16, 12, 16}, {1, 1, 1, 1}, {33, 31}};
  NetworkBuilder n = network();
  for (ArrayRef<int64_t> channels : cases)
    for (int64_t images : {1, 2}) {
      Value x = n.input({images, 7, 5, 9});
      SmallVector<Value> parts;
      for (int64_t count : channels)
        parts.push_back(n.conv(x, count, kSame));
      std::string label = std::to_string(channels.front()) + " of " + std::to_string(channels.size()) + " x" + std::to_string(images);
      n.output(n.conv(n.concat(parts), 8, "1x1"), label);
      n.output(n.relu(n.affine(n.concat(parts))), label + " with epilogue");
    }
  check(n);
  EXPECT_EQ(countViewsAndCopies<ConcatOp>().first, 0u);
}

TEST_P(ConcatTest, Batches) {
  NetworkBuilder n = network();
  Value x = n.input({3, 3, 7, 8});
  Value a = n.conv(x, 16, kSame), b = n.conv(x, 32, kSame);
  n.output(n.conv(n.concat({a, b, a}), 24, "1x1"), "channels");
  n.output(n.conv(n.concat({a, a, n.conv(x, 16, "1x1")}, 0), 24, "1x1"), "images");
  n.output(n.conv(n.concat({b, b}, 2), 24, "1x1"), "rows");
  n.output(n.conv(n.concat({b, n.maxPool(b, "1x3"), b}, 3), 24, "1x1"), "columns");
  n.output(n.concat({a, b}), "returned");
  check(n);
}

TEST_P(ConcatTest, Matrices) {
  NetworkBuilder n = network();
  for (int64_t rows : {1, 3}) {
    Value x = n.input({rows, 10});
    Value a = n.gemm(x, 16, true, true), b = n.gemm(x, 7, true, true);
    n.output(n.gemm(n.concat({a, b}), 5, true, true), "columns");
    n.output(n.gemm(n.concat({b, a, x}), 5, true, true), "odd columns");
    n.output(n.gemm(n.concat({a, a}, 0), 5, true, true), "rows");
    n.output(n.concat({x, x}), "of inputs");
  }
  check(n);
}

TEST_P(ConcatTest, OtherRanks) {
  NetworkBuilder n = network();
  Value vector = n.input({5}), cube = n.input({2, 3, 7}), more = n.input({2, 2, 3, 4, 5});
  n.output(n.concat({vector, n.relu(vector)}, 0), "vectors");
  n.output(n.concat({cube, n.relu(cube)}, 1), "rows");
  n.output(n.relu(n.concat({cube, n.relu(cube), cube}, 2)), "columns");
  n.output(n.concat({more, n.add(more, more)}, 3), "five dimensions");
  check(n);
}

TEST_P(ConcatTest, InputsOfTheModelAndTensorsUsedTwiceAreCopied) {
  NetworkBuilder n = network();
  Value x = n.input({1, 16, 6, 7}), y = n.relu(n.conv(x, 32, kSame)), z = n.conv(y, 16, "1x1");
  n.output(n.conv(n.concat({x, y}), 8, "1x1"), "an input");
  n.output(n.conv(n.concat({y, y, z}), 8, "1x1"), "twice");
  n.output(n.conv(n.concat({z, y}), 8, "1x1"), "in two orders");
  n.output(n.conv(n.concat({y, x}), 8, "1x1"), "beside another one");
  n.output(n.conv(n.concat({z, y, z, y}), 8, "1x1"), "in turns");
  n.output(y, "also returned");
  check(n);
}

TEST_P(ConcatTest, DenseBlock) {
  for (int64_t growth : {32, 12})
    for (bool fast : {false, true}) {
      SCOPED_TRACE(growth);
      NetworkBuilder n = network();
      if (fast)
        n.useFastMath();
      SmallVector<Value> features{n.relu(n.conv(n.input({1, 3, 13, 9}), 2 * growth, kSame))};
      for (int layer = 0; layer < 4; ++layer)
        features.push_back(denseLayer(n, layer ? n.concat(features) : features[0], growth));
      n.output(n.globalAvgPool(n.relu(n.batchNorm(n.concat(features)))), "features");
      check(n);
      EXPECT_EQ(countViewsAndCopies<ConcatOp>(), growth == 32 ? Counts(4, 0) : Counts(0, 4));
    }
}

// As Keras spells it: a concatenation of the last one and the new features.
TEST_P(ConcatTest, NestedConcatenations) {
  NetworkBuilder n = network();
  Value features = n.relu(n.conv(n.input({1, 3, 8, 8}), 32, kSame));
  for (int layer = 0; layer < 3; ++layer)
    features = n.concat({features, denseLayer(n, features, 16)});
  n.output(n.conv(features, 8, "1x1"), "features");
  check(n);
  EXPECT_EQ(countViewsAndCopies<ConcatOp>(), Counts(3, 0));
  // Features once: those that the last layer reads, activated, and its bottleneck.
  auto main = (*planned).lookupSymbol<func::FuncOp>("main");
  EXPECT_EQ(main->getAttrOfType<IntegerAttr>(kArenaLowerBoundAttr).getInt(), (64 + 64 + 32) * 8 * 8 * 4);
  EXPECT_LE(main->getAttrOfType<IntegerAttr>(kArenaBytesAttr).getInt(), (80 + 64 + 32) * 8 * 8 * 4);
}

TEST_P(ConcatTest, BranchesAndSums) {
  NetworkBuilder n = network();
  Value x = n.relu(n.conv(n.input({1, 3, 12, 10}), 32, kSame));
  Value a = n.conv(x, 16, "1x1"), b = n.relu(n.conv(n.relu(n.conv(x, 24, "1x1")), 48, kSame));
  Value c = n.conv(n.avgPool(x, kSame, false), 32, "1x1");
  Value y = n.relu(n.add(n.conv(n.concat({a, b, c}), 32, "1x1"), x)); // Inception-ResNet: the sum in place
  Value z = n.relu(n.add(n.conv(y, 32, kSame), y));                  // whose place is then part of a row
  n.output(n.conv(n.concat({z, n.conv(z, 32, kSame)}), 8, "1x1"), "y");
  check(n);
  EXPECT_EQ(countViewsAndCopies<ConcatOp>(), Counts(2, 0));
}

// Skips wait in the place that the concatenation wants them in, while the lower levels come and go.
TEST_P(ConcatTest, Encoder) {
  NetworkBuilder n = network();
  Value top = n.relu(n.conv(n.input({1, 3, 16, 16}), 16, kSame));
  Value low = n.relu(n.conv(n.maxPool(top, "2x2, stride = 2x2"), 32, kSame));
  Value side = n.relu(n.conv(top, 32, kSame)), lower = n.relu(n.conv(low, 64, kSame));
  Value joined = n.concat({n.conv(n.concat({low, lower}), 32, "1x1"), low});
  n.output(n.globalAvgPool(joined), "below");
  n.output(n.conv(n.concat({top, side}), 8, kSame), "above");
  check(n);
}

TEST_P(ConcatTest, Views) {
  NetworkBuilder n = network();
  Value x = n.input({2, 3, 6, 6}), y = n.input({1, 3, 6, 6});
  Value map = n.relu(n.conv(x, 32, kSame)), one = n.relu(n.conv(y, 48, kSame));
  n.output(n.gemm(n.reshape(n.globalAvgPool(map), {2, 32}), 5, true, true), "whole blocks");
  n.output(n.gemm(n.reshape(n.globalAvgPool(n.conv(y, 20, kSame)), {1, 20}), 5, true, true), "one image");
  n.output(n.gemm(n.reshape(n.gemm(n.reshape(x, {2, 108}), 24, true, true), {4, 12}), 5, true, true), "matrices");
  n.output(n.conv(n.reshape(map, {2, 32, 4, 9}), 5, "1x1"), "pixels");
  n.output(n.conv(n.reshape(n.gemm(n.reshape(y, {1, 108}), 32, true, true), {1, 32, 1, 1}), 5, "1x1"), "a pixel");
  n.output(n.conv(n.slice(one, {0, 16, 0, 0}, {1, 1, 1, 1}, {1, 20, 6, 6}), 5, kSame), "blocks");
  n.output(n.conv(n.slice(map, {1, 0, 0, 0}, {1, 1, 1, 1}, {1, 32, 6, 6}), 5, kSame), "an image");
  n.output(n.conv(n.concat({n.slice(one, {0, 32, 0, 0}, {1, 1, 1, 1}, {1, 16, 6, 6}), one}), 5, kSame), "a slice beside");
  check(n);
  EXPECT_EQ(countViewsAndCopies<ReshapeOp>(), Counts(7, 0));
  EXPECT_EQ(countViewsAndCopies<SliceOp>(), Counts(3, 0));
}

/// Runs the calls over lines of an arena that know what lies in them, and reads views element by element: no lifetimes.
class ArenaWalk {
public:
  explicit ArenaWalk(func::FuncOp main) : main(main) {}

  /// How many lines of 64 bytes that a call reads are not what they should be.
  unsigned countFaults() {
    unsigned faults = 0;
    for (auto call : main.getOps<CallOp>()) {
      for (Value input : call.getInputs()) {
        const std::vector<Line> wanted = linesOf(input);
        for (size_t i = 0; i < wanted.size(); ++i)
          faults += arena[begin(input) / 64 + int64_t(i)] != wanted[i];
      }
      for (auto [result, offset] : llvm::zip(call.getOutputs(), *call.getOffsets()))
        if (offset >= 0)
          for (auto [i, line] : llvm::enumerate(linesOf(result)))
            arena[offset / 64 + int64_t(i)] = line;
    }
    return faults;
  }

private:
  using Line = std::pair<void *, size_t>; // a result and a line of it

  static int64_t begin(Value value) {
    while (!value.getDefiningOp<CallOp>())
      value = value.getDefiningOp()->getOperand(0);
    return (*value.getDefiningOp<CallOp>().getOffsets())[cast<OpResult>(value).getResultNumber()];
  }

  /// Of what lies in the arena.
  static std::vector<Line> linesOf(Value value) {
    std::vector<Line> lines;
    if (auto concat = value.getDefiningOp<ConcatOp>()) {
      for (Value input : concat.getInputs())
        llvm::append_range(lines, linesOf(input));
    } else if (auto call = value.getDefiningOp<CallOp>(); call && (*call.getOffsets())[0] >= 0) {
      const size_t bytes = getStorageBytes(cast<RankedTensorType>(value.getType()));
      for (size_t line = 0; line < (bytes + 63) / 64; ++line)
        lines.push_back({value.getAsOpaquePointer(), line});
    }
    return lines;
  }

  func::FuncOp main;
  std::map<int64_t, Line> arena;
};

/// Graphs of poolings and concatenations of whatever came before.
TEST_P(ConcatTest, RandomGraphsNeverOverwriteAPart) {
  std::mt19937 random(7);
  auto below = [&](size_t count) { return size_t(random() % count); };
  unsigned views = 0;
  for (int graph = 0; graph < 60; ++graph) {
    SCOPED_TRACE(graph);
    NetworkBuilder n = network();
    SmallVector<Value> values;
    Value x = n.input({1, 16, 4, 4});
    for (size_t count = 2 + below(4); count-- > 0;)
      values.push_back(n.maxPool(x, "1x1"));
    for (size_t count = 4 + below(12); count-- > 0;) {
      Value one = values[below(values.size())];
      if (below(2)) {
        values.push_back(n.maxPool(one, "1x1"));
        continue;
      }
      SmallVector<Value> parts{one};
      while (parts.size() < 2 + below(3))
        parts.push_back(values[below(values.size())]);
      if (NetworkBuilder::shapeOf(parts.front())[1] < 200)
        values.push_back(n.concat(parts));
    }
    n.output(n.globalAvgPool(n.maxPool(values.back(), "1x1")), "last");
    n.output(n.globalAvgPool(n.maxPool(values[values.size() / 2], "1x1")), "middle");
    ASSERT_FALSE(bool(plan(n)));
    views += countViewsAndCopies<ConcatOp>().first;
    EXPECT_EQ(ArenaWalk((*planned).lookupSymbol<func::FuncOp>("main")).countFaults(), 0u);
  }
  EXPECT_GT(views, 60u);
}

RES_INSTANTIATE_FOR_TARGETS(ConcatTest);

} // namespace
