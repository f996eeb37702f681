//===- StepOrder.cpp - the order of steps that needs least memory *- C++ -*-===//
//
// What is live depends only on which steps are done, not on their order, so orders that have done the same steps are one
// state, and the one with the smallest peak stands for all (dynamic programming over the downsets of the graph).
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/StepOrder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <tuple>

using namespace res;

namespace {

/// Bytes that steps make live and dead, one after the other.
class LiveBytes {
public:
  explicit LiveBytes(llvm::ArrayRef<Step> steps) : steps(steps), readers(steps.size()) {
    for (auto [index, step] : llvm::enumerate(steps))
      for (size_t read : step.reads)
        readers[read].push_back(index);
  }

  llvm::ArrayRef<size_t> readersOf(size_t step) const { return readers[step]; }

  struct Change {
    int64_t during, after; // against what is live before the step
  };
  /// `isDone` tells the steps before it.
  template <typename IsDone> Change changeOf(size_t index, const IsDone &isDone) const {
    const Step &step = steps[index];
    const int64_t bytes = sizeOf(index);
    Change change{bytes, readers[index].empty() ? 0 : bytes};
    for (size_t read : step.reads)
      if (llvm::all_of(readers[read], [&](size_t reader) { return reader == index || isDone(reader); })) {
        change.after -= sizeOf(read);
        if (bytes && sizeOf(read) == bytes && llvm::is_contained(step.overwrites, read))
          change.during = 0;
      }
    return change;
  }

  int64_t sizeOf(size_t step) const { return int64_t(llvm::alignTo(steps[step].bytes, 64)); } // whole cache lines

private:
  llvm::ArrayRef<Step> steps;
  std::vector<llvm::SmallVector<size_t, 2>> readers;
};

/// The steps [begin, end), where all before are done and none behind.
class Part {
public:
  Part(llvm::ArrayRef<Step> steps, const LiveBytes &memory, size_t begin, size_t end, int64_t live)
      : steps(steps), memory(memory), begin(begin), end(end), live(live) {}

  /// The peak of the given order, and what is live behind it.
  std::pair<int64_t, int64_t> measure() const;
  /// An order whose peak is smaller than `limit`, as small as possible, and its peak; or none and `limit`. Clears `isExact`
  /// if states were left out.
  std::pair<std::vector<size_t>, int64_t> search(int64_t limit, size_t mostStates, bool &isExact) const;

private:
  using Done = std::vector<uint64_t>; // a bit for each step
  struct State {
    Done done;
    int64_t live, peak;
    size_t parent, step; // in the layer before, and which step led here
  };

  bool isDone(const Done &done, size_t step) const {
    return step < begin || (step < end && (done[(step - begin) / 64] >> (step - begin) % 64 & 1));
  }
  std::vector<State> advance(llvm::ArrayRef<State> layer, int64_t limit) const;

  llvm::ArrayRef<Step> steps;
  const LiveBytes &memory;
  size_t begin, end;
  int64_t live; // before the first step
};

} // namespace

std::pair<int64_t, int64_t> Part::measure() const {
  int64_t now = live, peak = 0;
  for (size_t step = begin; step < end; ++step) {
    LiveBytes::Change change = memory.changeOf(step, [&](size_t other) { return other < step; });
    peak = std::max(peak, now + change.during);
    now += change.after;
  }
  return {peak, now};
}

/// All states with one more step done.
std::vector<Part::State> Part::advance(llvm::ArrayRef<State> layer, int64_t limit) const {
  std::vector<State> next;
  std::map<Done, size_t> known;
  for (auto [number, state] : llvm::enumerate(layer)) {
    auto done = [&, &state = state](size_t step) { return isDone(state.done, step); };
    for (size_t step = begin; step < end; ++step) {
      if (done(step) || !llvm::all_of(steps[step].reads, done))
        continue;
      LiveBytes::Change change = memory.changeOf(step, done);
      State after{state.done, state.live + change.after, std::max(state.peak, state.live + change.during), number, step};
      if (after.peak >= limit)
        continue;
      after.done[(step - begin) / 64] |= uint64_t(1) << (step - begin) % 64;
      auto [entry, isNew] = known.try_emplace(after.done, next.size());
      if (isNew)
        next.push_back(std::move(after));
      else if (after.peak < next[entry->second].peak)
        next[entry->second] = std::move(after);
    }
  }
  return next;
}

std::pair<std::vector<size_t>, int64_t> Part::search(int64_t limit, size_t mostStates, bool &isExact) const {
  std::vector<std::vector<State>> layers;
  layers.push_back({State{Done((end - begin + 63) / 64), live, 0, 0, 0}});
  for (size_t count = begin; count < end; ++count) {
    std::vector<State> next = advance(layers.back(), limit);
    if (next.empty())
      return {{}, limit};
    if (next.size() > mostStates) {
      isExact = false;
      llvm::stable_sort(next, [](const State &a, const State &b) {
        return std::make_pair(a.peak, a.live) < std::make_pair(b.peak, b.live);
      });
      next.resize(mostStates);
    }
    layers.push_back(std::move(next));
  }
  std::vector<size_t> order;
  size_t at = 0; // the last layer has one state: all are done
  for (size_t count = layers.size(); --count > 0;) {
    order.push_back(layers[count][at].step);
    at = layers[count][at].parent;
  }
  std::reverse(order.begin(), order.end());
  return {std::move(order), layers.back().front().peak};
}

/// Steps that every step before leads to and every step behind depends on.
static std::vector<bool> findCuts(llvm::ArrayRef<Step> steps, const LiveBytes &memory) {
  std::vector<bool> cuts(steps.size(), true);
  // All before lead to a step if it is the only one up to there that none up to there reads.
  size_t latest = 0; // of the first readers
  for (size_t step = 0; step < steps.size(); ++step) {
    cuts[step] = latest <= step;
    latest = std::max(latest, memory.readersOf(step).empty() ? steps.size() : memory.readersOf(step).front());
  }
  // All behind depend on it if each of them reads it or one behind it.
  size_t earliest = SIZE_MAX; // of the last that are read, plus one
  for (size_t step = steps.size(); step-- > 0;) {
    cuts[step] = cuts[step] && earliest > step;
    auto last = std::max_element(steps[step].reads.begin(), steps[step].reads.end());
    earliest = std::min(earliest, last == steps[step].reads.end() ? 0 : *last + 1);
  }
  return cuts;
}

/// What each step needs at least, whatever the order: what it reads, and its result.
static int64_t leastPeak(llvm::ArrayRef<Step> steps, const LiveBytes &memory, size_t begin, size_t end) {
  int64_t most = 0;
  for (size_t step = begin; step < end; ++step) {
    int64_t bytes = memory.sizeOf(step);
    for (size_t read : steps[step].overwrites)
      if (memory.sizeOf(read) == memory.sizeOf(step))
        bytes = 0;
    for (size_t read : steps[step].reads)
      bytes += memory.sizeOf(read);
    most = std::max(most, bytes);
  }
  return most;
}

/// States that a search of some steps may keep: in every layer each looks at all steps, and for what dies with these at the
/// readers of what they read. About 0.1 s.
static size_t affordable(llvm::ArrayRef<Step> steps, const LiveBytes &memory, size_t begin, size_t end, size_t mostStates) {
  constexpr size_t kMostLooks = 20'000'000;
  size_t looks = end - begin;
  for (size_t step = begin; step < end; ++step)
    for (size_t read : steps[step].reads)
      looks += memory.readersOf(read).size();
  return std::min(mostStates, kMostLooks / looks / (end - begin));
}

StepOrder res::orderSteps(llvm::ArrayRef<Step> steps, size_t mostStates) {
  LiveBytes memory(steps);
  std::vector<bool> cuts = findCuts(steps, memory);
  struct Choice {
    size_t begin, end;
    int64_t given;              // the peak of the given order
    std::vector<size_t> better; // an order with a smaller one, or empty
  };
  std::vector<Choice> choices;
  StepOrder result;
  int64_t live = 0;
  for (size_t begin = 0, end = 0; begin < steps.size(); begin = end) {
    for (end = begin + 1; end < steps.size() && !cuts[begin] && !cuts[end];)
      ++end;
    Part part(steps, memory, begin, end, live);
    auto [peak, after] = part.measure();
    live = after;
    Choice &choice = choices.emplace_back(Choice{begin, end, peak, {}});
    if (end - begin > 1 && peak > leastPeak(steps, memory, begin, end)) {
      if (const size_t states = affordable(steps, memory, begin, end, mostStates))
        std::tie(choice.better, peak) = part.search(peak, states, result.optimal);
      else
        result.optimal = false;
    }
    result.peakBytes = std::max(result.peakBytes, peak);
  }
  for (const Choice &choice : choices)
    if (choice.given <= result.peakBytes)
      for (size_t step = choice.begin; step < choice.end; ++step)
        result.order.push_back(step);
    else
      result.order.insert(result.order.end(), choice.better.begin(), choice.better.end());
  return result;
}

int64_t res::peakOf(llvm::ArrayRef<Step> steps, llvm::ArrayRef<size_t> order) {
  LiveBytes memory(steps);
  std::vector<bool> done(steps.size());
  int64_t live = 0, peak = 0;
  for (size_t step : order) {
    LiveBytes::Change change = memory.changeOf(step, [&](size_t other) { return bool(done[other]); });
    peak = std::max(peak, live + change.during);
    live += change.after;
    done[step] = true;
  }
  return peak;
}
