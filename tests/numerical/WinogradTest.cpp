//===- WinogradTest.cpp - transformed convolutions --------------*- C++ -*-===//

#include "compiler/analysis/WinogradChoice.h"
#include "tests/numerical/fixture/NumericalFixture.h"

#include "mlir/AsmParser/AsmParser.h"

using namespace mlir;
using namespace res;

namespace {

constexpr const char *kSame = "3x3, pad = [1, 1, 1, 1]";

class WinogradTest : public TargetTest {
protected:
  NetworkBuilder fast() {
    NetworkBuilder n = network();
    n.useFastMath();
    return n;
  }

  Value blocked(NetworkBuilder &n, ArrayRef<int64_t> shape) { return n.affine(n.input(shape)); }

  /// Kernels around a convolution, in order.
  static SmallVector<KernelOp> convolutions(ModuleOp module) {
    SmallVector<KernelOp> kernels;
    module.walk([&](KernelOp kernel) {
      if (isa<ConvOp>(kernel.getAnchor()))
        kernels.push_back(kernel);
    });
    return kernels;
  }

  Attribute scheduleOf(KernelOp kernel) { return kernel.getSchedulesAttr().get(target); }

  void setSchedule(KernelOp kernel, const std::string &text) {
    Attribute schedule = parseAttribute("#res.winograd<" + text + ">", &context);
    ASSERT_TRUE(schedule) << text;
    kernel.setSchedulesAttr(DictionaryAttr::get(&context, NamedAttribute(StringAttr::get(&context, target), schedule)));
  }
};

// What the cost model chooses, over maps of one to many tiles, odd sizes, pads, batches and channels that fill no block.
TEST_P(WinogradTest, ChosenSchedules) {
  struct Case {
    Shape input;
    int64_t filters;
    const char *window;
  };
  const Case cases[] = {
      {{1, 64, 56, 56}, 64, kSame},     {{1, 128, 28, 28}, 64, kSame},  {{1, 64, 14, 14}, 128, kSame},
      {{1, 96, 7, 7}, 48, kSame},       {{2, 64, 7, 7}, 64, kSame},     {{1, 36, 29, 31}, 20, kSame},
      {{2, 40, 15, 13}, 33, kSame},     {{1, 64, 14, 14}, 64, "3x3"},   {{1, 64, 9, 40}, 32, "3x3, pad = [2, 0, 0, 1]"},
      {{1, 64, 6, 6}, 64, kSame},       {{1, 32, 70, 3}, 32, kSame},    {{1, 512, 4, 4}, 32, kSame},
      {{2, 64, 14, 14}, 64, kSame},     {{3, 48, 14, 13}, 32, kSame},   {{8, 64, 7, 7}, 64, kSame},
      {{3, 512, 7, 7}, 64, kSame},      {{8, 32, 15, 9}, 32, kSame},    {{3, 33, 28, 30}, 32, kSame},
  };
  NetworkBuilder n = fast();
  for (const Case &c : cases)
    n.output(n.conv(n.conv(blocked(n, c.input), c.filters, c.window), 8, "1x1"),
             std::to_string(c.input[1]) + "@" + std::to_string(c.input[2]) + "x" + std::to_string(c.input[3]));
  unsigned transformed = 0;
  check(n, [&](ModuleOp module) {
    for (KernelOp kernel : convolutions(module))
      transformed += isa<WinogradAttr>(scheduleOf(kernel));
  });
  EXPECT_GE(transformed, 8u);
}

TEST_P(WinogradTest, Epilogues) {
  NetworkBuilder n = fast();
  for (int64_t size : {7, 14, 22}) {
    Value x = n.relu(n.conv(blocked(n, {1, 64, size, size}), 64, kSame));
    Value sum = n.add(n.conv(n.relu(n.conv(x, 64, kSame, 1, false)), 64, kSame), x);
    n.output(n.globalAvgPool(n.relu(sum)), "block at " + std::to_string(size));
    n.output(n.globalAvgPool(n.affine(n.relu(n.conv(x, 64, kSame)))), "affine at " + std::to_string(size));
  }
  check(n);
}

TEST_P(WinogradTest, StrictKeepsDirect) {
  NetworkBuilder n = network();
  n.output(n.globalAvgPool(n.conv(blocked(n, {1, 64, 14, 14}), 64, kSame)), "map");
  check(n, [&](ModuleOp module) {
    for (KernelOp kernel : convolutions(module))
      EXPECT_TRUE(isa<DirectAttr>(scheduleOf(kernel)));
  });
}

// Schedules as a person may write them into a dump.
TEST_P(WinogradTest, EditedSchedules) {
  const char *schedules[] = {
      "tile = 2, blocks = 2, columns = 3, rows = 1, macro_columns = 7, macro_rows = 7, chunk = 0, unroll = 4, weights = stored",
      "tile = 2, blocks = 1, columns = 7, rows = 1, macro_columns = 7, macro_rows = 1, chunk = 1, unroll = 16, weights = stored",
      "tile = 2, blocks = 2, columns = 5, rows = 3, macro_columns = 5, macro_rows = 3, chunk = 2, unroll = 1, weights = stored",
      "tile = 4, blocks = 1, columns = 4, rows = 1, macro_columns = 4, macro_rows = 2, chunk = 0, unroll = 2, weights = stored",
      "tile = 4, blocks = 2, columns = 2, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 4, unroll = 8, weights = stored",
      "tile = 4, blocks = 4, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 2, unroll = 4, weights = stored",
      "tile = 4, blocks = 2, columns = 4, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 2, unroll = 1, weights = panels",
      "tile = 4, blocks = 1, columns = 4, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 0, unroll = 2, weights = panels",
      "tile = 4, blocks = 2, columns = 4, rows = 1, macro_columns = 4, macro_rows = 1, chunk = 0, unroll = 1, weights = panels",
      "tile = 2, blocks = 4, columns = 2, rows = 2, macro_columns = 4, macro_rows = 2, chunk = 2, unroll = 4, weights = panels",
      "tile = 4, blocks = 1, columns = 2, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 1, unroll = 1, weights = registers",
      "tile = 4, blocks = 2, columns = 1, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 2, unroll = 1, weights = registers",
      "tile = 2, blocks = 1, columns = 2, rows = 2, macro_columns = 7, macro_rows = 7, chunk = 4, unroll = 1, weights = registers",
      "tile = 4, blocks = 2, columns = 2, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 0, unroll = 1, weights = stored, images = 1",
      "tile = 4, blocks = 2, columns = 3, rows = 1, macro_columns = 4, macro_rows = 4, chunk = 2, unroll = 2, weights = stored, images = 2",
      "tile = 2, blocks = 1, columns = 2, rows = 2, macro_columns = 7, macro_rows = 7, chunk = 1, unroll = 1, weights = stored, images = 2",
      "tile = 4, blocks = 2, columns = 2, rows = 1, macro_columns = 4, macro_rows = 4, chunk = 2, unroll = 1, weights = panels, images = 2",
      "tile = 4, blocks = 1, columns = 4, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 0, unroll = 1, weights = panels, images = 1",
  };
  NetworkBuilder n = fast();
  Value x = blocked(n, {2, 64, 14, 13});
  for (const char *schedule : schedules)
    n.output(n.globalAvgPool(n.relu(n.conv(x, 64, kSame))), schedule);
  check(n, [&](ModuleOp module) {
    for (auto [kernel, schedule] : llvm::zip_equal(convolutions(module), schedules))
      setSchedule(kernel, schedule);
  });
}

TEST_P(WinogradTest, RefusedSchedules) {
  const std::pair<const char *, const char *> cases[] = {
      {"tile = 3, blocks = 2, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 4, weights = registers",
       "expected a tile of 2 or 4, got 3"},
      {"tile = 4, blocks = 3, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 4, weights = stored",
       "expected blocks that divide the 4 of the output, at most 8, got 3"},
      {"tile = 4, blocks = 2, columns = 1, rows = 1, macro_columns = 9, macro_rows = 1, chunk = 0, unroll = 4, weights = stored",
       "expected a macro block inside the map"},
      {"tile = 4, blocks = 2, columns = 2, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 4, weights = stored",
       "expected a register tile inside the macro block"},
      {"tile = 4, blocks = 2, columns = 2, rows = 2, macro_columns = 4, macro_rows = 3, chunk = 0, unroll = 4, weights = stored",
       "expected a register tile that divides the macro block, as that is a part of the map"},
      {"tile = 4, blocks = 2, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 3, unroll = 4, weights = stored",
       "expected a chunk that divides the 4 blocks of input channels, got 3"},
      {"tile = 4, blocks = 2, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 3, weights = stored",
       "expected an unroll that divides 16, got 3"},
      {"tile = 4, blocks = 2, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 2, unroll = 1, weights = registers",
       "expected weights in registers only with a chunk, in one macro block"},
      {"tile = 4, blocks = 2, columns = 2, rows = 2, macro_columns = 4, macro_rows = 4, chunk = 2, unroll = 1, weights = stored, images = 2",
       "expected images that divide the batch of 1, in one macro block, with weights not in registers, got 2"},
      {"tile = 0, blocks = 2, columns = 1, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 4, weights = stored",
       "expected sizes of at least 1"},
      {"tile = 4, blocks = 2, columns = 0, rows = 1, macro_columns = 1, macro_rows = 1, chunk = 0, unroll = 4, weights = stored",
       "expected a register tile inside the macro block"},
  };
  for (auto [schedule, problem] : cases) {
    NetworkBuilder n = fast();
    n.output(n.globalAvgPool(n.conv(blocked(n, {1, 64, 14, 14}), 64, kSame)), "map");
    llvm::Error error = compile(n, file("refused.so"),
                                [&, text = schedule](ModuleOp module) { setSchedule(convolutions(module)[0], text); });
    ASSERT_TRUE(bool(error)) << schedule;
    EXPECT_NE(llvm::toString(std::move(error)).find(problem), std::string::npos) << schedule;
  }
}

RES_INSTANTIATE_FOR_TARGETS(WinogradTest);

} // namespace
