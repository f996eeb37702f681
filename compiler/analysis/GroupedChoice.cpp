//===- GroupedChoice.cpp - depthwise and grouped convolutions ---*- C++ -*-===//

#include "compiler/analysis/GroupedChoice.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace res;
using llvm::divideCeil;

GroupLanes res::laneGroups(int64_t groups, int64_t groupInputs, int64_t groupOutputs) {
  if (groups < 2)
    return GroupLanes::none;
  if (kBlock % groupOutputs == 0 && groupOutputs % groupInputs == 0)
    return GroupLanes::permuted;
  return groupOutputs % (kBlock / 2) == 0 ? GroupLanes::halves : GroupLanes::none;
}

static GroupLanes lanesOf(const ConvShape &shape) {
  return laneGroups(shape.groups, shape.channels / shape.groups, shape.filters / shape.groups);
}

/// The last tile of a row is shifted inwards and computes again what it overlaps.
static double usefulShare(int64_t width, int64_t pixels) {
  return double(width) / double(divideCeil(width, pixels) * pixels);
}

/// Pixels of a tile at most beside the weights of a whole window.
static constexpr int64_t kPixelsOfWindow = 7;

/// Whether the weights of the whole window stay in registers, beside few pixels. Not with AVX2, half of whose 16 registers they
/// would be. Small maps, which stay in caches, are faster with a loop over the rows of the window and many pixels: 3x3 depthwise
/// took 0.91 of the time on 672@14, 1 on 240@28, but 1.18 on 96@112 (AVX-512, Zen 5). With strides 7 pixels are as fast.
static bool keepsWindow(const ConvShape &shape, const TargetModel &target) {
  constexpr int64_t kOthers = 8; // pixels on their way, and what LLVM needs
  const int64_t pixels = std::min(shape.outputWidth, kPixelsOfWindow);
  if (shape.channels != shape.groups || shape.kernelHeight * shape.kernelWidth + pixels + kOthers > target.vectorRegisters)
    return false;
  const int64_t blockBytes = kBlock * 4 * (shape.inputHeight * shape.inputWidth + shape.outputHeight * shape.outputWidth);
  return shape.strideX > 1 || shape.outputWidth <= kPixelsOfWindow || blockBytes > target.l2Bytes / 4;
}

/// The share of the FMA peak that a register tile reaches while its operands are in the first cache. A step is a row of the
/// window, for one channel of a group: its pixels are loaded once for all columns of the window. One register tile is of one
/// vector: with AVX2 the halves of a block come one after the other.
static double efficiency(const ConvShape &shape, int64_t pixels, const TargetModel &target) {
  constexpr double kEnough = 1.5, kPerMissing = 0.28; // see ScheduleChoice.cpp
  const double least = double(target.fmaPerCycle * target.fmaLatency), accumulators = double(pixels);
  const double hidden =
      std::min(1.0, accumulators / least) * (1.0 - kPerMissing * std::max(0.0, kEnough - accumulators / least));
  const int64_t columns = std::max((pixels - 1) * shape.strideX + shape.kernelWidth, pixels);
  double loads = double(columns + shape.kernelWidth);
  // Two loads for a vector of halves; one, and a shuffle beside multiply-adds, for a permuted one.
  if (shape.channels != shape.groups)
    loads += double(columns);
  const double shortest = accumulators * double(shape.kernelWidth) / double(target.fmaPerCycle);
  return usefulShare(shape.outputWidth, pixels) * hidden * shortest / std::max(shortest, loads / 2.0);
}

/// Columns of an output row in a register tile at most: with 32 registers 14 beside a row of weights and pixels that pass; 16
/// spilled. With strides, or halves of blocks, LLVM holds all the pixels that a row of the tile reads: 3x3s2 256@56 in 32 groups
/// took 1.8 times as long with 14 as with 7.
static int64_t mostPixels(const ConvShape &shape, const TargetModel &target) {
  if (keepsWindow(shape, target))
    return std::min(kPixelsOfWindow, shape.outputWidth);
  constexpr int64_t kMost = 14;
  const int64_t held = std::min<int64_t>(shape.kernelWidth, 5) + 3;
  int64_t most = std::clamp<int64_t>(target.vectorRegisters - held, 1, std::min(kMost, shape.outputWidth));
  const auto registers = [&](int64_t pixels) {
    const int64_t columns = (pixels - 1) * shape.strideX + shape.kernelWidth;
    return pixels + std::min(columns, shape.inputWidth) + shape.kernelWidth;
  };
  const bool holdsRow = shape.strideX > 1 || lanesOf(shape) == GroupLanes::halves;
  while (holdsRow && most > 1 && registers(most) > target.vectorRegisters)
    --most;
  return most;
}

/// Bytes of maps that a core moves in a cycle, from and to the second or last cache: 90 to 110 GB/s (Zen 5).
static constexpr double kMapBytesPerCycle = 32.0, kCyclesPerMicrosecond = 3000.0;

static double estimate(const ConvShape &shape, int64_t pixels, const TargetModel &target) {
  const double blocks = double(divideCeil(shape.filters, kBlock)) * double(shape.batch);
  const double outputs = double(shape.outputHeight * shape.outputWidth);
  const double vectors = blocks * double(target.registersPerBlock()) * outputs *
                         double(shape.channels / shape.groups * shape.kernelHeight * shape.kernelWidth);
  const double compute = vectors / double(target.fmaPerCycle) / efficiency(shape, pixels, target);
  const double inputs = double(divideCeil(shape.channels, kBlock) * shape.batch * shape.inputHeight * shape.inputWidth);
  const double stream = (inputs + blocks * outputs * double(1 + shape.operands)) * double(kBlock * 4) / kMapBytesPerCycle;
  return std::max(compute, stream) / kCyclesPerMicrosecond;
}

/// Blocks and rows of a task: one for each core, if that is no less than a microsecond's work. Whole maps where there are
/// enough blocks, so that a task's weights and map are its own.
static void chooseTask(GroupedSchedule &s, const ConvShape &shape, const TargetModel &target) {
  const int64_t blocks = divideCeil(shape.filters, kBlock) * shape.batch;
  const int64_t tasks = std::clamp<int64_t>(int64_t(s.microseconds), 1, target.cores);
  s.blocks = std::clamp<int64_t>(blocks / tasks, 1, divideCeil(shape.filters, kBlock));
  const int64_t parts = divideCeil(tasks, blocks); // of a map
  s.rows = std::clamp<int64_t>(divideCeil(shape.outputHeight, parts), 1, shape.outputHeight);
}

static GroupedSchedule complete(const ConvShape &shape, int64_t pixels, const TargetModel &target) {
  GroupedSchedule s{pixels, keepsWindow(shape, target), 1, 1, estimate(shape, pixels, target)};
  chooseTask(s, shape, target);
  return s;
}

GroupedSchedule res::chooseGrouped(const ConvShape &shape, const TargetModel &target) {
  // A sum in its addend's place saves a map of memory, for somewhat smaller tiles.
  constexpr double kWorthInPlace = 0.93;
  int64_t best = 1, dividing = 1;
  for (int64_t pixels = 1; pixels <= mostPixels(shape, target); ++pixels) {
    if (efficiency(shape, pixels, target) > efficiency(shape, best, target) * 1.005)
      best = pixels;
    if (shape.outputWidth % pixels == 0 && efficiency(shape, pixels, target) > efficiency(shape, dividing, target))
      dividing = pixels;
  }
  if (shape.overwrites && efficiency(shape, dividing, target) >= kWorthInPlace * efficiency(shape, best, target))
    best = dividing;
  return complete(shape, best, target);
}

std::vector<GroupedSchedule> res::listGrouped(const ConvShape &shape, const TargetModel &target) {
  const GroupedSchedule s = chooseGrouped(shape, target);
  std::vector<GroupedSchedule> list{s};
  auto add = [&](GroupedSchedule changed) {
    if (checkGrouped(changed, shape.outputWidth, shape.outputHeight, divideCeil(shape.filters, kBlock)).empty())
      list.push_back(changed);
  };
  for (int64_t pixels : {int64_t(7), int64_t(8), int64_t(10), int64_t(14)})
    if (pixels != s.pixels && pixels <= mostPixels(shape, target))
      add(complete(shape, pixels, target));
  GroupedSchedule changed = s;
  changed.whole = !s.whole;
  if (shape.channels == shape.groups && shape.kernelHeight * shape.kernelWidth + s.pixels + 1 <= target.vectorRegisters)
    add(changed);
  for (int64_t blocks : {s.blocks * 2, s.blocks / 2}) {
    changed = s, changed.blocks = blocks;
    add(changed);
  }
  for (int64_t rows : {s.rows / 2, s.rows * 2}) {
    changed = s, changed.rows = rows;
    add(changed);
  }
  return list;
}

static std::string expected(const char *what, int64_t most, int64_t got) {
  if (got >= 1 && got <= most)
    return "";
  return std::string("expected ") + what + " between 1 and " + std::to_string(most) + ", got " + std::to_string(got);
}

std::string res::checkGrouped(const GroupedSchedule &s, int64_t width, int64_t height, int64_t blocks) {
  for (std::string error :
       {expected("pixels", width, s.pixels), expected("blocks", blocks, s.blocks), expected("rows", height, s.rows)})
    if (!error.empty())
      return error;
  return "";
}
