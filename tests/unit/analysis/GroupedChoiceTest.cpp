//===- GroupedChoiceTest.cpp - schedules of grouped convolutions *- C++ -*-===//

#include "compiler/analysis/Candidates.h"
#include "tests/unit/analysis/ConvShapes.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace res;

static ConvShape makeGrouped(int64_t channels, int64_t groups, int64_t size, int64_t kernel = 3, int64_t stride = 1) {
  ConvShape shape = makeShape(channels, channels, size, kernel, stride);
  shape.groups = groups;
  return shape;
}

TEST(GroupedChoiceTest, LanesFindTheirGroups) {
  EXPECT_EQ(laneGroups(1, 64, 64), GroupLanes::none);
  for (int64_t outputs : {1, 2, 4, 8, 16})
    EXPECT_EQ(laneGroups(32, 1, outputs), GroupLanes::permuted) << outputs;
  EXPECT_EQ(laneGroups(32, 4, 4), GroupLanes::permuted);
  EXPECT_EQ(laneGroups(8, 4, 16), GroupLanes::permuted);
  EXPECT_EQ(laneGroups(3, 24, 24), GroupLanes::halves);
  EXPECT_EQ(laneGroups(2, 3, 8), GroupLanes::halves);
  EXPECT_EQ(laneGroups(4, 3, 3), GroupLanes::none);
  EXPECT_EQ(laneGroups(4, 4, 2), GroupLanes::none); // the groups of a block read two
}

TEST(GroupedChoiceTest, WholeBlocksAndRowMajorInputsStayDirect) {
  const TargetModel model = target("x86-64-v4");
  ConvShape rowMajor = makeGrouped(64, 64, 14);
  rowMajor.blocked = false;
  for (const ConvShape &shape : {makeGrouped(512, 32, 14), makeShape(64, 64, 14, 3, 1), rowMajor})
    EXPECT_TRUE(std::holds_alternative<DirectSchedule>(chooseConv(shape, false, model)));
  EXPECT_TRUE(std::holds_alternative<GroupedSchedule>(chooseConv(makeGrouped(64, 64, 14), true, model)));
}

TEST(GroupedChoiceTest, TilesWasteFewPixels) {
  const TargetModel v4 = target("x86-64-v4"), v3 = target("x86-64-v3");
  for (int64_t size : {7, 14, 28, 56, 112}) {
    const GroupedSchedule depthwise = chooseGrouped(makeGrouped(96, 96, size), v4);
    EXPECT_EQ(depthwise.pixels, depthwise.whole ? 7 : 14) << size;
    EXPECT_EQ(depthwise.whole, size != 14 && size != 28) << size; // of the other maps a block is large, or a row short
    EXPECT_EQ(chooseGrouped(makeGrouped(128, 32, size), v4).pixels, std::min<int64_t>(size, 14));
    const int64_t pixels = chooseGrouped(makeGrouped(96, 96, size), v3).pixels;
    EXPECT_GE(double(size) / double((size + pixels - 1) / pixels * pixels), 0.85) << size;
  }
}

// Tasks are no shorter than what handing them over costs, and there are enough of them where maps are large or many.
TEST(GroupedChoiceTest, TasksAreFewAndLarge) {
  const TargetModel model = target("x86-64-v4");
  const auto tasks = [](const ConvShape &shape, const GroupedSchedule &s) {
    return ((shape.filters + 15) / 16 + s.blocks - 1) / s.blocks * ((shape.outputHeight + s.rows - 1) / s.rows);
  };
  for (auto [channels, size] : {std::pair<int64_t, int64_t>{16, 112}, {32, 112}, {96, 112}, {144, 56}, {384, 28}}) {
    const ConvShape shape = makeGrouped(channels, channels, size);
    EXPECT_GE(tasks(shape, chooseGrouped(shape, model)), 4) << channels << "@" << size;
    EXPECT_LE(tasks(shape, chooseGrouped(shape, model)), 2 * model.cores) << channels << "@" << size;
  }
  const ConvShape small = makeGrouped(64, 64, 7);
  EXPECT_EQ(tasks(small, chooseGrouped(small, model)), 1);
}

// Measured on one core of a Zen 5 (AVX-512) between layers that move the caches on: medians in microseconds.
TEST(GroupedChoiceTest, EstimatesAreNearMeasurements) {
  struct Measured {
    ConvShape shape;
    double microseconds;
  };
  for (const Measured &m :
       {Measured{makeGrouped(240, 240, 28), 24.6}, {makeGrouped(672, 672, 14), 17.2}, {makeGrouped(144, 144, 56), 53.7},
        {makeGrouped(32, 32, 112), 49.3}, {makeGrouped(240, 240, 14, 3, 2), 12.4}, {makeGrouped(240, 240, 28, 5), 48.2},
        {makeGrouped(672, 672, 14, 5), 34.6}, {makeGrouped(144, 144, 28, 5, 2), 43.1}, {makeGrouped(128, 32, 56), 145},
        {makeGrouped(256, 32, 28), 165}, {makeGrouped(448, 8, 14), 517}}) {
    const double estimate = chooseGrouped(m.shape, target("x86-64-v4")).microseconds;
    EXPECT_LT(std::abs(std::log2(estimate / m.microseconds)), 0.75)
        << m.shape.channels << " in " << m.shape.groups << "@" << m.shape.outputHeight << ": " << estimate;
  }
}
