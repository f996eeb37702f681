//===- ScheduleChoiceTest.cpp - what the cost model promises ----*- C++ -*-===//

#include "compiler/analysis/WinogradChoice.h"
#include "tests/unit/analysis/ConvShapes.h"

#include <gtest/gtest.h>

using namespace res;

/// What every schedule must keep, whatever the cost model prefers.
static void expectFits(const ConvShape &shape, const TargetModel &model) {
  DirectSchedule s = chooseDirect(shape, model);
  SCOPED_TRACE("blocks " + std::to_string(s.blocks) + ", pixels " + std::to_string(s.pixels) + " for " +
               std::to_string(shape.channels) + "->" + std::to_string(shape.filters) + "@" +
               std::to_string(shape.outputHeight) + " on " + model.name);
  const int64_t width = s.flat ? shape.outputHeight * shape.outputWidth : shape.outputWidth;
  const int64_t weights = s.blocks * model.registersPerBlock();
  EXPECT_LE(weights * s.pixels + (holdsPixels(s.blocks, s.pixels, model) ? s.pixels : weights) + 1, model.vectorRegisters)
      << "accumulators, the operands that stay and one that passes must fit";
  EXPECT_LE(s.pixels, width);
  EXPECT_LE(s.blocks, (shape.filters + kBlock - 1) / kBlock);
  EXPECT_GE(s.rows, 1);
  EXPECT_TRUE(s.staging == StagingKind::none || shape.padded);
  EXPECT_TRUE(s.staging != StagingKind::none || !shape.padded || shape.blocked);
  EXPECT_TRUE(!s.flat || shape.isPointwise());
  EXPECT_TRUE(s.staging != StagingKind::rows || s.order == LoopOrder::space);
  if (s.chunk) {
    EXPECT_EQ(s.order, LoopOrder::channels);
    EXPECT_EQ(width % s.pixels, 0);
    EXPECT_EQ((shape.channels + kBlock - 1) / kBlock % s.chunk, 0);
  }
  EXPECT_GT(s.microseconds, 0);
}

TEST(ScheduleChoiceTest, EveryScheduleFits) {
  for (const char *name : {"x86-64-v4", "x86-64-v3", "aarch64"})
    for (int64_t channels : {3, 5, 16, 20, 64, 256, 512})
      for (int64_t filters : {1, 16, 17, 36, 64, 100, 512, 2048})
        for (int64_t size : {1, 2, 7, 8, 13, 14, 28, 53, 56, 112})
          for (int64_t kernel : {1, 3, 7})
            for (int64_t stride : {1, 2})
              expectFits(makeShape(channels, filters, size, kernel, stride), target(name));
}

TEST(ScheduleChoiceTest, TilesStayInsideAGroup) {
  for (int64_t groups : {1, 2, 4, 8}) {
    ConvShape shape = makeShape(128, 128, 14, 3, 1);
    shape.groups = groups;
    expectFits(shape, target("x86-64-v4"));
    EXPECT_LE(chooseDirect(shape, target("x86-64-v4")).blocks, 128 / groups / kBlock) << groups;
  }
}

TEST(ScheduleChoiceTest, MapsOfResidualNetworksWasteNothing) {
  for (int64_t size : {7, 14, 28, 56}) {
    DirectSchedule s = chooseDirect(makeShape(256, 256, size, 3, 1), target("x86-64-v4"));
    EXPECT_EQ(size % s.pixels, 0) << size;
    EXPECT_GE(s.blocks * s.pixels, 8) << "8 independent accumulators hide the latency of a multiply-add";
  }
}

// With 16 registers the best tile holds three pixels and lets the four vectors of two blocks' weights pass.
TEST(ScheduleChoiceTest, TilesOfAvx2FillTheRegisters) {
  TargetModel v3 = target("x86-64-v3");
  EXPECT_TRUE(holdsPixels(2, 3, v3));
  EXPECT_FALSE(holdsPixels(1, 6, v3));
  EXPECT_FALSE(holdsPixels(2, 14, target("x86-64-v4")));
  for (int64_t size : {7, 14, 28, 56})
    for (int64_t kernel : {1, 3}) {
      DirectSchedule s = chooseDirect(makeShape(512, 512, size, kernel, 1), v3);
      EXPECT_EQ(s.blocks * v3.registersPerBlock() * s.pixels, 12) << "accumulators at " << size << ", window " << kernel;
      EXPECT_EQ(s.chunk, 0) << "tiles that divide rows of 7 and 14 are too small";
    }
}

// Of tiles that are about as good those that need not be shifted at the end of a row are taken, but none of a pixel, whose
// weights the second cache cannot deliver.
TEST(ScheduleChoiceTest, TilesDivideWhereThatIsCheap) {
  const TargetModel wide = target("x86-64-v4"), narrow = target("x86-64-v3");
  for (int64_t size : {16, 32, 64, 128}) {
    EXPECT_EQ(size % chooseDirect(makeShape(128, 128, size, 3, 1), wide).pixels, 0) << size;
    EXPECT_EQ(size * size % chooseDirect(makeShape(1024, 256, size, 1, 1), wide).pixels, 0) << size;
  }
  ConvShape shape = makeShape(512, 512, 7, 3, 1);
  shape.overwrites = true;
  EXPECT_EQ(chooseDirect(shape, narrow).pixels, 3);
}

// Tiles of one block of channels wait for their pixels; a sum in its addend's place is not worth such a tile.
TEST(ScheduleChoiceTest, PixelsOfPointwiseLayersServeSeveralBlocks) {
  ConvShape shape = makeShape(384, 1088, 17, 1, 1);
  EXPECT_GT(chooseDirect(shape, target("x86-64-v4")).blocks, 1);
  shape.overwrites = true;
  EXPECT_GT(chooseDirect(shape, target("x86-64-v4")).blocks, 1);
}

TEST(ScheduleChoiceTest, TwoThreadsShareFewTasksEvenly) {
  const DirectSchedule s = chooseDirect(makeShape(1088, 192, 17, 1, 1), target("x86-64-v4"));
  EXPECT_EQ(s.order, LoopOrder::channels);
  EXPECT_EQ(192 / kBlock / s.blocks % 2, 0) << "tasks";
}

// Most tiles of narrow maps are at a border under a wide window.
TEST(ScheduleChoiceTest, InputsOfWideWindowsAreCopied) {
  ConvShape shape = makeShape(128, 160, 17, 7, 1);
  shape.kernelHeight = 1;
  EXPECT_EQ(chooseDirect(shape, target("x86-64-v4")).staging, StagingKind::rows);
}

TEST(ScheduleChoiceTest, ColdWeightsOfSmallMapsComeInChunks) {
  EXPECT_GT(chooseDirect(makeShape(448, 2080, 8, 1, 1), target("x86-64-v4")).chunk, 0);
  EXPECT_GT(chooseDirect(makeShape(512, 512, 7, 3, 1), target("x86-64-v4")).chunk, 0);
  EXPECT_EQ(chooseDirect(makeShape(64, 64, 56, 3, 1), target("x86-64-v4")).chunk, 0);
}

TEST(ScheduleChoiceTest, EstimatesFollowTheWork) {
  TargetModel model = target("x86-64-v4");
  double small = chooseDirect(makeShape(64, 64, 28, 3, 1), model).microseconds;
  EXPECT_NEAR(chooseDirect(makeShape(128, 128, 28, 3, 1), model).microseconds / small, 4, 0.5);
  EXPECT_GT(chooseDense(1, 2048, 1000, model).microseconds, chooseDense(1, 512, 1000, model).microseconds);
}

// Weights are packed for the first target, and its registers are not those of the others.
TEST(ScheduleChoiceTest, OtherTargetsReadThePackedWeights) {
  TargetModel v4 = target("x86-64-v4"), v3 = target("x86-64-v3");
  EXPECT_TRUE(chooseWinograd(makeShape(512, 512, 7, 3, 1), v4)->inRegisters());
  for (int64_t size : {7, 14, 28, 56}) {
    ConvShape shape = makeShape(512, 512, size, 3, 1);
    WinogradSchedule first = *chooseWinograd(shape, v4, v3);
    WinogradSchedule second = *chooseWinogradLike(shape, v3, first);
    EXPECT_FALSE(second.inRegisters()) << "16 registers do not hold a row of points";
    EXPECT_EQ(second.readsTaps(), first.readsTaps());
    EXPECT_EQ(second.tile, first.tile);
    EXPECT_EQ(second.group, first.group);
    EXPECT_EQ(second.group % second.blocks, 0);
    EXPECT_EQ(checkWinograd(second, 1, size, size, 32, 32), "");
    first.group = 1; // some would take two blocks
    EXPECT_EQ(chooseWinogradLike(shape, v3, first)->blocks, 1);
  }
}

TEST(ScheduleChoiceTest, DenseUnrollsOnlyWhatDivides) {
  EXPECT_EQ(chooseDense(1, 37, 10, target("x86-64-v4")).unroll, 1);
  EXPECT_EQ(chooseDense(1, 36, 10, target("x86-64-v4")).blocks, 1);
}

TEST(ScheduleChoiceTest, SmallMapsAreOneTask) {
  EXPECT_EQ(chooseMap(512, 1, 1, 49, target("x86-64-v4")).rows, 0);
  EXPECT_GT(chooseMap(64 * 56 * 56, 56, 56, 9, target("x86-64-v4")).rows, 0);
}
