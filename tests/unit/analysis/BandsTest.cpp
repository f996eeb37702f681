//===- BandsTest.cpp - rows of bands, against a simulation ------*- C++ -*-===//

#include "compiler/analysis/Bands.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace res;

namespace {

/// Rows from `first` to `last`, both included.
struct Rows {
  int64_t first, last;
  int64_t count() const { return last - first + 1; }
};

/// What the steps of one band do to the rows of a stage.
struct Simulated {
  int64_t fresh = 0;    // rows that a later step computes
  int64_t kept = 0;     // rows between the first that a step still reads and the last that was computed
  bool slides = false;  // whether the first step computes, or any step reads, more rows than a later one computes
};

std::string textOf(llvm::ArrayRef<BandStage> stages) {
  std::string text = "stages";
  for (const BandStage &stage : stages)
    text += " " + std::to_string(stage.height) + " rows, window of " + std::to_string(stage.span) + " by " +
            std::to_string(stage.stride);
  return text;
}

/// Rows of input under rows of output, when the input is counted from its first padded row.
Rows readBy(const Rows &rows, const BandStage &stage) {
  return {rows.first * stage.stride, rows.last * stage.stride + stage.span - 1};
}

/// Runs the steps of a band one after the other, the last stage first: which rows does each stage have to compute?
std::vector<Simulated> simulate(llvm::ArrayRef<BandStage> stages, int64_t step, int64_t steps) {
  std::vector<Simulated> all(stages.size());
  std::vector<int64_t> done(stages.size(), -1); // the last row that was computed
  for (int64_t s = 0; s < steps; ++s) {
    Rows computed = {s * step, (s + 1) * step - 1};
    for (size_t i = stages.size(); i-- > 0;) {
      Simulated &stage = all[i];
      const Rows wanted = i + 1 < stages.size() ? readBy(computed, stages[i + 1]) : computed;
      computed = {s ? done[i] + 1 : wanted.first, wanted.last};
      done[i] = wanted.last;
      stage.kept = std::max(stage.kept, std::max(wanted.count(), computed.count()));
      if (s)
        stage.fresh = computed.count();
      stage.slides = stage.kept > stage.fresh;
    }
  }
  return all;
}

std::vector<BandStage> randomStages(std::mt19937 &random, bool overlapping) {
  auto pick = [&](int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random); };
  std::vector<BandStage> stages(size_t(pick(2, 4)));
  int64_t height = pick(1, 40);
  for (size_t i = stages.size(); i-- > 0;) {
    stages[i].height = height;
    stages[i].stride = pick(1, 3);
    stages[i].span = pick(overlapping ? stages[i].stride : 1, 7);
    height = (height - 1) * stages[i].stride + stages[i].span;
  }
  return stages;
}

} // namespace

TEST(BandsTest, RowsOfStepsAreThoseThatASimulationComputes) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const std::vector<BandStage> stages = randomStages(random, true);
    const int64_t step = 1 + int64_t(random() % 6);
    SCOPED_TRACE(textOf(stages) + ", steps of " + std::to_string(step));
    const llvm::SmallVector<BandRows> rows = rowsOfBands(stages, step);
    const std::vector<Simulated> expected = simulate(stages, step, 8);
    ASSERT_EQ(rows.size(), stages.size());
    for (size_t i = 0; i < stages.size(); ++i) {
      EXPECT_EQ(rows[i].fresh, expected[i].fresh) << "stage " << i;
      EXPECT_EQ(rows[i].kept, expected[i].kept) << "stage " << i;
      EXPECT_EQ(rows[i].slides(), expected[i].slides) << "stage " << i;
    }
  }
}

// Rows between windows that do not touch are computed, too: Halide slides over all rows.
TEST(BandsTest, WindowsWithGapsKeepNoLessThanTheyRead) {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    const std::vector<BandStage> stages = randomStages(random, false);
    const int64_t step = 1 + int64_t(random() % 6);
    SCOPED_TRACE(textOf(stages) + ", steps of " + std::to_string(step));
    const llvm::SmallVector<BandRows> rows = rowsOfBands(stages, step);
    const std::vector<Simulated> expected = simulate(stages, step, 8);
    for (size_t i = 0; i < stages.size(); ++i) {
      EXPECT_EQ(rows[i].fresh, expected[i].fresh) << "stage " << i;
      EXPECT_GE(rows[i].kept, expected[i].kept) << "stage " << i;
    }
  }
}

// A 3x3 convolution in front of another and of a pooling of two rows, in steps of two.
TEST(BandsTest, KeepsTheRowsOfAWindow) {
  const BandStage stages[] = {{28, 1, 3}, {28, 1, 3}, {14, 2, 2}};
  const llvm::SmallVector<BandRows> rows = rowsOfBands(stages, 2);
  EXPECT_EQ(rows[2].fresh, 2); EXPECT_EQ(rows[2].kept, 2);
  EXPECT_EQ(rows[1].fresh, 4); EXPECT_EQ(rows[1].kept, 4); EXPECT_FALSE(rows[1].slides());
  EXPECT_EQ(rows[0].fresh, 4); EXPECT_EQ(rows[0].kept, 6); EXPECT_TRUE(rows[0].slides());
}

TEST(BandsTest, RecomputedRowsAreThoseThatTwoBandsCount) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    const std::vector<BandStage> stages = randomStages(random, true);
    const int64_t rows = 1 + int64_t(random() % uint64_t(stages.back().height));
    SCOPED_TRACE(textOf(stages) + ", bands of " + std::to_string(rows));
    const llvm::SmallVector<double> shares = recomputedShares(stages, rows);
    std::vector<std::vector<int>> times(stages.size()); // how often each row of a stage is computed
    for (size_t i = 0; i < stages.size(); ++i)
      times[i].resize(size_t(stages[i].height));
    for (int64_t first = 0; first < stages.back().height; first += rows) {
      Rows band = {first, std::min(first + rows, stages.back().height) - 1};
      for (size_t i = stages.size(); i-- > 0;) {
        for (int64_t row = band.first; row <= band.last; ++row)
          ++times[i][size_t(row)];
        band = readBy(band, stages[i]);
      }
    }
    for (size_t i = 0; i < stages.size(); ++i) {
      const int64_t again = std::accumulate(times[i].begin(), times[i].end(), int64_t(0)) - stages[i].height;
      EXPECT_NEAR(shares[i], double(again) / double(stages[i].height), 1e-9) << "stage " << i;
    }
  }
}

TEST(BandsTest, WhatFitsIsNoError) {
  const BandStage pool[] = {{28, 1, 3}, {14, 2, 2}};
  for (auto [rows, step] : {std::pair<int64_t, int64_t>{1, 1}, {14, 14}, {14, 2}, {15, 3}, {8, 4}})
    EXPECT_EQ(checkBands(pool, rows, step), "") << rows << " in steps of " << step;
  // Tiles of four rows: whole in a step, and read by one step alone.
  const BandStage tiles[] = {{28, 1, 3, 4}, {14, 2, 2}};
  EXPECT_EQ(checkBands(tiles, 8, 2), "");
  const BandStage last[] = {{28, 1, 3}, {28, 1, 3, 4}};
  EXPECT_EQ(checkBands(last, 8, 4), "");
  // Serial bands: what counts is the rows of a band.
  EXPECT_EQ(checkBands(tiles, 6, 1, true), "");
  EXPECT_EQ(checkBands(tiles, 7, 1, true), "expected steps of whole tiles of 4 rows in stage 0, got 14");
}

TEST(BandsTest, SaysWhatDoesNotFit) {
  const BandStage pool[] = {{28, 1, 3}, {14, 2, 2}};
  const char *sizes = "expected steps of 1 to 14 rows and bands of at least a step, got ";
  EXPECT_EQ(checkBands(pool, 2, 0), std::string(sizes) + "0 and 2");
  EXPECT_EQ(checkBands(pool, 2, -1), std::string(sizes) + "-1 and 2");
  EXPECT_EQ(checkBands(pool, 15, 15), std::string(sizes) + "15 and 15");
  EXPECT_EQ(checkBands(pool, 2, 4), std::string(sizes) + "4 and 2");
  EXPECT_EQ(checkBands(pool, int64_t(1) << 60, 2), std::string(sizes) + "2 and 1152921504606846976");
  EXPECT_EQ(checkBands(pool, 3, 2), "expected bands of whole steps, got 3 rows in steps of 2");
  const BandStage tiles[] = {{28, 1, 3, 4}, {14, 2, 2}};
  EXPECT_EQ(checkBands(tiles, 3, 3), "expected steps of whole tiles of 4 rows in stage 0, got 6");
  const BandStage last[] = {{28, 1, 3}, {28, 1, 3, 4}};
  EXPECT_EQ(checkBands(last, 6, 2), "expected steps of whole tiles of 4 rows in stage 1, got 2");
  const BandStage twice[] = {{28, 1, 3, 4}, {28, 1, 3}};
  EXPECT_EQ(checkBands(twice, 8, 4), "expected tiles in stage 0 only where steps read no row twice");
}
