//===- StepOrderTest.cpp - orders of independent steps ----------*- C++ -*-===//

#include "compiler/analysis/StepOrder.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace res;

/// The peak of an order, from what has to be there during each step: its own tensors, and those that are read later.
static int64_t simulate(const std::vector<Step> &steps, const std::vector<size_t> &order) {
  int64_t peak = 0;
  for (size_t now = 0; now < order.size(); ++now) {
    int64_t bytes = steps[order[now]].bytes;
    bool takesPlace = false;
    for (size_t before = 0; before < now; ++before) {
      const size_t tensor = order[before];
      auto reads = [&](size_t at) { return llvm::is_contained(steps[order[at]].reads, tensor); };
      bool readLater = false;
      for (size_t later = now + 1; later < order.size(); ++later)
        readLater |= reads(later);
      if (!readLater && !reads(now))
        continue;
      const bool overwritten = !readLater && bytes && llvm::is_contained(steps[order[now]].overwrites, tensor) &&
                               steps[tensor].bytes == steps[order[now]].bytes && !takesPlace;
      if (overwritten)
        takesPlace = true;
      else
        bytes += steps[tensor].bytes;
    }
    peak = std::max(peak, bytes);
  }
  return peak;
}

static bool isPossible(const std::vector<Step> &steps, const std::vector<size_t> &order) {
  std::vector<size_t> position(steps.size(), SIZE_MAX);
  for (size_t i = 0; i < order.size(); ++i)
    position[order[i]] = i;
  for (size_t step = 0; step < steps.size(); ++step)
    for (size_t read : steps[step].reads)
      if (position[step] == SIZE_MAX || position[read] >= position[step])
        return false;
  return order.size() == steps.size();
}

static std::vector<size_t> given(size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

static int64_t smallestPeak(const std::vector<Step> &steps) {
  std::vector<size_t> order = given(steps.size());
  int64_t least = INT64_MAX;
  do
    if (isPossible(steps, order))
      least = std::min(least, simulate(steps, order));
  while (std::next_permutation(order.begin(), order.end()));
  return least;
}

static std::vector<Step> randomSteps(std::mt19937 &engine, size_t count, unsigned density) {
  std::vector<Step> steps;
  for (size_t i = 0; i < count; ++i) {
    Step step{int64_t(64 * (engine() % 5)), {}, {}};
    for (size_t j = 0; j < i; ++j)
      if (engine() % 10 < density) {
        step.reads.push_back(j);
        if (engine() % 2)
          step.overwrites.push_back(j);
      }
    steps.push_back(step);
  }
  return steps;
}

TEST(StepOrderTest, EmptyIsEmpty) {
  EXPECT_TRUE(orderSteps({}).order.empty());
  EXPECT_EQ(orderSteps({}).peakBytes, 0);
}

TEST(StepOrderTest, TheLargeBranchComesWhenLittleElseIsLive) {
  // 0 feeds two branches: 1 -> 2 grows to 128 bytes, 3 -> 4 shrinks from 640; 5 joins them. 2 has to wait for 4.
  std::vector<Step> steps{{64, {}, {}}, {64, {0}, {}}, {128, {1}, {}}, {640, {0}, {}}, {64, {3}, {}}, {64, {2, 4}, {}}};
  StepOrder order = orderSteps(steps);
  ASSERT_TRUE(isPossible(steps, order.order));
  EXPECT_LT(llvm::find(order.order, 4u), llvm::find(order.order, 2u));
  EXPECT_EQ(order.peakBytes, 64 + 640 + 64);
  EXPECT_TRUE(order.optimal);
}

TEST(StepOrderTest, KeepsAnOrderThatIsAsGood) {
  std::vector<Step> steps{{64, {}, {}}, {64, {0}, {}}, {64, {0}, {}}, {64, {1, 2}, {1, 2}}};
  EXPECT_EQ(orderSteps(steps).order, given(4));
}

TEST(StepOrderTest, CountsASumInItsAddendsPlaceOnce) {
  std::vector<Step> steps{{128, {}, {}}, {64, {0}, {}}, {128, {1, 0}, {0}}};
  EXPECT_EQ(orderSteps(steps).peakBytes, 192);
  steps[2].overwrites.clear();
  EXPECT_EQ(orderSteps(steps).peakBytes, 320);
  // Nor where somebody reads the addend later.
  steps[2].overwrites = {0};
  steps.push_back({0, {2, 0}, {}});
  EXPECT_EQ(orderSteps(steps).peakBytes, 320);
}

TEST(StepOrderTest, FindsTheOptimumOfSmallGraphs) {
  std::mt19937 engine(11);
  int improved = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Step> steps = randomSteps(engine, 1 + engine() % 7, 2 + engine() % 4);
    StepOrder order = orderSteps(steps);
    ASSERT_TRUE(isPossible(steps, order.order));
    EXPECT_EQ(order.peakBytes, simulate(steps, order.order));
    EXPECT_EQ(order.peakBytes, peakOf(steps, order.order));
    EXPECT_TRUE(order.optimal);
    EXPECT_EQ(order.peakBytes, smallestPeak(steps)) << "round " << round;
    improved += order.peakBytes < simulate(steps, given(steps.size()));
  }
  EXPECT_GT(improved, 30);
}

TEST(StepOrderTest, IsNeverWorseWhereItCannotSearchAll) {
  std::mt19937 engine(12);
  int unproven = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<Step> steps = randomSteps(engine, 30, 1);
    StepOrder order = orderSteps(steps, /*mostStates=*/4), again = orderSteps(steps, /*mostStates=*/4);
    ASSERT_TRUE(isPossible(steps, order.order));
    EXPECT_EQ(order.peakBytes, simulate(steps, order.order));
    EXPECT_LE(order.peakBytes, simulate(steps, given(steps.size())));
    EXPECT_EQ(order.order, again.order);
    unproven += !order.optimal;
  }
  EXPECT_GT(unproven, 0);
}

TEST(StepOrderTest, LongNetworksTakeNoTime) {
  // Ten thousand blocks of two branches; and a thousand branches at once, for which all orders are too many.
  std::vector<Step> blocks{{64, {}, {}}};
  for (size_t block = 0; block < 10000; ++block) {
    const size_t input = blocks.size() - 1;
    blocks.push_back({64, {input}, {}});
    blocks.push_back({640, {input}, {}});
    blocks.push_back({64, {input + 2}, {}});
    blocks.push_back({64, {input + 1, input + 3}, {}});
  }
  StepOrder order = orderSteps(blocks);
  EXPECT_TRUE(order.optimal);
  EXPECT_EQ(order.peakBytes, 64 + 640 + 64);
  std::vector<Step> wide{{64, {}, {}}};
  for (size_t branch = 0; branch < 1000; ++branch) {
    wide.push_back({64, {0}, {}});
    wide.push_back({640, {wide.size() - 1}, {}});
  }
  wide.push_back({64, {}, {}});
  for (size_t branch = 0; branch < 1000; ++branch)
    wide.back().reads.push_back(2 + 2 * branch);
  EXPECT_TRUE(isPossible(wide, orderSteps(wide).order));
}
