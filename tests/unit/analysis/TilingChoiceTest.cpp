//===- TilingChoiceTest.cpp - which kernels are merged, and for what *- C++ -*-===//

#include "compiler/analysis/TilingChoice.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace res;
using Mode = TilingGoal::Mode;

namespace {

struct Network {
  std::vector<MemoryStep> steps;
  std::vector<TilingCandidate> candidates;

  int64_t peak(llvm::ArrayRef<int> merged, int64_t threads = 2) const {
    std::vector<int64_t> live = liveBytes(steps, candidates, merged, threads);
    return *std::max_element(live.begin(), live.end());
  }
};

/// A step that reads others.
MemoryStep stepOf(llvm::SmallVector<int> reads, int64_t bytes) {
  MemoryStep step{};
  step.reads = std::move(reads), step.bytes = bytes;
  return step;
}

/// Steps that become one at so many microseconds, which saves time where it is negative.
TilingCandidate candidateOf(llvm::SmallVector<int> steps, double cost, int64_t workerBytes = 0) {
  TilingCandidate candidate{std::move(steps), {}};
  candidate.loops.lost = cost, candidate.loops.workerBytes = workerBytes;
  return candidate;
}

/// A chain: step i reads step i - 1.
Network chainOf(llvm::ArrayRef<int64_t> sizes) {
  Network network;
  for (auto [index, bytes] : llvm::enumerate(sizes))
    network.steps.push_back(stepOf(index ? llvm::SmallVector<int>{int(index) - 1} : llvm::SmallVector<int>{}, bytes));
  return network;
}

class RandomNetworks {
public:
  explicit RandomNetworks(unsigned seed) : random(seed) {}

  int64_t pick(int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random); }

  Network next() {
    Network network;
    const int count = int(pick(2, 12));
    for (int i = 0; i < count; ++i) {
      MemoryStep step = stepOf({}, pick(0, 9) ? 10 * pick(1, 4) : 0);
      for (int read = 0; i && read < pick(1, 2); ++read)
        step.reads.push_back(pick(0, 2) ? i - 1 : int(pick(0, i - 1)));
      step.sharedScratch = pick(0, 3) ? 0 : pick(1, 20), step.workerScratch = pick(0, 2) ? 0 : pick(1, 20);
      if (i && pick(0, 1))
        step.updates = step.reads.back();
      network.steps.push_back(step);
    }
    for (int last = 1; last < count; ++last)
      for (llvm::SmallVector<int> steps{last}; steps.size() < 3 && steps.front() > 0 && hasOneReader(network, steps.front());) {
        steps.insert(steps.begin(), steps.front() - 1);
        network.candidates.push_back(candidateOf(steps, double(pick(-30, 60)), pick(0, 20)));
        network.candidates.back().loops.sharedBytes = pick(0, 1) ? pick(0, 20) : 0;
      }
    return network;
  }

  /// Candidates that share no step.
  std::vector<int> someOf(const Network &network) {
    std::vector<int> merged;
    std::set<int> taken;
    for (auto [index, candidate] : llvm::enumerate(network.candidates)) {
      if (pick(0, 1) || llvm::any_of(candidate.steps, [&](int step) { return taken.count(step); }))
        continue;
      merged.push_back(int(index));
      taken.insert(candidate.steps.begin(), candidate.steps.end());
    }
    return merged;
  }

private:
  /// Whether `reader` alone reads the step before it.
  static bool hasOneReader(const Network &network, int reader) {
    for (auto [index, step] : llvm::enumerate(network.steps))
      if (llvm::is_contained(step.reads, reader - 1) != (int(index) == reader))
        return false;
    return true;
  }

  std::mt19937 random;
};

/// Merges by hand: rewrites the network, then asks for each step which tensors there are.
std::vector<int64_t> bruteForceLive(const Network &network, llvm::ArrayRef<int> merged, int64_t threads) {
  std::vector<MemoryStep> steps = network.steps;
  const int count = int(steps.size());
  std::vector<bool> gone(steps.size(), false);
  for (int index : merged) {
    const TilingCandidate &candidate = network.candidates[size_t(index)];
    MemoryStep &last = steps[size_t(candidate.steps.back())];
    // Rows that another stage still has to read must not be overwritten.
    for (int inner : llvm::drop_end(candidate.steps))
      if (llvm::is_contained(steps[size_t(inner)].reads, last.updates))
        last.updates = -1;
    for (int inner : llvm::drop_end(candidate.steps)) {
      gone[size_t(inner)] = true;
      llvm::append_range(last.reads, steps[size_t(inner)].reads);
    }
    last.sharedScratch = candidate.loops.sharedBytes, last.workerScratch = candidate.loops.workerBytes;
  }
  auto isRead = [&](int tensor, int from) { // at this step or a later one
    for (int step = from; step < count; ++step)
      if (!gone[size_t(step)] && llvm::is_contained(steps[size_t(step)].reads, tensor))
        return true;
    return false;
  };
  std::vector<int64_t> live(steps.size(), 0);
  for (int at = 0; at < count; ++at) {
    const MemoryStep &now = steps[size_t(at)];
    if (gone[size_t(at)])
      continue;
    live[size_t(at)] = now.sharedScratch + threads * now.workerScratch;
    for (int tensor = 0; tensor <= at; ++tensor)
      if (!gone[size_t(tensor)] && (tensor == at || isRead(tensor, at)))
        live[size_t(at)] += steps[size_t(tensor)].bytes;
    // The result lies where a tensor lay that nothing reads from here on, nor the step itself for anything else.
    if (now.updates >= 0 && llvm::count(now.reads, now.updates) == 1 && !gone[size_t(now.updates)] && !isRead(now.updates, at + 1) &&
        steps[size_t(now.updates)].bytes == now.bytes)
      live[size_t(at)] -= now.bytes;
  }
  return live;
}

TilingGoal goalOf(Mode mode, double budget = 0) {
  TilingGoal goal;
  goal.mode = mode, goal.budget = budget;
  return goal;
}

TilingGoal limitOf(int64_t bytes) {
  TilingGoal goal;
  goal.memoryLimit = bytes, goal.threads = 1;
  return goal;
}

double costOf(const Network &network, llvm::ArrayRef<int> candidates) {
  double sum = 0;
  for (int index : candidates)
    sum += network.candidates[size_t(index)].loops.cost();
  return sum;
}

} // namespace

TEST(TilingChoiceTest, LiveBytesAreThoseOfTheRewrittenNetwork) {
  RandomNetworks networks(1);
  for (int round = 0; round < 3000; ++round) {
    const Network network = networks.next();
    const std::vector<int> merged = networks.someOf(network);
    for (int64_t threads : {1, 3}) {
      SCOPED_TRACE("round " + std::to_string(round) + ", threads " + std::to_string(threads));
      ASSERT_EQ(liveBytes(network.steps, network.candidates, merged, threads), bruteForceLive(network, merged, threads));
    }
  }
}

// A block that is one kernel reads its input until its last row is written, so that the sum needs a place of its own.
TEST(TilingChoiceTest, NoSumInPlaceOfWhatItsKernelReadsElsewhere) {
  Network network;
  network.steps = {stepOf({}, 40), stepOf({0}, 10), stepOf({1}, 10), stepOf({2, 0}, 40), stepOf({3}, 0)};
  network.steps[3].updates = 0;
  network.candidates = {candidateOf({1, 2, 3}, 0), candidateOf({2, 3}, 0)};
  EXPECT_EQ(network.peak({}), 60);
  EXPECT_EQ(network.peak({0}), 80);
  EXPECT_EQ(network.peak({1}), 50);
}

// Nothing that is chosen costs more than the budget, overlaps, raises the peak, or could be left out.
TEST(TilingChoiceTest, ChoicesKeepTheirPromises) {
  RandomNetworks networks(2);
  for (int round = 0; round < 2000; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Network network = networks.next();
    const double budget = double(networks.pick(0, 100));
    const TilingChoice choice = chooseTiling(network.steps, network.candidates, goalOf(Mode::automatic, budget));
    EXPECT_EQ(choice.peakBefore, network.peak({}));
    EXPECT_EQ(choice.peakAfter, network.peak(choice.chosen));
    EXPECT_LE(choice.peakAfter, choice.peakBefore);
    EXPECT_LE(costOf(network, choice.chosen), budget) << "beyond what merging has saved";
    std::set<int> taken;
    for (int index : choice.chosen)
      for (int step : network.candidates[size_t(index)].steps)
        EXPECT_TRUE(taken.insert(step).second) << "step " << step << " is in two candidates";
    for (int index : choice.chosen) {
      const bool forMemory = llvm::is_contained(choice.forMemory, index);
      EXPECT_TRUE(forMemory || network.candidates[size_t(index)].loops.cost() < 0);
      std::vector<int> without = choice.chosen;
      llvm::erase(without, index);
      EXPECT_TRUE(!forMemory || network.peak(without) > choice.peakAfter) << "candidate " << index << " is useless";
    }
  }
}

// What a limit reaches is a limit that is met; more is not paid for than it needs.
TEST(TilingChoiceTest, LimitsThatWereReachedAreMet) {
  RandomNetworks networks(3);
  for (int round = 0; round < 2000; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Network network = networks.next();
    auto workspace = [&](const TilingChoice &choice) {
      std::vector<int64_t> live = liveBytes(network.steps, network.candidates, choice.chosen, 1);
      return *std::max_element(live.begin(), live.end());
    };
    const TilingChoice least = chooseTiling(network.steps, network.candidates, limitOf(0));
    const int64_t reached = workspace(least);
    for (int64_t limit : {reached, reached + 1, reached + 10, reached + 30}) {
      const TilingChoice choice = chooseTiling(network.steps, network.candidates, limitOf(limit));
      EXPECT_LE(workspace(choice), limit) << "although " << reached << " can be reached";
      for (int index : choice.forMemory) {
        TilingChoice without = choice;
        llvm::erase(without.chosen, index);
        EXPECT_GT(workspace(without), limit) << "candidate " << index << " is useless";
      }
    }
  }
}

TEST(TilingChoiceTest, NeverIsNever) {
  Network network = chainOf({10, 30, 10, 0});
  network.candidates.push_back(candidateOf({1, 2}, -1000));
  const TilingChoice choice = chooseTiling(network.steps, network.candidates, goalOf(Mode::never, 1e6));
  EXPECT_TRUE(choice.chosen.empty());
  EXPECT_EQ(choice.peakBefore, 40);
  EXPECT_EQ(choice.peakAfter, 40);
}

TEST(TilingChoiceTest, AlwaysTakesTheLongestAtAnyPrice) {
  Network network = chainOf({10, 10, 10, 10, 0});
  network.candidates = {candidateOf({0, 1}, -500), candidateOf({1, 2}, 5), candidateOf({0, 1, 2}, 1e6, 1000),
                        candidateOf({2, 3}, -100), candidateOf({3, 4}, 1e6)};
  EXPECT_EQ(chooseTiling(network.steps, network.candidates, goalOf(Mode::always)).chosen, (std::vector<int>{2, 4}));
}

TEST(TilingChoiceTest, TakesWhatSavesTime) {
  Network network = chainOf({10, 10, 10, 40, 40, 0});
  network.candidates = {candidateOf({0, 1}, -20), candidateOf({1, 2}, -30), candidateOf({0, 1, 2}, -9)};
  const TilingChoice choice = chooseTiling(network.steps, network.candidates, goalOf(Mode::automatic));
  EXPECT_EQ(choice.chosen, std::vector<int>{1}); // the rest shares a step with it, or saves what is not worth it
  EXPECT_TRUE(choice.forMemory.empty());
}

TEST(TilingChoiceTest, DoesNotBuyTimeWithMemory) {
  Network network = chainOf({10, 10, 10, 0});
  network.candidates.push_back(candidateOf({1, 2}, -50, 100));
  EXPECT_TRUE(chooseTiling(network.steps, network.candidates, goalOf(Mode::automatic)).chosen.empty());
  network.candidates[0].loops.workerBytes = 0;
  EXPECT_EQ(chooseTiling(network.steps, network.candidates, goalOf(Mode::automatic)).chosen, std::vector<int>{0});
}

// Two peaks of one height: one merge alone does not lower them.
TEST(TilingChoiceTest, LowersPeaksOneAfterTheOther) {
  Network network = chainOf({10, 50, 10, 10, 50, 10, 0});
  network.candidates = {candidateOf({1, 2}, 40), candidateOf({4, 5}, 50)};
  const TilingChoice choice = chooseTiling(network.steps, network.candidates, goalOf(Mode::automatic, 100));
  EXPECT_EQ(choice.chosen, (std::vector<int>{0, 1}));
  EXPECT_EQ(choice.forMemory, choice.chosen);
  EXPECT_EQ(choice.peakAfter, 20);
  // With a budget for one of the two alone, that one is taken back.
  EXPECT_TRUE(chooseTiling(network.steps, network.candidates, goalOf(Mode::automatic, 80)).chosen.empty());
}

TEST(TilingChoiceTest, StopsAtTheLimit) {
  Network network = chainOf({10, 50, 10, 10, 40, 10, 0});
  network.candidates = {candidateOf({1, 2}, 1e4), candidateOf({4, 5}, 1e5)};
  EXPECT_TRUE(chooseTiling(network.steps, network.candidates, limitOf(60)).chosen.empty());
  EXPECT_EQ(chooseTiling(network.steps, network.candidates, limitOf(59)).chosen, std::vector<int>{0});
  EXPECT_EQ(chooseTiling(network.steps, network.candidates, limitOf(50)).chosen, std::vector<int>{0});
  EXPECT_EQ(chooseTiling(network.steps, network.candidates, limitOf(49)).chosen, (std::vector<int>{0, 1}));
  EXPECT_EQ(chooseTiling(network.steps, network.candidates, limitOf(1)).chosen, (std::vector<int>{0, 1}));
}

TEST(TilingChoiceTest, BandsFitAndEndTogether) {
  const TargetModel target = llvm::cantFail(TargetModel::get("x86-64-v4"));
  auto stageOf = [](int64_t height, int64_t stride, int64_t span, double alone, double banded, int64_t mapBytes) {
    TilingStage stage{};
    stage.band = {height, stride, span};
    stage.alone = alone, stage.banded = banded, stage.mapBytes = mapBytes, stage.taskRows = 4;
    return stage;
  };
  for (int64_t height : {7, 14, 27, 56, 112}) {
    const TilingStage stages[] = {stageOf(height, 1, 3, 400, 450, height * 50000), stageOf(height, 1, 3, 300, 330, height * 50000)};
    const BandStage bands[] = {stages[0].band, stages[1].band};
    for (bool small : {false, true}) {
      SCOPED_TRACE("height " + std::to_string(height) + (small ? ", small" : ""));
      std::optional<BandLoopChoice> loops = chooseBandLoops(stages, target, small);
      ASSERT_TRUE(loops);
      EXPECT_EQ(checkBands(bands, loops->rows, loops->step), "");
      EXPECT_TRUE(!small || loops->step == 1);
      EXPECT_DOUBLE_EQ(loops->lost, 50 + 30);
      EXPECT_DOUBLE_EQ(loops->recomputed, 450 * recomputedShares(bands, loops->rows)[0]);
      const bool isParallel = loops->rows < height;
      EXPECT_EQ(isParallel ? loops->workerBytes : loops->sharedBytes, 50000 * rowsOfBands(bands, loops->step)[0].kept);
      EXPECT_EQ(isParallel ? loops->sharedBytes : loops->workerBytes, 0);
    }
  }
  // Serial bands keep the rows of a whole band, for all threads.
  const TilingStage serial[] = {stageOf(28, 1, 3, 10, 10, 28000), stageOf(28, 1, 3, 10, 10, 28000)};
  std::optional<BandLoopChoice> halves = chooseSerialBands(serial);
  ASSERT_TRUE(halves && halves->serial);
  EXPECT_EQ(halves->rows, 14);
  EXPECT_EQ(halves->rows % halves->step, 0);
  EXPECT_EQ(halves->sharedBytes, 1000 * (14 + 2));
  EXPECT_EQ(halves->recomputed, 0) << "the rows that the next band reads stay";
  // Seven tasks of four rows in each half leave one of two threads idle; 8 and 6 do not.
  TilingStage tiled = stageOf(56, 1, 1, 100, 100, 56000);
  tiled.band.tile = tiled.taskRows = 4;
  std::optional<BandLoopChoice> uneven = chooseSerialBands({tiled, stageOf(56, 1, 1, 100, 100, 56000)});
  ASSERT_TRUE(uneven);
  EXPECT_EQ(uneven->rows, 32);
  EXPECT_EQ(uneven->step, 4);
  EXPECT_NEAR(uneven->cost(), 2 + 0.02 * 200, 1e-9) << "two more barriers, and a fiftieth of the time";
  // A last stage of transformed tiles has the step of its macro blocks, or none fits.
  const TilingStage stages[] = {stageOf(28, 1, 3, 1, 1, 2800), stageOf(28, 1, 3, 1, 1, 2800)};
  EXPECT_EQ(chooseBandLoops(stages, target, false, 8)->step, 8);
  EXPECT_FALSE(chooseBandLoops(stages, target, false, 32));
}
