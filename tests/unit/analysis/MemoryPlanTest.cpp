//===- MemoryPlanTest.cpp - offsets in the arena ----------------*- C++ -*-===//

#include "compiler/analysis/MemoryPlan.h"

#include <gtest/gtest.h>
#include <random>

using namespace res;

/// Fails where two tensors that live at the same step share a byte, or a tensor leaves the arena.
static void expectValid(llvm::ArrayRef<Lifetime> lives, const MemoryPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), lives.size());
  for (size_t i = 0; i < lives.size(); ++i) {
    EXPECT_GE(plan.offsets[i], 0);
    EXPECT_EQ(plan.offsets[i] % kArenaAlignment, 0);
    EXPECT_LE(plan.offsets[i] + lives[i].bytes, plan.arenaBytes);
    for (size_t j = 0; j < i; ++j) {
      bool together = lives[i].first <= lives[j].last && lives[j].first <= lives[i].last;
      bool apart = plan.offsets[i] + lives[i].bytes <= plan.offsets[j] || plan.offsets[j] + lives[j].bytes <= plan.offsets[i];
      EXPECT_TRUE(!together || apart) << "tensors " << j << " and " << i << " overlap";
    }
  }
}

/// The most that is live at any step, step by step.
static int64_t bruteForceBound(llvm::ArrayRef<Lifetime> lives) {
  int64_t most = 0;
  for (const Lifetime &at : lives) {
    int64_t live = 0;
    for (const Lifetime &life : lives)
      if (life.first <= at.first && at.first <= life.last)
        live += (life.bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
    most = std::max(most, live);
  }
  return most;
}

TEST(MemoryPlanTest, EmptyNeedsNothing) {
  MemoryPlan plan = planMemory({});
  EXPECT_EQ(plan.arenaBytes, 0);
  EXPECT_EQ(plan.lowerBoundBytes, 0);
}

TEST(MemoryPlanTest, ReusesDeadSlotsOfAChain) {
  // Step i reads tensor i - 1 and writes tensor i: two live at a time.
  std::vector<Lifetime> lives;
  for (int64_t i = 0; i < 20; ++i)
    lives.push_back({1024, i, i + 1});
  MemoryPlan plan = planMemory(lives);
  expectValid(lives, plan);
  EXPECT_EQ(plan.arenaBytes, 2048);
}

TEST(MemoryPlanTest, ReachesTheBoundOnResidualBlocks) {
  // The skip lives over its block, the branch has two tensors.
  std::vector<Lifetime> lives;
  for (int64_t block = 0; block < 8; ++block) {
    int64_t bytes = 4096 >> (block / 2);
    lives.push_back({bytes, 3 * block, 3 * block + 3});
    lives.push_back({bytes / 4, 3 * block + 1, 3 * block + 2});
    lives.push_back({bytes / 4, 3 * block + 2, 3 * block + 3});
  }
  MemoryPlan plan = planMemory(lives);
  expectValid(lives, plan);
  EXPECT_EQ(plan.arenaBytes, plan.lowerBoundBytes);
}

TEST(MemoryPlanTest, ReachesTheBoundOnBottlenecks) {
  // ResNet-50: stem, pool, and blocks of three convolutions, the last of which adds the skip; the projection of a stage's
  // first block comes first or last of its branch.
  for (bool projectionFirst : {false, true}) {
    std::vector<Lifetime> lives{{4 * 64 * 112 * 112, 0, 1}, {4 * 64 * 56 * 56, 1, 0}};
    int64_t step = 2;
    size_t skip = 1;
    auto add = [&](int64_t bytes) {
      lives.push_back({bytes, step, step});
      ++step;
      return lives.size() - 1;
    };
    auto read = [&](size_t tensor) { lives[tensor].last = step; }; // by the step that comes
    for (int64_t stage = 0; stage < 4; ++stage)
      for (int64_t block = 0; block < (stage == 1 ? 4 : stage == 2 ? 6 : 3); ++block) {
        int64_t size = 56 >> stage, inner = 64 << stage, before = stage && block == 0 ? 2 * size : size;
        size_t input = skip;
        auto project = [&] {
          read(input);
          skip = add(4 * 4 * inner * size * size);
        };
        if (block == 0 && projectionFirst)
          project();
        read(input);
        size_t first = add(4 * inner * before * before);
        read(first);
        size_t second = add(4 * inner * size * size);
        if (block == 0 && !projectionFirst)
          project();
        read(second);
        read(skip);
        skip = add(4 * 4 * inner * size * size);
      }
    read(skip);
    MemoryPlan plan = planMemory(lives);
    expectValid(lives, plan);
    EXPECT_EQ(plan.lowerBoundBytes, bruteForceBound(lives));
    EXPECT_EQ(plan.arenaBytes, plan.lowerBoundBytes) << (projectionFirst ? "projection first" : "projection last");
  }
}

TEST(MemoryPlanTest, ReadAndWrittenInOneStepAreApart) {
  std::vector<Lifetime> lives{{64, 0, 1}, {64, 1, 2}};
  EXPECT_NE(planMemory(lives).offsets[0], planMemory(lives).offsets[1]);
}

TEST(MemoryPlanTest, HoldsOnRandomLifetimes) {
  std::mt19937 engine(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> lives;
    int64_t count = 1 + engine() % 30;
    for (int64_t i = 0; i < count; ++i) {
      int64_t first = engine() % 20;
      lives.push_back({int64_t(1 + engine() % 5000), first, first + int64_t(engine() % 6)});
    }
    MemoryPlan plan = planMemory(lives), again = planMemory(lives);
    expectValid(lives, plan);
    EXPECT_EQ(plan.lowerBoundBytes, bruteForceBound(lives));
    EXPECT_GE(plan.arenaBytes, plan.lowerBoundBytes);
    EXPECT_LE(double(plan.arenaBytes), 1.35 * double(plan.lowerBoundBytes));
    EXPECT_EQ(plan.offsets, again.offsets);
  }
}
