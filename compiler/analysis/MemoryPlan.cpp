//===- MemoryPlan.cpp - offsets of tensors in one arena ---------*- C++ -*-===//
//
// Dynamic storage allocation is NP-hard; greedy placement in a good order reaches the lower bound on nearly every
// residual network, and trying a handful of orders costs microseconds. The search is for the others.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MemoryPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <functional>
#include <random>
#include <tuple>

using namespace res;

namespace {

/// A tensor at its distance from the place of its item.
struct Part {
  size_t tensor;
  int64_t distance, bytes, first, last;
};

/// What is placed as one: a tensor, or a row of adjacent ones.
struct Item {
  llvm::SmallVector<Part, 1> parts;
  int64_t bytes = 0, first = INT64_MAX, last = INT64_MIN;
  int64_t area() const { return bytes * (last - first + 1); }
};

} // namespace

/// The most bytes live at one step. Only starts need a look: what is live grows there alone.
static int64_t lowerBound(llvm::ArrayRef<Lifetime> lifetimes) {
  llvm::SmallVector<std::pair<int64_t, int64_t>> events; // (step, change): ends take effect before starts of a step
  for (const Lifetime &life : lifetimes) {
    int64_t bytes = llvm::alignTo(life.bytes, kArenaAlignment);
    events.push_back({life.first, bytes});
    events.push_back({life.last + 1, -bytes});
  }
  llvm::sort(events);
  int64_t live = 0, most = 0;
  for (auto [step, change] : events) {
    live += change;
    most = std::max(most, live);
  }
  return most;
}

/// Rows first, then the other tensors in their order.
static std::vector<Item> makeItems(llvm::ArrayRef<Lifetime> lifetimes, llvm::ArrayRef<AdjacentTensors> rows) {
  std::vector<Item> items;
  std::vector<bool> inRow(lifetimes.size());
  auto addPart = [&](Item &item, size_t tensor) {
    const Lifetime &life = lifetimes[tensor];
    const int64_t bytes = llvm::alignTo(life.bytes, kArenaAlignment);
    item.parts.push_back({tensor, item.bytes, bytes, life.first, life.last});
    item.bytes += bytes;
    item.first = std::min(item.first, life.first), item.last = std::max(item.last, life.last);
    inRow[tensor] = true;
  };
  for (const AdjacentTensors &row : rows) {
    Item &item = items.emplace_back();
    for (size_t tensor : row)
      addPart(item, tensor);
  }
  for (size_t tensor = 0; tensor < lifetimes.size(); ++tensor)
    if (!inRow[tensor])
      addPart(items.emplace_back(), tensor);
  return items;
}

/// Where an item fits beside the parts that lie already: the lowest place, or with `bestFit` the one with the least room
/// above it. Each pair of a placed and a new part that live together forbids an open interval of places.
static int64_t findPlace(const Item &item, llvm::ArrayRef<Part> placed, bool bestFit) {
  llvm::SmallVector<std::pair<int64_t, int64_t>> forbidden;
  for (const Part &part : item.parts)
    for (const Part &other : placed)
      if (part.first <= other.last && other.first <= part.last)
        forbidden.push_back({other.distance - part.distance - part.bytes, other.distance + other.bytes - part.distance});
  llvm::sort(forbidden);
  int64_t cursor = 0, chosen = -1, slack = INT64_MAX;
  for (auto [begin, end] : forbidden) {
    if (begin >= cursor && begin - cursor < slack && (chosen < 0 || bestFit))
      chosen = cursor, slack = begin - cursor;
    cursor = std::max(cursor, end);
  }
  return chosen >= 0 ? chosen : cursor;
}

static MemoryPlan placeInOrder(llvm::ArrayRef<Item> items, llvm::ArrayRef<size_t> order, size_t tensors, bool bestFit) {
  MemoryPlan plan;
  plan.offsets.assign(tensors, 0);
  llvm::SmallVector<Part> placed; // with their offsets as distances
  for (size_t index : order) {
    const Item &item = items[index];
    const int64_t place = findPlace(item, placed, bestFit);
    plan.arenaBytes = std::max(plan.arenaBytes, place + item.bytes);
    for (Part part : item.parts) {
      part.distance += place;
      plan.offsets[part.tensor] = part.distance;
      placed.push_back(part);
    }
  }
  return plan;
}

static MemoryPlan placeGreedily(llvm::ArrayRef<Item> items, size_t tensors, int64_t bound,
                                llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> cost) {
  using Less = std::function<bool(size_t, size_t)>;
  // Ties are broken by index (stable sort), so that a plan never depends on the standard library.
  const Less orders[] = {
      [&](size_t a, size_t b) { return items[a].bytes > items[b].bytes; },
      [&](size_t a, size_t b) { return items[a].area() > items[b].area(); },
      [&](size_t a, size_t b) { return items[a].last - items[a].first > items[b].last - items[b].first; },
      [&](size_t a, size_t b) { return items[a].first < items[b].first; },
      [&](size_t a, size_t b) { return items[a].last > items[b].last; },
  };
  int64_t bestCost = 0;
  MemoryPlan best;
  best.arenaBytes = INT64_MAX;
  for (const Less &less : orders)
    for (bool bestFit : {false, true}) {
      if (best.arenaBytes == bound && !cost)
        return best;
      auto order = llvm::to_vector(llvm::seq<size_t>(0, items.size()));
      llvm::stable_sort(order, less);
      MemoryPlan plan = placeInOrder(items, order, tensors, bestFit);
      const int64_t planCost = cost ? cost(plan.offsets) : 0;
      if (std::tie(plan.arenaBytes, planCost) < std::tie(best.arenaBytes, bestCost)) {
        best = std::move(plan);
        bestCost = planCost;
      }
    }
  return best;
}

/// Orders in which one item comes first that ended highest, or two have changed places, as long as none is worse: for rows,
/// which the search does not know. Always the same numbers are drawn.
static void improve(llvm::ArrayRef<Item> items, size_t tensors, int64_t bound, MemoryPlan &best) {
  constexpr size_t kMostRounds = 4000, kMostPairs = 10'000'000; // of items that are compared: some tenths of a second
  const size_t rounds = std::min(kMostRounds, kMostPairs / (items.size() * items.size()));
  std::minstd_rand random;
  for (bool bestFit : {false, true}) {
    auto order = llvm::to_vector(llvm::seq<size_t>(0, items.size()));
    llvm::stable_sort(order, [&](size_t a, size_t b) { return items[a].bytes > items[b].bytes; });
    int64_t least = INT64_MAX;
    for (size_t round = 0; round < rounds && best.arenaBytes > bound; ++round) {
      auto changed = order;
      auto endsHighest = [&](size_t index) {
        return best.offsets[items[index].parts.front().tensor] + items[index].bytes == best.arenaBytes;
      };
      if (round % 8 == 0) {
        auto top = llvm::find_if(changed, endsHighest);
        std::rotate(changed.begin(), top, std::next(top));
      } else {
        const size_t one = random() % items.size(), other = random() % items.size();
        std::swap(changed[one], changed[other]);
      }
      MemoryPlan plan = placeInOrder(items, changed, tensors, bestFit);
      if (plan.arenaBytes > least)
        continue;
      least = plan.arenaBytes;
      order = std::move(changed);
      if (plan.arenaBytes < best.arenaBytes)
        best = std::move(plan);
    }
  }
}

MemoryPlan res::planMemory(llvm::ArrayRef<Lifetime> lifetimes, llvm::ArrayRef<AdjacentTensors> rows, int64_t budget,
                           llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> cost) {
  const int64_t bound = lowerBound(lifetimes);
  const std::vector<Item> items = makeItems(lifetimes, rows);
  MemoryPlan plan = placeGreedily(items, lifetimes.size(), bound, cost);
  if (!rows.empty())
    improve(items, lifetimes.size(), bound, plan);
  plan.lowerBoundBytes = bound;
  plan.optimal = plan.arenaBytes == bound;
  if (plan.optimal || !rows.empty() || lifetimes.size() > kMostSearched)
    return plan;
  if (auto offsets = searchMemoryPlan(lifetimes, plan.arenaBytes, budget)) {
    plan.offsets = std::move(*offsets);
    plan.arenaBytes = 0;
    for (auto [offset, life] : llvm::zip_equal(plan.offsets, lifetimes))
      plan.arenaBytes = std::max(plan.arenaBytes, offset + int64_t(llvm::alignTo(life.bytes, kArenaAlignment)));
  }
  plan.optimal = budget > 0 || plan.arenaBytes == bound;
  return plan;
}
