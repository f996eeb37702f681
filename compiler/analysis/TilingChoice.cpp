//===- TilingChoice.cpp - which kernels are computed in bands ---*- C++ -*-===//

#include "compiler/analysis/TilingChoice.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

using namespace res;
using llvm::divideCeil;

// As in ScheduleChoice.cpp.
static constexpr double kCyclesPerMicrosecond = 3000.0;
/// Handing out the tasks of a parallel loop and waiting for the last.
static constexpr double kBarrierMicroseconds = 1.0;

/// Scratch of one thread for a step: rows that are kept, and what stages need for themselves.
static int64_t scratchOf(llvm::ArrayRef<TilingStage> stages, llvm::ArrayRef<BandRows> rows) {
  int64_t bytes = 0;
  for (size_t i = 0; i < stages.size(); ++i) {
    bytes += stages[i].scratchBytes;
    if (i + 1 < stages.size())
      bytes += stages[i].mapBytes / stages[i].band.height * rows[i].kept;
  }
  return bytes;
}

/// Time of one task after the other on `threads` threads, in steps.
static int64_t makespan(int64_t steps, int64_t perBand, int64_t threads) {
  return int64_t(divideCeil(divideCeil(steps, perBand), threads)) * perBand;
}

/// What rows that bands share, and schedules that stages have only alone, cost.
static void addRowCosts(BandLoopChoice &choice, llvm::ArrayRef<TilingStage> stages, llvm::ArrayRef<BandStage> bands) {
  llvm::SmallVector<double> shares = recomputedShares(bands, choice.rows);
  for (size_t i = 0; i < stages.size(); ++i) {
    if (!choice.serial) // these keep the rows that the next band reads
      choice.recomputed += shares[i] * stages[i].banded;
    choice.lost += stages[i].banded - stages[i].alone;
  }
}

/// The part of what is read again and again that does not stay in the core's cache, when so many bytes are in use together.
static double missingShare(int64_t bytes, const TargetModel &target) {
  const double room = 0.75 * double(target.l2Bytes);
  return std::max(0.0, 1.0 - room / double(bytes));
}

/// Weights of all stages and rows of a step share the core's cache; what does not stay there comes again from further away
/// with each pass. 256-128-128@128 in steps of a row took 2.4 ms longer than apart, 256-128-128@56 0.16 ms (Zen 5, 1 MB).
static double reloadMicroseconds(llvm::ArrayRef<TilingStage> stages, llvm::ArrayRef<BandStage> bands,
                                 const BandLoopChoice &choice, int64_t scratch, const TargetModel &target) {
  int64_t together = scratch + rowsOfBands(bands, choice.step).front().fresh * bands.front().stride * stages.front().inputBytes;
  for (const TilingStage &stage : stages)
    together += stage.weightBytes;
  double bytes = 0;
  for (const TilingStage &stage : stages) {
    const int64_t alone = stage.weightBytes + stage.scratchBytes + stage.band.span * stage.inputBytes;
    const double missing = missingShare(together, target) - missingShare(alone, target);
    bytes += double(stage.weightBytes * stage.weightPasses) * std::max(0.0, missing);
  }
  return bytes / target.dramBytesPerCycle / kCyclesPerMicrosecond;
}

/// Two threads that share an odd number of tasks in a band: half of the machines that this is for have more. `rows`: what the
/// stage computes for each band.
static double imbalanceMicroseconds(const TilingStage &stage, llvm::ArrayRef<int64_t> rows, int64_t taskRows) {
  int64_t tasks = 0, slots = 0;
  for (int64_t count : rows) {
    const int64_t ofBand = std::max<int64_t>(1, divideCeil(count, taskRows));
    tasks += ofBand, slots += 2 * makespan(ofBand, 1, 2);
  }
  return 0.5 * stage.banded * (double(slots) / double(tasks) - 1.0);
}

/// A map that is larger than a fair share of the last cache is fetched for writing, written and read again from memory:
/// 64@224 (13 MB) between two convolutions cost 1.6 ms of 6.6 (Zen 5). What a pool reads comes at least from the last cache,
/// and that is its time. Between convolutions smaller maps cost nothing: 64@128 (4 MB).
static double trafficMicroseconds(const TilingStage &stage, const TargetModel &target) {
  const double once = double(stage.mapBytes) / target.dramBytesPerCycle / kCyclesPerMicrosecond;
  if (stage.mapBytes > target.lastCacheBytes / 4)
    return 3.0 * once;
  return stage.feedsPool && stage.mapBytes > target.l2Bytes ? once : 0.0;
}

namespace {
/// Rows of a step and of a band, and the time that they take relative to one pass over all rows by cores that end together.
struct BandLoops {
  int64_t step = 0, rows = 0;
  double score = 0;
};
} // namespace

/// One and two threads should both end soon, and more where it costs them nothing; rows that bands share count for each band.
static BandLoops chooseBand(llvm::ArrayRef<TilingStage> stages, llvm::ArrayRef<BandStage> bands, int64_t step) {
  constexpr int64_t kMostBands = 32;
  const int64_t steps = divideCeil(bands.back().height, step);
  double all = 0;
  for (const TilingStage &stage : stages)
    all += stage.banded;
  BandLoops best;
  for (int64_t perBand = divideCeil(steps, kMostBands); perBand <= steps; ++perBand) {
    double recomputed = 0;
    llvm::SmallVector<double> shares = recomputedShares(bands, perBand * step);
    for (size_t i = 0; i < stages.size(); ++i)
      recomputed += shares[i] * stages[i].banded / all;
    double time = 0;
    for (auto [threads, weight] : {std::pair<int64_t, double>{1, 0.4}, {2, 0.4}, {4, 0.2}})
      time += weight * double(threads * makespan(steps, perBand, threads) * step) / double(bands.back().height);
    const double score = time * (1 + recomputed);
    if (best.score == 0 || score < best.score * 0.999)
      best = {step, perBand * step, score};
  }
  return best;
}

/// Of the steps, powers of two or the smallest that fits, whose rows stay in the core's cache beside weights and transformed
/// tiles. Larger steps where they take the same time. With `small` the smallest.
static BandLoops chooseLoops(llvm::ArrayRef<TilingStage> stages, llvm::ArrayRef<BandStage> bands, const TargetModel &target,
                             bool small) {
  constexpr int64_t kLargest = 8;
  BandLoops best;
  for (int64_t step = 1; step <= std::min(kLargest, bands.back().height); ++step) {
    llvm::SmallVector<BandRows> rows = rowsOfBands(bands, step);
    int64_t kept = 0;
    for (size_t i = 0; i + 1 < stages.size(); ++i)
      kept += stages[i].mapBytes / stages[i].band.height * rows[i].kept;
    const bool fits = kept <= target.l2Bytes / 4 && !small && llvm::isPowerOf2_64(step);
    if (!checkBands(bands, step, step).empty() || (best.step && !fits))
      continue;
    const BandLoops loops = chooseBand(stages, bands, step);
    if (!best.step || loops.score < best.score * 1.002)
      best = loops;
  }
  return best;
}

std::optional<BandLoopChoice> res::chooseBandLoops(llvm::ArrayRef<TilingStage> stages, const TargetModel &target, bool small,
                                                   std::optional<int64_t> onlyStep) {
  llvm::SmallVector<BandStage> bands;
  for (const TilingStage &stage : stages)
    bands.push_back(stage.band);
  if (onlyStep && !checkBands(bands, *onlyStep, *onlyStep).empty())
    return std::nullopt;
  const BandLoops loops = onlyStep ? chooseBand(stages, bands, *onlyStep) : chooseLoops(stages, bands, target, small);
  if (!loops.step)
    return std::nullopt;
  BandLoopChoice choice{};
  choice.step = loops.step, choice.rows = loops.rows;
  const int64_t bytes = scratchOf(stages, rowsOfBands(bands, loops.step));
  (choice.rows < bands.back().height ? choice.workerBytes : choice.sharedBytes) = bytes;
  addRowCosts(choice, stages, bands);
  choice.lost += reloadMicroseconds(stages, bands, choice, bytes, target);
  for (size_t i = 0; i + 1 < stages.size(); ++i)
    choice.traffic += trafficMicroseconds(stages[i], target);
  choice.barriers = double(stages.size() - 1) * kBarrierMicroseconds;
  return choice;
}

/// Serial bands of `rows` rows; the last has what is left.
static BandLoopChoice makeSerialBands(llvm::ArrayRef<TilingStage> stages, llvm::ArrayRef<BandStage> bands, int64_t rows) {
  constexpr int64_t kTasks = 8;
  const int64_t height = bands.back().height, count = divideCeil(height, rows);
  BandLoopChoice choice{};
  choice.serial = true;
  choice.rows = rows;
  for (choice.step = std::max<int64_t>(1, rows / kTasks); rows % choice.step;)
    --choice.step;
  addRowCosts(choice, stages, bands);
  choice.barriers = -double(int64_t(stages.size()) * (count - 1)) * kBarrierMicroseconds;
  // 3x3 64@56 twice takes 1.5 to 2% longer than apart, 3x3 64@56 + 1x1 64-256@56 2.5%, with 1x1 256-64 before it 5% (Zen 5).
  constexpr double kLostShare = 0.02;
  for (const TilingStage &stage : stages)
    choice.lost += kLostShare * stage.banded;
  llvm::SmallVector<BandRows> whole = rowsOfBands(bands, rows), rest = rowsOfBands(bands, height - (count - 1) * rows);
  for (size_t i = 0; i < stages.size(); ++i) {
    const bool isLast = i + 1 == stages.size();
    llvm::SmallVector<int64_t> ofBands(count, whole[i].fresh);
    ofBands.front() = whole[i].kept;
    ofBands.back() = rest[i].kept - (whole[i].kept - whole[i].fresh);
    choice.barriers -= imbalanceMicroseconds(stages[i], ofBands, isLast ? choice.step : stages[i].taskRows);
    choice.workerBytes = std::max(choice.workerBytes, stages[i].scratchBytes);
    if (!isLast)
      choice.sharedBytes += stages[i].mapBytes / bands[i].height * whole[i].kept;
  }
  return choice;
}

std::optional<BandLoopChoice> res::chooseSerialBands(llvm::ArrayRef<TilingStage> stages) {
  // Few bands: half or a third of a map is enough to lower a peak, and each costs a barrier. Bands of equal size need the
  // least scratch; up to a quarter larger ones where both threads then end together.
  constexpr int64_t kMostBands = 3;
  llvm::SmallVector<BandStage> bands;
  for (const TilingStage &stage : stages)
    bands.push_back(stage.band);
  const int64_t height = bands.back().height;
  for (int64_t count = 2; count <= kMostBands; ++count) {
    std::optional<BandLoopChoice> best;
    const int64_t equal = divideCeil(height, count);
    for (int64_t rows = equal; rows <= equal + equal / 4 && rows * (count - 1) < height; ++rows) {
      if (!checkBands(bands, rows, 1, true).empty())
        continue;
      BandLoopChoice choice = makeSerialBands(stages, bands, rows);
      if (!best || choice.cost() < 0.999 * best->cost())
        best = choice;
    }
    if (best)
      return best;
  }
  return std::nullopt;
}

namespace {
/// Bytes outside and inside a parallel loop.
struct StepScratch {
  int64_t shared = 0, worker = 0;
};
} // namespace

/// Scratch of a step; `candidate`: the one that it is merged in, or null.
static StepScratch scratchOf(const MemoryStep &step, const TilingCandidate *candidate) {
  if (!candidate)
    return {step.sharedScratch, step.workerScratch};
  return {candidate->loops.sharedBytes, candidate->loops.workerBytes};
}

std::vector<int64_t> res::liveBytes(llvm::ArrayRef<MemoryStep> steps, llvm::ArrayRef<TilingCandidate> candidates,
                                    llvm::ArrayRef<int> merged, int64_t threads) {
  const int count = int(steps.size());
  std::vector<int> place(count); // the step that a step is computed in
  std::vector<int> candidateOf(count, -1);
  for (int i = 0; i < count; ++i)
    place[i] = i;
  for (int index : merged)
    for (int step : candidates[index].steps) {
      place[step] = candidates[index].steps.back();
      candidateOf[step] = index;
    }
  std::vector<int> last(count), first(count);
  for (int i = 0; i < count; ++i)
    first[i] = last[i] = place[i];
  for (int i = 0; i < count; ++i)
    for (int read : steps[i].reads)
      last[read] = std::max(last[read], place[i]);
  std::vector<int64_t> change(count + 1, 0);
  for (int i = 0; i < count; ++i) {
    const bool inner = candidateOf[i] >= 0 && place[i] != i;
    if (inner || !steps[i].bytes)
      continue;
    int64_t bytes = steps[i].bytes;
    const int updated = steps[i].updates;
    // The sum takes the place of its addend, a tensor that ends there; from then on the bytes are this step's. Not where
    // the step reads the tensor for more than the sum, or another stage for other rows that may have been overwritten.
    auto isReadLate = [&](const TilingCandidate &candidate) {
      return llvm::any_of(candidate.steps, [&](int step) {
        return step != i && !(candidate.overwritesInput && step == candidate.steps.front()) &&
               llvm::is_contained(steps[step].reads, updated);
      });
    };
    const bool readByStage = candidateOf[i] >= 0 && isReadLate(candidates[candidateOf[i]]);
    const bool inPlace = updated >= 0 && place[updated] == updated && last[updated] == place[i] &&
                         steps[updated].bytes == bytes && llvm::count(steps[i].reads, updated) == 1 && !readByStage;
    change[first[i] + (inPlace ? 1 : 0)] += bytes;
    change[last[i] + 1] -= bytes;
  }
  std::vector<int64_t> live(count, 0);
  int64_t now = 0;
  for (int i = 0; i < count; ++i) {
    now += change[i];
    if (place[i] != i)
      continue; // computed later
    const StepScratch scratch = scratchOf(steps[i], candidateOf[i] >= 0 ? &candidates[candidateOf[i]] : nullptr);
    live[i] = now + scratch.shared + threads * scratch.worker;
  }
  return live;
}

namespace {
/// The most bytes that are live at a step, and how many steps have so many.
struct Peak {
  int64_t bytes = 0;
  int64_t steps = 0;
  bool operator<(const Peak &other) const { return std::tie(bytes, steps) < std::tie(other.bytes, other.steps); }
};
} // namespace

static Peak peakOf(llvm::ArrayRef<MemoryStep> steps, llvm::ArrayRef<TilingCandidate> candidates, llvm::ArrayRef<int> merged,
                   const TilingGoal &goal) {
  std::vector<int64_t> live = liveBytes(steps, candidates, merged, goal.threads);
  Peak peak;
  if (live.empty())
    return peak;
  peak.bytes = *std::max_element(live.begin(), live.end());
  peak.steps = llvm::count(live, peak.bytes);
  return peak;
}

/// Candidates by gain, the largest first; of those that always merge, the longest.
static std::vector<int> rankCandidates(llvm::ArrayRef<TilingCandidate> candidates, bool always) {
  std::vector<int> order(candidates.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    if (always && candidates[a].steps.size() != candidates[b].steps.size())
      return candidates[a].steps.size() > candidates[b].steps.size();
    return candidates[a].loops.cost() < candidates[b].loops.cost();
  });
  return order;
}

static bool meets(const Peak &peak, const TilingGoal &goal) { return goal.memoryLimit && peak.bytes <= *goal.memoryLimit; }

/// Takes back what was chosen for memory and in the end does not lower the peak, or is not needed for the limit, the dearest
/// first.
static void dropUseless(TilingChoice &choice, llvm::ArrayRef<TilingCandidate> candidates, Peak peak,
                        const TilingGoal &goal, llvm::function_ref<Peak(llvm::ArrayRef<int>)> peakWith) {
  std::vector<int> byCost = choice.forMemory;
  std::stable_sort(byCost.begin(), byCost.end(),
                   [&](int a, int b) { return candidates[a].loops.cost() > candidates[b].loops.cost(); });
  // Without one of them another may be useless, too, so the search begins anew.
  for (auto candidate = byCost.begin(); candidate != byCost.end();) {
    std::vector<int> without = choice.chosen;
    llvm::erase(without, *candidate);
    const Peak next = peakWith(without);
    if (meets(peak, goal) ? !meets(next, goal) : next.bytes > peak.bytes) {
      ++candidate;
      continue;
    }
    peak = next;
    choice.chosen = without;
    llvm::erase(choice.forMemory, *candidate);
    byCost.erase(candidate);
    candidate = byCost.begin();
  }
}

/// A step is chosen while others are not yet: what lowers the peak the most then may be more than the others leave to gain. So
/// each gives way to the cheapest candidate for its steps, or some of them, with which the peak is not much higher.
static void takeCheaper(TilingChoice &choice, llvm::ArrayRef<TilingCandidate> candidates, llvm::ArrayRef<int> order, Peak peak,
                        const TilingGoal &goal, llvm::function_ref<Peak(llvm::ArrayRef<int>)> peakWith) {
  constexpr double kMuchHigher = 1.01; // where no limit says what matters
  auto isPartOf = [](llvm::ArrayRef<int> some, llvm::ArrayRef<int> all) {
    return llvm::all_of(some, [&](int step) { return llvm::is_contained(all, step); });
  };
  for (int &member : choice.forMemory) {
    for (int other : order) {
      if (candidates[other].loops.cost() >= candidates[member].loops.cost())
        break; // they come by cost
      if (!isPartOf(candidates[other].steps, candidates[member].steps))
        continue;
      std::vector<int> with = choice.chosen;
      std::replace(with.begin(), with.end(), member, other);
      const Peak next = peakWith(with);
      const double most = goal.memoryLimit ? double(peak.bytes) : kMuchHigher * double(peak.bytes);
      if (meets(peak, goal) ? !meets(next, goal) : double(next.bytes) > most)
        continue;
      choice.chosen = with;
      member = other;
      break;
    }
  }
}

TilingChoice res::chooseTiling(llvm::ArrayRef<MemoryStep> steps, llvm::ArrayRef<TilingCandidate> candidates,
                               const TilingGoal &goal) {
  // Estimates are not better than this; what is expected to save less is chosen for memory only.
  constexpr double kWorthwhile = 10.0;
  TilingChoice choice;
  auto shareSteps = [&](int a, int b) {
    return llvm::any_of(candidates[a].steps, [&](int step) { return llvm::is_contained(candidates[b].steps, step); });
  };
  auto without = [&](std::vector<int> chosen, int candidate) {
    llvm::erase_if(chosen, [&](int other) { return shareSteps(other, candidate); });
    return chosen;
  };
  auto peakWith = [&](llvm::ArrayRef<int> merged) { return peakOf(steps, candidates, merged, goal); };
  Peak peak = peakWith({});
  choice.peakBefore = choice.peakAfter = peak.bytes;
  if (goal.mode == TilingGoal::Mode::never)
    return choice;
  const bool always = goal.mode == TilingGoal::Mode::always;
  const std::vector<int> order = rankCandidates(candidates, always);
  // What saves time, unless it is bought with memory.
  auto takeWhatSaves = [&](int64_t most) {
    for (int candidate : order) {
      const double cost = candidates[candidate].loops.cost();
      if (!(always || cost < -kWorthwhile) || without(choice.chosen, candidate).size() != choice.chosen.size())
        continue;
      choice.chosen.push_back(candidate);
      if (!always && peakWith(choice.chosen).bytes > most)
        choice.chosen.pop_back();
    }
  };
  takeWhatSaves(peak.bytes);
  double budget = goal.budget; // what is saved elsewhere is an estimate, too, and not spent

  peak = peakWith(choice.chosen);
  while (!always && !meets(peak, goal)) {
    int best = -1;
    Peak bestPeak;
    double bestCost = 0;
    for (int candidate : order) {
      // It may take the place of smaller ones.
      std::vector<int> merged = without(choice.chosen, candidate);
      if (merged.size() + 1 < choice.chosen.size() || llvm::is_contained(choice.chosen, candidate))
        continue; // one for several, and never the same again
      double cost = candidates[candidate].loops.cost();
      for (int other : choice.chosen)
        if (!llvm::is_contained(merged, other))
          cost -= candidates[other].loops.cost();
      cost = std::max(0.0, cost);
      if (!goal.memoryLimit && cost > budget)
        continue;
      merged.push_back(candidate);
      const Peak next = peakWith(merged);
      // Among those that lower the peak, the least cost: what else is needed may come later.
      if (next < peak && (best < 0 || cost < bestCost || (cost == bestCost && next < bestPeak)))
        best = candidate, bestPeak = next, bestCost = cost;
    }
    if (best < 0)
      break;
    choice.chosen = without(choice.chosen, best);
    llvm::erase_if(choice.forMemory, [&](int other) { return !llvm::is_contained(choice.chosen, other); });
    choice.chosen.push_back(best);
    choice.forMemory.push_back(best);
    budget -= bestCost;
    peak = bestPeak;
  }
  dropUseless(choice, candidates, peak, goal, peakWith);
  if (!always) {
    takeCheaper(choice, candidates, order, peakWith(choice.chosen), goal, peakWith);
    dropUseless(choice, candidates, peakWith(choice.chosen), goal, peakWith);
  }
  // What was taken back may have taken the place of something that saves time.
  peak = peakWith(choice.chosen);
  takeWhatSaves(meets(peak, goal) ? *goal.memoryLimit : peak.bytes);
  choice.peakAfter = peakWith(choice.chosen).bytes;
  return choice;
}
