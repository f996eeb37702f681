//===- ConvTest.cpp - convolutions over odd shapes --------------*- C++ -*-===//
//
// Every row of the tables is a convolution of its own, all rows of a table share a library.
//
//===----------------------------------------------------------------------===//

#include "tests/numerical/fixture/NumericalFixture.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;
using namespace res;

namespace {

/// What surrounds a convolution.
enum Surroundings {
  plain = 0,
  bias = 1,
  relu = 2,
  residual = 4, // another map is added, before the relu
  rowMajor = 8, // the input is the model's, in NCHW; else a kernel's, in blocks
};

struct ConvCase {
  int64_t batch, channels, height, width, filters;
  const char *window;
  int64_t groups = 1;
  int surroundings = bias | relu;

  std::string name() const {
    std::string text = std::to_string(batch) + "x" + std::to_string(channels) + "x" + std::to_string(height) + "x" +
                       std::to_string(width) + " to " + std::to_string(filters) + " under " + window + ", groups " +
                       std::to_string(groups);
    for (auto [flag, word] : {std::pair(bias, "bias"), {relu, "relu"}, {residual, "residual"}, {rowMajor, "row-major"}})
      if (surroundings & flag)
        text += std::string(", ") + word;
    return text;
  }
};

struct ConvTable {
  const char *name;
  std::vector<ConvCase> cases;

  friend void PrintTo(const ConvTable &table, std::ostream *os) { *os << table.name; }
};

const ConvTable kTables[] = {
    // Every order of loops and every staging over several images: see the cost model for which shape gets which.
    {"Batches",
     {{2, 64, 28, 28, 64, "1x1"},
      {3, 64, 28, 28, 64, "1x1", 1, bias | relu | residual},
      {8, 256, 7, 7, 512, "1x1"},
      {3, 1024, 7, 7, 64, "1x1", 1, bias | residual},
      {2, 512, 14, 14, 512, "1x1"},
      {8, 48, 7, 7, 48, "3x3, pad = [1, 1, 1, 1]", 1, bias | relu | residual},
      {3, 128, 14, 14, 256, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"},
      {2, 256, 7, 7, 256, "3x3, pad = [1, 1, 1, 1]"},
      {2, 64, 30, 30, 256, "3x3, pad = [1, 1, 1, 1]"},
      {3, 3, 30, 33, 64, "7x7, stride = 2x2, pad = [3, 3, 3, 3]", 1, bias | relu | rowMajor},
      {8, 3, 9, 8, 16, "3x3, pad = [1, 1, 1, 1]", 1, bias | rowMajor},
      {3, 3, 5, 5, 16, "5x5, pad = [2, 2, 2, 2]", 1, bias | rowMajor},
      {8, 17, 1, 1, 33, "1x1"},
      {3, 33, 7, 9, 33, "3x3, pad = [1, 1, 1, 1]", 33}}},
    {"Pointwise",
     {{1, 16, 7, 7, 16, "1x1"},
      {1, 64, 14, 14, 64, "1x1"},
      {1, 64, 28, 28, 33, "1x1"},
      {1, 17, 13, 15, 20, "1x1"},
      {1, 33, 1, 1, 64, "1x1"},
      {1, 1, 2, 2, 1, "1x1"},
      {1, 5, 1, 31, 3, "1x1"},
      {1, 20, 31, 1, 17, "1x1"},
      {4, 20, 7, 7, 33, "1x1"},
      {2, 64, 14, 15, 64, "1x1", 1, bias | relu | residual},
      {1, 3, 15, 13, 64, "1x1", 1, bias | rowMajor},
      {1, 64, 7, 7, 16, "1x1", 1, rowMajor},
      {1, 16, 13, 13, 20, "1x1, pad = [1, 1, 1, 1]"},
      {1, 17, 7, 7, 16, "1x1, pad = [0, 1, 2, 0]", 1, rowMajor}}},
    {"PointwiseStrided",
     {{1, 64, 28, 28, 64, "1x1, stride = 2x2"},
      {1, 33, 13, 15, 20, "1x1, stride = 2x2"},
      {1, 16, 14, 7, 16, "1x1, stride = 2x1"},
      {1, 16, 7, 14, 16, "1x1, stride = 1x2", 1, relu},
      {1, 5, 2, 2, 17, "1x1, stride = 2x2"},
      {2, 17, 31, 28, 33, "1x1, stride = 2x2", 1, bias | residual},
      {1, 20, 15, 15, 3, "1x1, stride = 2x2", 1, bias | rowMajor},
      {1, 16, 15, 13, 33, "1x1, stride = 3x3"}}},
    {"ThreeByThree",
     {{1, 64, 14, 14, 64, "3x3, pad = [1, 1, 1, 1]"},
      {1, 16, 28, 28, 16, "3x3, pad = [1, 1, 1, 1]", 1, bias | relu | residual},
      {1, 17, 13, 15, 20, "3x3, pad = [1, 1, 1, 1]"},
      {1, 33, 7, 7, 64, "3x3, pad = [1, 1, 1, 1]", 1, residual},
      {1, 64, 7, 7, 33, "3x3"},
      {1, 16, 15, 14, 16, "3x3", 1, rowMajor | bias | relu},
      {1, 3, 31, 28, 16, "3x3, pad = [1, 1, 1, 1]", 1, rowMajor | bias},
      {1, 20, 2, 2, 17, "3x3, pad = [1, 1, 1, 1]"},
      {1, 16, 1, 1, 16, "3x3, pad = [1, 1, 1, 1]"},
      {1, 5, 1, 31, 3, "3x3, pad = [1, 1, 1, 1]"},
      {1, 1, 31, 1, 5, "3x3, pad = [1, 1, 1, 1]"},
      {2, 33, 14, 13, 17, "3x3, pad = [1, 1, 1, 1]", 1, plain},
      {4, 16, 7, 7, 20, "3x3, pad = [1, 1, 1, 1]", 1, bias | relu | residual}}},
    {"Strided",
     {{1, 64, 28, 28, 64, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"},
      {1, 20, 13, 31, 33, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"},
      {1, 17, 15, 14, 16, "3x3, stride = 2x1, pad = [1, 1, 1, 1]"},
      {1, 16, 14, 15, 17, "3x3, stride = 1x2, pad = [1, 1, 1, 1]"},
      {1, 16, 14, 14, 16, "3x3, stride = 2x2, pad = [0, 0, 1, 1]"},
      {1, 33, 2, 2, 20, "3x3, stride = 2x2, pad = [1, 1, 1, 1]"},
      {1, 16, 15, 13, 20, "3x3, stride = 2x2"},
      {1, 5, 31, 15, 33, "3x3, stride = 3x2, pad = [1, 0, 0, 1]"},
      {2, 16, 13, 13, 64, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 1, bias | relu | residual},
      {1, 3, 28, 31, 20, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 1, rowMajor | bias},
      {1, 17, 14, 14, 5, "3x3, stride = 2x2", 1, rowMajor | relu}}},
    {"LargeWindows",
     {{1, 3, 31, 28, 64, "7x7, stride = 2x2, pad = [3, 3, 3, 3]", 1, rowMajor | bias | relu},
      {1, 3, 15, 15, 17, "7x7, pad = [3, 3, 3, 3]", 1, rowMajor | bias},
      {1, 1, 28, 28, 20, "5x5", 1, rowMajor | bias | relu},
      {2, 1, 14, 13, 3, "5x5, stride = 2x1, pad = [2, 2, 2, 2]", 1, rowMajor | relu},
      {1, 16, 14, 14, 20, "5x5, pad = [2, 2, 2, 2]"},
      {1, 17, 13, 15, 16, "5x5, stride = 2x2, pad = [2, 2, 2, 2]"},
      {1, 20, 7, 7, 33, "7x7, pad = [3, 3, 3, 3]"},
      {1, 16, 7, 7, 16, "7x7"},
      {1, 5, 1, 2, 16, "7x7, pad = [3, 3, 3, 3]"},
      {1, 16, 14, 15, 17, "1x7, pad = [0, 3, 0, 3]"},
      {1, 16, 15, 14, 17, "7x1, pad = [3, 0, 3, 0]"},
      {1, 20, 13, 14, 16, "3x5, stride = 1x2, pad = [1, 2, 1, 2]"},
      {1, 17, 14, 14, 20, "2x2"},
      {1, 16, 13, 13, 16, "2x2, stride = 2x2, pad = [0, 0, 1, 1]"},
      {1, 16, 7, 7, 16, "4x4, pad = [1, 1, 2, 2]"}}},
    {"Pads",
     {{1, 16, 14, 14, 16, "3x3, pad = [0, 0, 2, 2]"},
      {1, 17, 13, 15, 20, "3x3, pad = [2, 0, 0, 1]"},
      {1, 16, 14, 14, 33, "3x3, pad = [0, 1, 0, 1]"},
      {1, 16, 14, 14, 33, "3x3, pad = [1, 0, 1, 0]"},
      {1, 20, 7, 7, 16, "3x3, pad = [2, 2, 2, 2]"},
      {1, 16, 2, 2, 17, "3x3, pad = [4, 3, 4, 3]"}, // windows that lie in the pads altogether
      {1, 33, 13, 14, 16, "3x3, stride = 2x2, pad = [0, 1, 2, 0]"},
      {1, 3, 13, 15, 16, "3x3, pad = [2, 0, 0, 1]", 1, rowMajor | bias},
      {1, 5, 15, 13, 20, "5x5, stride = 2x2, pad = [1, 2, 3, 0]", 1, rowMajor | bias | relu}}},
    {"Dilated",
     {{1, 16, 14, 14, 16, "3x3, pad = [2, 2, 2, 2], dilation = 2x2"},
      {1, 17, 13, 15, 20, "3x3, dilation = 2x2"},
      {1, 20, 15, 14, 33, "3x3, stride = 2x2, pad = [2, 2, 2, 2], dilation = 2x2"},
      {1, 16, 7, 7, 17, "3x3, pad = [2, 1, 2, 1], dilation = 2x1"},
      {1, 3, 28, 31, 16, "3x3, pad = [2, 2, 2, 2], dilation = 2x2", 1, rowMajor | bias | relu},
      {1, 16, 13, 13, 16, "5x5, pad = [4, 4, 4, 4], dilation = 2x2"},
      {1, 16, 13, 14, 16, "3x3, pad = [1, 3, 1, 3], dilation = 1x3", 16},
      {2, 5, 14, 14, 16, "3x3, stride = 1x2, pad = [0, 2, 4, 2], dilation = 2x2", 1, bias | residual}}},
    {"Groups",
     {{1, 32, 14, 14, 32, "3x3, pad = [1, 1, 1, 1]", 2},
      {1, 64, 7, 7, 64, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 4},
      {1, 64, 13, 15, 32, "1x1", 2},
      {1, 64, 7, 13, 128, "1x1", 4, bias | relu | residual},
      {1, 16, 13, 13, 32, "3x3, pad = [1, 1, 1, 1]", 2},
      {1, 32, 7, 7, 16, "3x3, pad = [1, 1, 1, 1]", 2}, // whole blocks in, half blocks out
      {1, 34, 7, 7, 32, "3x3, pad = [1, 1, 1, 1]", 2}, // the other way round
      {1, 20, 13, 14, 20, "3x3, pad = [1, 1, 1, 1]", 4},
      {1, 34, 7, 7, 40, "1x1", 2},
      {1, 20, 15, 7, 12, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 4, residual},
      {2, 6, 14, 14, 10, "5x5, pad = [2, 2, 2, 2]", 2, bias | relu},
      {1, 32, 14, 14, 32, "3x3, pad = [1, 1, 1, 1]", 2, rowMajor | bias},
      {1, 20, 13, 14, 36, "3x3, pad = [1, 1, 1, 1]", 4, rowMajor | bias | relu}}},
    {"Depthwise",
     {{1, 64, 14, 14, 64, "3x3, pad = [1, 1, 1, 1]", 64},
      {1, 33, 13, 15, 33, "3x3, pad = [1, 1, 1, 1]", 33},
      {1, 16, 28, 28, 16, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 16},
      {1, 17, 7, 7, 34, "3x3, pad = [1, 1, 1, 1]", 17},
      {1, 16, 14, 14, 32, "5x5, pad = [2, 2, 2, 2]", 16, bias | residual},
      {1, 5, 2, 2, 5, "3x3, pad = [1, 1, 1, 1]", 5},
      {1, 20, 7, 7, 20, "1x1", 20},
      {4, 20, 7, 13, 20, "3x3, pad = [1, 1, 1, 1]", 20},
      {1, 17, 15, 14, 17, "3x3, stride = 2x2, pad = [0, 0, 1, 1]", 17, rowMajor | bias | relu}}},
    // Groups that share blocks of channels: lanes permuted in a block (1, 2, 4 or 8 outputs, a multiplier), halves of a block.
    {"GroupsInLanes",
     {{1, 32, 14, 14, 32, "3x3, pad = [1, 1, 1, 1]", 8},
      {1, 128, 15, 28, 128, "3x3, pad = [1, 1, 1, 1]", 32, bias | relu | residual},
      {1, 64, 13, 15, 64, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 8},
      {3, 32, 7, 9, 32, "3x3, pad = [1, 1, 1, 1]", 16},
      {1, 20, 13, 14, 20, "3x3, pad = [1, 1, 1, 1]", 5}, // half of the last block's lanes are no channels
      {1, 24, 14, 7, 24, "5x5, pad = [2, 2, 2, 2]", 3, bias | residual},
      {1, 40, 14, 13, 40, "3x3, stride = 2x1, pad = [1, 0, 2, 1]", 10},
      {1, 16, 9, 9, 16, "3x3, pad = [2, 2, 2, 2], dilation = 2x2", 4},
      {1, 32, 9, 15, 64, "3x3, pad = [1, 1, 1, 1]", 16},
      {1, 12, 15, 9, 48, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 6},
      {1, 9, 14, 14, 36, "3x3, pad = [1, 1, 1, 1]", 9},
      {1, 5, 14, 14, 40, "3x3, pad = [1, 1, 1, 1]", 5, bias | relu | residual},
      {1, 5, 8, 9, 80, "3x3, pad = [1, 1, 1, 1]", 5},
      {1, 72, 14, 14, 72, "3x3, pad = [1, 1, 1, 1]", 3, bias | relu | residual},
      {2, 48, 13, 7, 48, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 2},
      {1, 112, 7, 7, 112, "3x3, pad = [1, 1, 1, 1]", 2},
      {1, 6, 7, 9, 48, "1x1", 2},
      {1, 40, 9, 8, 40, "3x3", 5}}},
    {"DepthwiseSizes",
     {{1, 33, 112, 30, 33, "3x3, pad = [1, 1, 1, 1]", 33, bias | relu | residual},
      {1, 96, 57, 56, 96, "3x3, stride = 2x2, pad = [1, 1, 1, 1]", 96},
      {3, 144, 14, 28, 144, "5x5, pad = [2, 2, 2, 2]", 144},
      {1, 144, 28, 29, 144, "5x5, stride = 2x2, pad = [2, 2, 2, 2]", 144},
      {1, 144, 28, 28, 144, "5x5, stride = 2x2, pad = [1, 1, 2, 2]", 144, bias | relu | residual},
      {1, 240, 7, 7, 240, "3x3, pad = [1, 1, 1, 1]", 240},
      {1, 32, 14, 14, 32, "7x7, pad = [3, 3, 3, 3]", 32},
      {1, 32, 7, 7, 32, "7x7", 32},
      {1, 20, 3, 4, 20, "5x5, pad = [2, 2, 2, 2]", 20}, // the window is larger than the map
      {1, 20, 1, 1, 20, "3x3, pad = [1, 1, 1, 1]", 20},
      {1, 17, 14, 15, 17, "3x3, pad = [4, 3, 4, 3]", 17}, // windows that lie in the pads altogether
      {1, 17, 20, 15, 17, "3x3, pad = [6, 6, 6, 6], dilation = 6x6", 17},
      {1, 17, 15, 14, 17, "1x7, pad = [0, 3, 0, 3]", 17},
      {2, 33, 14, 14, 33, "3x3, stride = 3x2, pad = [0, 1, 1, 0]", 33}}},
};

/// Combinations of everything, drawn by a fixed seed: they cover pairs that no table thinks of. `grouped`: all in groups.
ConvTable sample(const char *name, unsigned seed, size_t count, bool grouped = false) {
  std::mt19937 engine(seed);
  auto pick = [&](std::initializer_list<int64_t> values) { return values.begin()[engine() % values.size()]; };
  static std::vector<std::string> windows(4096); // the cases refer to their texts
  static size_t used = 0;
  ConvTable table{name, {}};
  while (table.cases.size() < count) {
    ConvCase c{};
    c.batch = pick({1, 1, 2, 4});
    c.groups = pick({1, 1, 1, 2, 4});
    c.channels = pick({1, 3, 5, 16, 17, 20, 33, 64}) * c.groups,
    c.filters = pick({1, 3, 5, 16, 17, 20, 33, 64}) * c.groups;
    if (grouped) {
      c.groups = pick({2, 3, 8, 17, 32});
      const int64_t ofGroup = pick({1, 1, 2, 4, 8, 24});
      c.channels = ofGroup * c.groups, c.filters = ofGroup * pick({1, 1, 1, 2, 4}) * c.groups;
    }
    c.height = pick({1, 2, 7, 13, 14, 15, 28, 31}), c.width = pick({1, 2, 7, 13, 14, 15, 28, 31});
    int64_t kernel = pick({1, 3, 5, 7}), stride = pick({1, 1, 2}), dilation = pick({1, 1, 1, 2});
    int64_t span = (kernel - 1) * dilation + 1;
    SmallVector<int64_t> pads(4, engine() % 2 ? span / 2 : 0);
    if (engine() % 3 == 0)
      for (int64_t &pad : pads)
        pad = engine() % ((span + 1) / 2 + 1);
    c.surroundings = engine() % 16;
    int64_t work = c.batch * c.filters * c.channels / c.groups * c.height * c.width * kernel * kernel / stride;
    if (c.height + pads[0] + pads[2] < span || c.width + pads[1] + pads[3] < span || work > 10'000'000)
      continue;
    std::string size = std::to_string(kernel), step = std::to_string(stride), spread = std::to_string(dilation);
    std::string &window = windows.at(used++);
    window = size + "x" + size + ", stride = " + step + "x" + step + ", pad = [" +
             llvm::join(llvm::map_range(pads, [](int64_t pad) { return std::to_string(pad); }), ", ") +
             "], dilation = " + spread + "x" + spread;
    c.window = window.c_str();
    table.cases.push_back(c);
  }
  return table;
}

class ConvTest : public NumericalFixture, public testing::WithParamInterface<std::tuple<const char *, ConvTable>> {
protected:
  void SetUp() override {
    NumericalFixture::SetUp();
    useTarget(std::get<0>(GetParam()));
  }
};

TEST_P(ConvTest, EqualsTheReference) {
  NetworkBuilder n = network();
  std::map<std::vector<int64_t>, std::pair<Value, Value>> inputs; // row-major and blocked
  for (const ConvCase &c : std::get<1>(GetParam()).cases) {
    auto &[input, blocked] = inputs[{c.batch, c.channels, c.height, c.width}];
    if (!input) {
      input = n.input({c.batch, c.channels, c.height, c.width});
      // Any kernel makes a blocked map; this one keeps negative values.
      blocked = n.affine(input);
    }
    Value x = c.surroundings & rowMajor ? input : blocked;
    Value y = n.conv(x, c.filters, c.window, c.groups, c.surroundings & bias);
    if (c.surroundings & residual)
      y = n.add(y, n.input(n.shapeOf(y)));
    if (c.surroundings & relu)
      y = n.relu(y);
    n.output(y, c.name());
  }
  check(n);
}

std::vector<ConvTable> allTables() {
  std::vector<ConvTable> tables(std::begin(kTables), std::end(kTables));
  for (unsigned i = 0; i < 3; ++i) {
    static const char *const names[] = {"SampledA", "SampledB", "SampledC"};
    tables.push_back(sample(names[i], i + 1, 16));
  }
  tables.push_back(sample("SampledGroupsA", 11, 24, true));
  tables.push_back(sample("SampledGroupsB", 12, 24, true));
  return tables;
}

INSTANTIATE_TEST_SUITE_P(, ConvTest, testing::Combine(kEveryTarget, testing::ValuesIn(allTables())),
                         [](const auto &info) {
                           return std::string(std::get<1>(info.param).name) + "_" +
                                  targetSuffix(std::get<0>(info.param));
                         });

} // namespace
