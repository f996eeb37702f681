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

/// The smallest arena in units of a cache line: tries every offset of every tensor.
class Exhaustive {
public:
  explicit Exhaustive(llvm::ArrayRef<Lifetime> lives) : lives(lives), offsets(lives.size()) {}
  int64_t smallest() {
    for (int64_t arena = bruteForceBound(lives) / kArenaAlignment;; ++arena)
      if (place(0, arena))
        return arena * kArenaAlignment;
  }

private:
  int64_t lines(size_t i) const { return (lives[i].bytes + kArenaAlignment - 1) / kArenaAlignment; }
  bool place(size_t i, int64_t arena) {
    if (i == lives.size())
      return true;
    for (offsets[i] = 0; offsets[i] + lines(i) <= arena; ++offsets[i]) {
      bool free = true;
      for (size_t j = 0; j < i && free; ++j) {
        bool together = lives[i].first <= lives[j].last && lives[j].first <= lives[i].last;
        free = !together || offsets[i] + lines(i) <= offsets[j] || offsets[j] + lines(j) <= offsets[i];
      }
      if (free && place(i + 1, arena))
        return true;
    }
    return false;
  }

  llvm::ArrayRef<Lifetime> lives;
  std::vector<int64_t> offsets;
};

static std::vector<Lifetime> randomLives(std::mt19937 &engine, size_t count, int64_t lines, int64_t steps, int64_t length) {
  std::vector<Lifetime> lives;
  for (size_t i = 0; i < count; ++i) {
    int64_t first = engine() % steps;
    lives.push_back({int64_t(1 + engine() % (lines * kArenaAlignment)), first, first + int64_t(engine() % length)});
  }
  return lives;
}

/// As many lines are live at every step, so that no plan has room to spare: those are hard.
static std::vector<Lifetime> crowdedLives(std::mt19937 &engine, int64_t lines, int64_t steps) {
  std::vector<Lifetime> lives;
  std::vector<size_t> live;
  for (int64_t step = 0; step < steps; ++step) {
    llvm::erase_if(live, [&](size_t) { return engine() % 2; });
    int64_t free = lines;
    for (size_t i : live) {
      lives[i].last = step;
      free -= lives[i].bytes / kArenaAlignment;
    }
    while (free > 0) {
      const int64_t size = 1 + int64_t(engine() % std::min<int64_t>(free, 4));
      live.push_back(lives.size());
      lives.push_back({size * kArenaAlignment, step, step});
      free -= size;
    }
  }
  return lives;
}

TEST(MemoryPlanTest, FindsTheOptimumOfSmallGraphs) {
  std::mt19937 engine(5);
  int searched = 0;
  for (int round = 0; round < 500; ++round) {
    std::vector<Lifetime> lives = round % 2 ? crowdedLives(engine, 4 + engine() % 3, 3 + engine() % 3)
                                            : randomLives(engine, 4 + engine() % 5, 4, 7, 5);
    MemoryPlan plan = planMemory(lives);
    expectValid(lives, plan);
    EXPECT_TRUE(plan.optimal);
    EXPECT_EQ(plan.arenaBytes, Exhaustive(lives).smallest()) << "round " << round;
    searched += !planMemory(lives, {}, /*budget=*/0).optimal;
  }
  EXPECT_GT(searched, 5) << "the greedy orders found all";
}

TEST(MemoryPlanTest, ProvesThatTheBoundCannotBeReached) {
  std::vector<Lifetime> lives{{3, 0, 0}, {1, 0, 2}, {2, 1, 1}, {1, 1, 3}, {1, 2, 4}, {1, 2, 2}, {2, 3, 3}, {3, 4, 4}};
  for (Lifetime &life : lives)
    life.bytes *= kArenaAlignment;
  MemoryPlan plan = planMemory(lives);
  expectValid(lives, plan);
  EXPECT_EQ(plan.lowerBoundBytes, 4 * kArenaAlignment);
  EXPECT_EQ(plan.arenaBytes, 5 * kArenaAlignment);
  EXPECT_EQ(Exhaustive(lives).smallest(), 5 * kArenaAlignment);
  EXPECT_TRUE(plan.optimal);
}

TEST(MemoryPlanTest, TheSearchAloneFindsTheOptimum) {
  // From no plan at all, where the greedy orders cannot help.
  std::mt19937 engine(6);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> lives = randomLives(engine, 3 + engine() % 5, 5, 6, 5);
    int64_t budget = 1'000'000;
    auto offsets = searchMemoryPlan(lives, INT64_MAX, budget);
    ASSERT_TRUE(offsets.has_value());
    MemoryPlan plan;
    plan.offsets = *offsets;
    for (size_t i = 0; i < lives.size(); ++i)
      plan.arenaBytes = std::max(plan.arenaBytes, plan.offsets[i] + (lives[i].bytes + 63) / 64 * 64);
    expectValid(lives, plan);
    EXPECT_EQ(plan.arenaBytes, Exhaustive(lives).smallest()) << "round " << round;
    EXPECT_GT(budget, 0);
    EXPECT_FALSE(searchMemoryPlan(lives, plan.arenaBytes, budget).has_value()) << "there is none below the smallest";
  }
}

TEST(MemoryPlanTest, SaysWhenTheSearchGaveUp) {
  std::mt19937 engine(8);
  int gaveUp = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<Lifetime> lives = randomLives(engine, 30, 40, 12, 7);
    MemoryPlan plan = planMemory(lives, {}, /*budget=*/3);
    expectValid(lives, plan);
    EXPECT_TRUE(plan.arenaBytes > plan.lowerBoundBytes || plan.optimal);
    gaveUp += !plan.optimal;
  }
  EXPECT_GT(gaveUp, 0);
}

TEST(MemoryPlanTest, PartsOfARowLieOneBehindTheOther) {
  // A concatenation of three branches at step 6. Each part waits from its own step on; before, others use its place.
  std::vector<Lifetime> lives{{256, 1, 6}, {128, 3, 6}, {100, 5, 6}, {384, 0, 1}, {128, 4, 5}, {64, 6, 7}};
  MemoryPlan plan = planMemory(lives, {AdjacentTensors{0, 1, 2}});
  expectValid(lives, plan);
  EXPECT_EQ(plan.offsets[1], plan.offsets[0] + 256);
  EXPECT_EQ(plan.offsets[2], plan.offsets[1] + 128);
  EXPECT_EQ(plan.arenaBytes, 640); // of which the first step's two tensors take all
  EXPECT_EQ(plan.arenaBytes, plan.lowerBoundBytes);
}

TEST(MemoryPlanTest, RowsHoldOnRandomLifetimes) {
  std::mt19937 engine(9);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> lives = randomLives(engine, 12, 20, 15, 5);
    AdjacentTensors first{2, 0, 5}, second{7, 1};
    for (size_t part : {2, 0, 7})
      lives[part].bytes = (lives[part].bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
    MemoryPlan plan = planMemory(lives, {first, second});
    expectValid(lives, plan);
    for (const AdjacentTensors &row : {first, second})
      for (size_t i = 1; i < row.size(); ++i)
        EXPECT_EQ(plan.offsets[row[i]], plan.offsets[row[i - 1]] + lives[row[i - 1]].bytes);
    EXPECT_TRUE(!plan.optimal || plan.arenaBytes == plan.lowerBoundBytes);
  }
}
