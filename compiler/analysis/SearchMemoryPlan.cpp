//===- SearchMemoryPlan.cpp - the smallest arena, by search -----*- C++ -*-===//
//
// Branch and bound over plans in which nothing can be moved down: every tensor lies at 0 or directly upon one that lives at
// the same time. Such a plan follows from the order of its tensors by offset, so these orders are what is searched.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MemoryPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <vector>

using namespace res;

namespace {

class Search {
public:
  Search(llvm::ArrayRef<Lifetime> lifetimes, int64_t limit, int64_t &budget);
  void run() { descend(0, 0); }

  std::optional<llvm::SmallVector<int64_t>> best;

private:
  struct Tensor {
    int64_t bytes;
    size_t first, last; // moments
    int64_t floor = 0;  // the end of the highest tensor that lies already and lives at the same time
    bool placed = false;
  };
  struct Moment {
    int64_t top = 0, missing = 0; // where what lies ends, and the bytes that are still to come
  };
  struct Choice {
    int64_t offset;
    size_t tensor;
  };

  void descend(size_t count, size_t previous);
  bool fits() const;
  llvm::SmallVector<Choice> listChoices(size_t count, size_t previous) const;
  static bool together(const Tensor &a, const Tensor &b) { return a.first <= b.last && b.first <= a.last; }

  std::vector<Tensor> tensors;
  std::vector<Moment> moments; // steps at which a tensor begins: what is live grows there alone
  llvm::SmallVector<int64_t> offsets;
  int64_t bound = 0, limit; // a plan counts if it takes less than `limit`
  int64_t &budget;
};

} // namespace

Search::Search(llvm::ArrayRef<Lifetime> lifetimes, int64_t limit, int64_t &budget)
    : offsets(lifetimes.size(), 0), limit(limit), budget(budget) {
  std::map<int64_t, size_t> numbers; // of steps at which a tensor begins
  for (const Lifetime &life : lifetimes)
    numbers[life.first] = 0;
  for (auto [number, entry] : llvm::enumerate(numbers))
    entry.second = number;
  moments.resize(numbers.size());
  for (const Lifetime &life : lifetimes) {
    const size_t first = numbers[life.first], last = std::prev(numbers.upper_bound(life.last))->second;
    const int64_t bytes = llvm::alignTo(life.bytes, kArenaAlignment);
    tensors.push_back({bytes, first, last});
    for (size_t moment = first; moment <= last; ++moment)
      moments[moment].missing += bytes;
  }
  for (const Moment &moment : moments)
    bound = std::max(bound, moment.missing);
}

/// Whether what is still to come may end below the limit.
bool Search::fits() const {
  return llvm::all_of(moments, [&](const Moment &moment) { return moment.top + moment.missing < limit; }) &&
         llvm::all_of(tensors, [&](const Tensor &tensor) { return tensor.placed || tensor.floor + tensor.bytes < limit; });
}

/// Tensors that may come next, in ascending order of their offsets. None lies below one that came before. If another one fits
/// below a tensor, entirely, then a plan that has it above gets no larger when it moves there, so that it comes first.
llvm::SmallVector<Search::Choice> Search::listChoices(size_t count, size_t previous) const {
  int64_t lowestEnd = INT64_MAX;
  for (const Tensor &tensor : tensors)
    if (!tensor.placed)
      lowestEnd = std::min(lowestEnd, tensor.floor + tensor.bytes);
  llvm::SmallVector<Choice> choices;
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    if (tensor.placed || tensor.floor >= lowestEnd)
      continue;
    if (count && (tensor.floor < offsets[previous] || (tensor.floor == offsets[previous] && index < previous)))
      continue;
    choices.push_back({tensor.floor, index});
  }
  auto area = [&](size_t index) { return tensors[index].bytes * int64_t(tensors[index].last - tensors[index].first + 1); };
  llvm::stable_sort(choices, [&](const Choice &a, const Choice &b) {
    return a.offset != b.offset ? a.offset < b.offset : area(a.tensor) > area(b.tensor);
  });
  return choices;
}

void Search::descend(size_t count, size_t previous) {
  if (count == tensors.size()) {
    best = offsets;
    limit = 0;
    for (const Moment &moment : moments)
      limit = std::max(limit, moment.top);
    return;
  }
  for (Choice choice : listChoices(count, previous)) {
    if (budget <= 0 || limit <= bound)
      return;
    --budget;
    const auto tensorsBefore = tensors;
    const auto momentsBefore = moments;
    Tensor &tensor = tensors[choice.tensor];
    const int64_t end = choice.offset + tensor.bytes;
    tensor.placed = true;
    offsets[choice.tensor] = choice.offset;
    for (size_t moment = tensor.first; moment <= tensor.last; ++moment) {
      moments[moment].top = std::max(moments[moment].top, end);
      moments[moment].missing -= tensor.bytes;
    }
    for (Tensor &other : tensors)
      if (!other.placed && together(other, tensor))
        other.floor = std::max(other.floor, end);
    if (fits())
      descend(count + 1, choice.tensor);
    tensors = tensorsBefore;
    moments = momentsBefore;
  }
}

std::optional<llvm::SmallVector<int64_t>> res::searchMemoryPlan(llvm::ArrayRef<Lifetime> lifetimes, int64_t limit,
                                                                int64_t &budget) {
  Search search(lifetimes, limit, budget);
  search.run();
  return std::move(search.best);
}
