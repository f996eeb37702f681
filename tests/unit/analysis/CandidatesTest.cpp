//===- CandidatesTest.cpp - what may be measured fits its kernel *- C++ -*-===//

#include "compiler/analysis/Candidates.h"
#include "tests/unit/analysis/ConvShapes.h"

#include <gtest/gtest.h>

#include <set>

using namespace res;

static std::string nameOf(const ConvShape &s) {
  return std::to_string(s.kernelHeight) + "x" + std::to_string(s.kernelWidth) + "s" + std::to_string(s.strideX) + " " +
         std::to_string(s.channels) + "-" + std::to_string(s.filters) + "@" + std::to_string(s.outputHeight);
}

/// As the emitter checks it; and what a person's schedule may do, but ours may not.
static std::string misfit(const ConvShape &shape, const DirectSchedule &s, const TargetModel &model) {
  const DirectLimits limits = limitsOf(shape, s.flat);
  if (std::string problem = checkDirect(s, limits); !problem.empty())
    return problem;
  if (s.flat && !shape.isPointwise())
    return "flat";
  if (s.chunk < 0 || (s.chunk && limits.steps % s.chunk))
    return "a chunk that does not divide the steps";
  if (shape.blocksOfGroup() % s.blocks)
    return "two tasks compute the same blocks";
  const int64_t weights = s.blocks * model.registersPerBlock();
  if (weights * s.pixels + (holdsPixels(s.blocks, s.pixels, model) ? s.pixels : weights) + 1 > model.vectorRegisters)
    return "more registers than there are";
  const int64_t tiles = (limits.width + s.pixels - 1) / s.pixels;
  if (s.flat && s.order == LoopOrder::space && limits.width % s.pixels && s.rows < tiles && (tiles - 1) % s.rows == 0)
    return "two tasks compute the same pixels";
  return "";
}

static std::string misfit(const ConvShape &shape, const WinogradSchedule &s, const TargetModel &model) {
  const int64_t perBlock = model.registersPerBlock();
  if (s.group != s.blocks)
    return "weights packed for other blocks";
  if (!s.inRegisters() && (s.columns * s.rows + 1) * s.blocks * perBlock + 1 > model.vectorRegisters)
    return "more registers than there are";
  return checkWinograd(s, shape.batch, shape.outputHeight, shape.outputWidth, (shape.channels + 15) / 16, (shape.filters + 15) / 16);
}

static std::string misfit(const ConvShape &shape, const GroupedSchedule &s, const TargetModel &model) {
  if (!fitsGrouped(shape))
    return "groups that do not share blocks";
  if (s.pixels + (s.whole ? shape.kernelWidth * shape.kernelHeight : 1) + 1 > model.vectorRegisters)
    return "more registers than there are";
  return checkGrouped(s, shape.outputWidth, shape.outputHeight, (shape.filters + 15) / 16);
}

template <typename Test> static void forEachShape(Test &&test) {
  for (int64_t channels : {3, 5, 16, 20, 64, 256, 512})
    for (int64_t filters : {1, 16, 17, 36, 64, 512, 2048})
      for (int64_t size : {1, 2, 7, 8, 13, 14, 28, 53, 56, 112})
        for (int64_t kernel : {1, 3, 7})
          for (int64_t stride : {1, 2})
            test(makeShape(channels, filters, size, kernel, stride));
  for (int64_t groups : {2, 4, 16, 32, 128})
    for (int64_t kernel : {1, 3, 5})
      for (int64_t size : {1, 7, 14, 53}) {
        ConvShape grouped = makeShape(128, 128, size, kernel, 1);
        grouped.groups = groups;
        test(grouped);
      }
}

TEST(CandidatesTest, EveryConvolutionFits) {
  for (const char *name : {"x86-64-v4", "x86-64-v3"})
    for (bool fast : {false, true})
      forEachShape([&](const ConvShape &shape) {
        const TargetModel model = target(name);
        for (const ConvSchedule &schedule : listConv(shape, fast, model))
          EXPECT_EQ(std::visit([&](const auto &s) { return misfit(shape, s, model); }, schedule), "")
              << nameOf(shape) << " on " << name;
      });
}

TEST(CandidatesTest, TheChoiceComesFirst) {
  const TargetModel model = target("x86-64-v4");
  forEachShape([&](const ConvShape &shape) {
    std::vector<ConvSchedule> list = listConv(shape, false, model);
    ASSERT_FALSE(list.empty());
    EXPECT_LE(list.size(), kMostCandidates);
    if (fitsGrouped(shape)) {
      ASSERT_TRUE(std::holds_alternative<GroupedSchedule>(list.front())) << nameOf(shape);
      EXPECT_EQ(std::get<GroupedSchedule>(list.front()).pixels, chooseGrouped(shape, model).pixels) << nameOf(shape);
      return;
    }
    ASSERT_TRUE(std::holds_alternative<DirectSchedule>(list.front())) << nameOf(shape);
    DirectSchedule first = std::get<DirectSchedule>(list.front()), chosen = chooseDirect(shape, model);
    EXPECT_EQ(first.blocks, chosen.blocks) << nameOf(shape);
    EXPECT_EQ(first.pixels, chosen.pixels) << nameOf(shape);
    EXPECT_EQ(first.order, chosen.order) << nameOf(shape);
    EXPECT_EQ(first.chunk, chosen.chunk) << nameOf(shape);
    EXPECT_LE(list.size(), kMostCandidates);
  });
}

// What matters is among the few, for the layers of residual networks.
TEST(CandidatesTest, TheyDifferInWhatMatters) {
  const TargetModel model = target("x86-64-v4");
  for (int64_t size : {7, 14, 28, 56})
    for (int64_t kernel : {1, 3}) {
      ConvShape shape = makeShape(3584 / size, 3584 / size, size, kernel, 1);
      std::set<LoopOrder> orders;
      std::set<StagingKind> inSpace, inChannels;
      std::set<int64_t> blocks, tasks;
      for (const ConvSchedule &schedule : listConv(shape, false, model)) {
        const DirectSchedule &s = std::get<DirectSchedule>(schedule);
        orders.insert(s.order), blocks.insert(s.blocks), tasks.insert(s.order == LoopOrder::space ? s.rows : -s.chunk);
        (s.order == LoopOrder::space ? inSpace : inChannels).insert(s.staging);
      }
      EXPECT_EQ(orders.size(), 2u) << nameOf(shape);
      EXPECT_GE(blocks.size(), 2u) << nameOf(shape);
      EXPECT_TRUE(blocks.count(4)) << nameOf(shape);
      EXPECT_GE(tasks.size(), 3u) << nameOf(shape);
      // Padded maps: read in place and copied, with the order that was chosen.
      const bool channels = chooseDirect(shape, model).order == LoopOrder::channels;
      EXPECT_EQ((channels ? inChannels : inSpace).size(), !shape.padded ? 1u : channels ? 2u : 3u) << nameOf(shape);
    }
}

TEST(CandidatesTest, FastListsEveryAlgorithm) {
  const TargetModel model = target("x86-64-v4");
  for (int64_t size : {7, 14, 28, 56}) {
    ConvShape shape = makeShape(3584 / size, 3584 / size, size, 3, 1);
    std::vector<ConvSchedule> list = listConv(shape, true, model);
    std::set<int64_t> tiles; // 0: direct
    for (const ConvSchedule &schedule : list) {
      const auto *winograd = std::get_if<WinogradSchedule>(&schedule);
      tiles.insert(winograd ? winograd->tile : 0);
    }
    EXPECT_EQ(tiles, (std::set<int64_t>{0, 2, 4})) << nameOf(shape);
    EXPECT_EQ(list.front().index(), chooseConv(shape, true, model).index());
  }
}

TEST(CandidatesTest, OtherKernels) {
  for (const char *name : {"x86-64-v4", "x86-64-v3"}) {
    const TargetModel model = target(name);
    for (int64_t outputs : {1, 10, 64, 1000}) {
      std::vector<DenseSchedule> list = listDense(1, 37, outputs, model);
      EXPECT_EQ(list.front().blocks, chooseDense(1, 37, outputs, model).blocks);
      for (const DenseSchedule &s : list) {
        EXPECT_TRUE(s.blocks >= 1 && s.blocks <= (outputs + 15) / 16) << s.blocks << " for " << outputs;
        EXPECT_EQ(37 % s.unroll, 0);
      }
    }
    for (int64_t size : {1, 7, 56}) {
      std::vector<MapSchedule> list = listMap(64 * size * size, size, size, 9, model);
      EXPECT_EQ(list.front().rows, chooseMap(64 * size * size, size, size, 9, model).rows);
      for (const MapSchedule &s : list)
        EXPECT_TRUE(s.pixels >= 1 && s.pixels <= 64 && s.rows >= 0 && s.rows <= size) << s.pixels << " " << s.rows;
    }
  }
}
