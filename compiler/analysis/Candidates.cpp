//===- Candidates.cpp - the schedules worth measuring -----------*- C++ -*-===//

#include "compiler/analysis/Candidates.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <tuple>

using namespace res;
using llvm::divideCeil;

// What makes schedules different; estimates do not.
static auto keyOf(const DirectSchedule &s) {
  return std::tuple(s.blocks, s.pixels, s.unroll, s.order, s.flat, s.staging, s.rows, s.chunk);
}
static auto keyOf(const WinogradSchedule &s) {
  return std::tuple(s.tile, s.blocks, s.columns, s.rows, s.macroColumns, s.macroRows, s.chunk, s.unroll, s.weights, s.images);
}
static auto keyOf(const GroupedSchedule &s) { return std::tuple(s.pixels, s.whole, s.blocks, s.rows); }
static auto keyOf(const DenseSchedule &s) { return std::tuple(s.blocks, s.unroll); }
static auto keyOf(const MapSchedule &s) { return std::tuple(s.pixels, s.rows); }

template <typename T> static bool isSame(const T &a, const T &b) { return keyOf(a) == keyOf(b); }
static bool isSame(const ConvSchedule &a, const ConvSchedule &b) {
  return std::visit(
      [](const auto &x, const auto &y) {
        if constexpr (std::is_same_v<decltype(x), decltype(y)>)
          return isSame(x, y);
        else
          return false;
      },
      a, b);
}

template <typename T> static void addNew(std::vector<T> &list, const T &candidate) {
  if (list.size() < kMostCandidates && llvm::none_of(list, [&](const T &known) { return isSame(known, candidate); }))
    list.push_back(candidate);
}

//===----------------------------------------------------------------------===//
// Direct convolutions
//===----------------------------------------------------------------------===//

DirectLimits res::limitsOf(const ConvShape &shape, bool flat) {
  const int64_t inputs = shape.channels / shape.groups, inner = shape.readsBlocks() ? kBlock : inputs;
  return {flat ? shape.outputHeight * shape.outputWidth : shape.outputWidth,
          flat ? 1 : shape.outputHeight,
          int64_t(divideCeil(shape.filters, kBlock)),
          inner,
          int64_t(divideCeil(inputs, inner)),
          shape.padded,
          shape.blocked};
}

/// Register tiles with their loops, the best estimate first. As chooseTile, but of each number of blocks the best two: there are
/// many that differ by a pixel.
static std::vector<DirectSchedule> listTiles(const ConvShape &shape, const TargetModel &target) {
  const int64_t least = target.fmaPerCycle * target.fmaLatency;
  const int64_t blocks = shape.blocksOfGroup();
  const int64_t width = limitsOf(shape, shape.isPointwise()).width;
  const auto byEstimate = [](const DirectSchedule &a, const DirectSchedule &b) { return a.microseconds < b.microseconds; };
  std::vector<DirectSchedule> tiles;
  for (int64_t nb = 1; nb <= std::min<int64_t>(blocks, 4); ++nb) {
    std::vector<DirectSchedule> ofBlocks;
    for (int64_t px = 1; px <= std::min<int64_t>(width, 28); ++px) {
      if (blocks % nb || nb * target.registersPerBlock() * px < least || !fitsRegisters(nb, px, target))
        continue;
      ofBlocks.push_back(completeDirect(shape, nb, px, target));
    }
    llvm::stable_sort(ofBlocks, byEstimate);
    tiles.insert(tiles.end(), ofBlocks.begin(), ofBlocks.begin() + std::min<size_t>(ofBlocks.size(), 2));
  }
  llvm::stable_sort(tiles, byEstimate);
  return tiles;
}

/// Direct schedules with one thing changed, what matters most first. Some may not fit.
static std::vector<DirectSchedule> varyLoops(const ConvShape &shape, const DirectSchedule &s, const TargetModel &target) {
  const DirectLimits limits = limitsOf(shape, s.flat);
  const int64_t lines = s.flat ? divideCeil(limits.width, s.pixels) : limits.height;
  std::vector<DirectSchedule> list;
  auto add = [&](auto &&change) {
    DirectSchedule changed = s;
    change(changed);
    list.push_back(changed);
  };
  auto addLoops = [&](LoopOrder order, std::optional<StagingKind> staging) {
    list.push_back(completeDirect(shape, s.blocks, s.pixels, target, order, staging));
  };
  if (s.order == LoopOrder::channels) {
    addLoops(LoopOrder::space, {});
    if (shape.padded)
      add([](DirectSchedule &c) { c.staging = StagingKind::none; });
    if (s.chunk) {
      add([](DirectSchedule &c) { c.chunk = 0; });
      add([](DirectSchedule &c) { c.chunk *= 2; });
      if (s.chunk % 2 == 0)
        add([](DirectSchedule &c) { c.chunk /= 2; });
    } else if (shape.readsBlocks() && shape.groups == 1) {
      for (int64_t parts : {4, 8})
        if (limits.steps % parts == 0)
          add([&](DirectSchedule &c) { c.chunk = limits.steps / parts; });
    }
  } else {
    addLoops(LoopOrder::channels, {});
    if (shape.padded)
      for (StagingKind staging : {StagingKind::none, StagingKind::rows, StagingKind::whole})
        addLoops(LoopOrder::space, staging);
    for (int64_t rows : {s.rows * 2, s.rows / 2})
      if (rows >= 1 && rows < lines)
        add([&](DirectSchedule &c) { c.rows = rows; });
  }
  if (s.unroll == 1 && limits.innerChannels % 4 == 0)
    add([](DirectSchedule &c) { c.unroll = 4; });
  return list;
}

/// Whether the last register tile of a row is in the task of the one that it overlaps: else two tasks write one place.
static bool keepsTasksApart(const DirectLimits &limits, const DirectSchedule &s) {
  const int64_t tiles = divideCeil(limits.width, s.pixels);
  return !s.flat || s.order != LoopOrder::space || limits.width % s.pixels == 0 || s.rows >= tiles ||
         (tiles - 1) % s.rows != 0;
}

static void addDirect(std::vector<ConvSchedule> &list, const ConvShape &shape, const DirectSchedule &s) {
  const DirectLimits limits = limitsOf(shape, s.flat);
  if (checkDirect(s, limits).empty() && !(s.chunk && limits.steps % s.chunk) && keepsTasksApart(limits, s))
    addNew<ConvSchedule>(list, s);
}

//===----------------------------------------------------------------------===//
// Winograd convolutions
//===----------------------------------------------------------------------===//

/// Winograd schedules with one thing changed. Some may not fit.
static std::vector<WinogradSchedule> varyWinograd(const ConvShape &shape, const WinogradSchedule &s,
                                                  const TargetModel &target) {
  std::vector<WinogradSchedule> list;
  auto add = [&](auto &&change) {
    WinogradSchedule changed = s;
    change(changed);
    list.push_back(changed);
  };
  for (int64_t chunk : {s.chunk ? s.chunk * 2 : int64_t(2), s.chunk > 1 ? s.chunk / 2 : int64_t(0), int64_t(0)})
    add([&](WinogradSchedule &c) { c.chunk = chunk; });
  if (s.inRegisters())
    return list;
  if (s.images)
    add([](WinogradSchedule &c) { c.images = 0; });
  // Twice or half the blocks, with as many accumulators.
  for (int64_t blocks : {s.blocks * 2, s.blocks / 2})
    if (int64_t tiles = blocks ? s.rows * s.columns * s.blocks / blocks : 0; tiles > 0)
      if ((blocks * tiles + blocks) * target.registersPerBlock() < target.vectorRegisters)
        add([&](WinogradSchedule &c) {
          c.blocks = c.group = blocks;
          c.columns = std::min(tiles, s.macroColumns);
          c.rows = std::clamp<int64_t>(tiles / c.columns, 1, s.macroRows);
        });
  // The other macro block: a row of tiles, or two.
  if (!s.isWhole(shape.outputHeight, shape.outputWidth))
    add([&](WinogradSchedule &c) { c.macroRows = s.macroRows * 2; });
  else if (s.macroRows > 1)
    add([&](WinogradSchedule &c) {
      c.macroRows = divideCeil(s.macroRows, 2);
      c.rows = std::min(c.rows, c.macroRows);
    });
  return list;
}

static void addWinograd(std::vector<ConvSchedule> &list, const ConvShape &shape, const WinogradSchedule &s) {
  if (checkWinograd(s, shape.batch, shape.outputHeight, shape.outputWidth, divideCeil(shape.channels, kBlock),
                    divideCeil(shape.filters, kBlock))
          .empty())
    addNew<ConvSchedule>(list, s);
}

//===----------------------------------------------------------------------===//
// Lists
//===----------------------------------------------------------------------===//

ConvSchedule res::chooseConv(const ConvShape &shape, bool fast, const TargetModel &target,
                             llvm::ArrayRef<TargetModel> others, Prefer prefer) {
  if (fitsGrouped(shape))
    return chooseGrouped(shape, target);
  DirectSchedule direct = chooseDirect(shape, target);
  if (fast)
    if (std::optional<WinogradSchedule> winograd = chooseWinograd(shape, target, others, prefer))
      if (winograd->microseconds < direct.microseconds)
        return *winograd;
  return direct;
}

std::vector<ConvSchedule> res::listConv(const ConvShape &shape, bool fast, const TargetModel &target, Prefer prefer) {
  std::vector<ConvSchedule> list = {chooseConv(shape, fast, target, {}, prefer)};
  if (std::holds_alternative<GroupedSchedule>(list.front())) {
    for (const GroupedSchedule &s : listGrouped(shape, target))
      addNew<ConvSchedule>(list, s);
    return list;
  }
  const DirectSchedule direct = chooseDirect(shape, target);
  if (fast)
    for (const WinogradSchedule &form : listWinograd(shape, target))
      if (prefer == Prefer::speed || form.readsTaps())
        addWinograd(list, shape, form);
  addDirect(list, shape, direct);
  if (const auto *chosen = std::get_if<WinogradSchedule>(&list.front())) {
    // By value: the list grows.
    for (const WinogradSchedule &other : varyWinograd(shape, WinogradSchedule(*chosen), target))
      addWinograd(list, shape, other);
    return list;
  }
  // Loops and tiles in turn, so that both are among the few.
  std::vector<DirectSchedule> loops = varyLoops(shape, direct, target), tiles = listTiles(shape, target);
  for (size_t i = 0; i < std::max(loops.size(), tiles.size()); ++i) {
    if (i < loops.size())
      addDirect(list, shape, loops[i]);
    if (i < tiles.size())
      addDirect(list, shape, tiles[i]);
  }
  return list;
}

std::vector<DenseSchedule> res::listDense(int64_t batch, int64_t inputs, int64_t outputs, const TargetModel &target) {
  const DenseSchedule s = chooseDense(batch, inputs, outputs, target);
  std::vector<DenseSchedule> list = {s};
  for (int64_t blocks : {s.blocks * 2, s.blocks / 2})
    if (blocks >= 1 && blocks <= int64_t(divideCeil(outputs, kBlock)))
      addNew(list, {blocks, s.unroll, s.microseconds});
  for (int64_t unroll : {s.unroll * 2, s.unroll / 2})
    if (unroll >= 1 && inputs % unroll == 0)
      addNew(list, {s.blocks, unroll, s.microseconds});
  return list;
}

std::vector<MapSchedule> res::listMap(int64_t elements, int64_t lines, int64_t width, int64_t reads,
                                      const TargetModel &target) {
  const MapSchedule s = chooseMap(elements, lines, width, reads, target);
  std::vector<MapSchedule> list = {s};
  if (lines == 1)
    return list; // nothing to cut
  for (int64_t rows : {s.rows * 2, s.rows / 2})
    if (rows >= 1 && rows < lines)
      addNew(list, {s.pixels, rows, s.microseconds});
  for (int64_t pixels : {s.pixels * 2, s.pixels / 2})
    if (pixels >= 1 && width % pixels == 0)
      addNew(list, {pixels, s.rows, s.microseconds});
  return list;
}
