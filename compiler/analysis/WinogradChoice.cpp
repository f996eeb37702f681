//===- WinogradChoice.cpp - cost model of Winograd convolutions -*- C++ -*-===//

#include "compiler/analysis/WinogradChoice.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace res;
using llvm::divideCeil;

// As in ScheduleChoice.cpp: only ratios matter.
static constexpr double kCyclesPerMicrosecond = 3000.0;

/// A macro block is the whole map up to this many tiles: then transformed weights are read once.
static constexpr int64_t kWholeTiles = 64;
/// Else a row of tiles, or an even part of it: 14 were best at 56x56, 112x112 and 224x224.
static constexpr int64_t kRowTiles = 16;

static void chooseMacro(const ConvShape &shape, WinogradSchedule &s) {
  const int64_t columns = s.tilesOf(shape.outputWidth), rows = s.tilesOf(shape.outputHeight);
  if (rows * columns <= kWholeTiles) {
    s.macroColumns = columns, s.macroRows = rows;
    return;
  }
  s.macroRows = 1;
  s.macroColumns = divideCeil(columns, divideCeil(columns, kRowTiles));
}

/// Whether a macro block has the maps of all images. Then weights are read (and made) once for all of them instead of once for
/// each, and in return all transformed inputs are read for every group of blocks, not those of one image. With t tiles an
/// image, K filters and groups of b blocks the former is points^2 C K, the latter points^2 C t K / (16 b) for each image.
static bool takesAllImages(const ConvShape &shape, const WinogradSchedule &s) {
  constexpr int64_t kBlocks = 2;
  return shape.batch > 1 && s.isWhole(shape.outputHeight, shape.outputWidth) &&
         s.macroColumns * s.macroRows < kBlock * (s.group ? s.group : kBlocks);
}

/// Columns x rows x blocks (x images, where a macro block has several) under the register rule of direct tiles: accumulators, the weights of a step and a broadcast
/// fit, and there are enough accumulators to hide the latency. The tiles of the macro block are rounded up to it. Its blocks
/// divide the group of packed weights, where there is one already, and are those that `s` has, if any.
static double chooseRegisterTile(const ConvShape &shape, WinogradSchedule &s, const TargetModel &target) {
  const int64_t perBlock = target.registersPerBlock(), outputs = divideCeil(shape.filters, kBlock);
  const int64_t least = target.fmaPerCycle * target.fmaLatency;
  const int64_t mostImages = takesAllImages(shape, s) ? shape.batch : 1, onlyBlocks = s.blocks;
  double best = 0;
  for (int64_t images = 1; images <= mostImages; ++images)
    for (int64_t blocks = 1; blocks <= 2; ++blocks)
      for (int64_t rows = 1; rows <= std::min<int64_t>(s.macroRows, 4); ++rows)
        for (int64_t columns = 1; columns <= std::min<int64_t>(s.macroColumns, 14); ++columns) {
          const int64_t accumulators = blocks * rows * columns * images * perBlock;
          const bool divides = s.macroColumns % columns == 0 && s.macroRows % rows == 0;
          if (outputs % blocks || s.group % blocks || (onlyBlocks && blocks != onlyBlocks) || mostImages % images ||
              accumulators + blocks * perBlock + 1 > target.vectorRegisters ||
              !(divides || s.isWhole(shape.outputHeight, shape.outputWidth)))
            continue;
          const double useful = double(s.macroColumns * s.macroRows) /
                                double(llvm::alignTo(s.macroColumns, columns) * llvm::alignTo(s.macroRows, rows));
          const double weights = double(blocks * perBlock), tiles = double(rows * columns * images);
          const double fmas = weights * tiles / double(target.fmaPerCycle);
          const double step = std::max(fmas, (weights + tiles) / 2.0) + 0.25 * weights;
          const double score = useful * fmas / step * std::min(1.0, double(accumulators) / double(least));
          if (score > best * 1.005) {
            best = score;
            s.blocks = blocks, s.rows = rows, s.columns = columns;
            s.images = mostImages > 1 ? images : 0;
          }
        }
  return best;
}

/// Cycles of the transforms: additions of the input for every channel, of the output for every group.
static double transformCycles(const ConvShape &shape, const WinogradSchedule &s, int64_t tiles, const TargetModel &target) {
  const double points = double(s.points() * s.points()), perBlock = double(target.registersPerBlock());
  const double input = double(divideCeil(shape.channels, kBlock)) * points * 4.0;
  const double output = double(divideCeil(shape.filters, kBlock)) * points * 4.0;
  return double(tiles) * perBlock * (input + output) / double(target.fmaPerCycle);
}

/// Bytes of weights that a kernel reads.
static double weightBytesOf(const ConvShape &shape, const WinogradSchedule &s) {
  return double(shape.weightBytes()) * (s.readsTaps() ? 1.0 : double(s.points() * s.points()) / 9.0);
}

/// Those that come from memory: for every image again where they do not stay in the last cache.
static double weightReads(const ConvShape &shape, const WinogradSchedule &s, const TargetModel &target) {
  const double bytes = weightBytesOf(shape, s);
  return bytes * double(s.images || bytes <= double(target.lastCacheBytes) ? 1 : shape.batch);
}

static double estimate(const ConvShape &shape, WinogradSchedule &s, double efficiency, const TargetModel &target) {
  const int64_t tiles = s.tilesOf(shape.outputHeight) * s.tilesOf(shape.outputWidth) * shape.batch;
  const double points = double(s.points() * s.points());
  const double vectors = points * double(tiles) * double(shape.channels) *
                         double(divideCeil(shape.filters, kBlock) * target.registersPerBlock());
  const double compute = vectors / double(target.fmaPerCycle) / efficiency + transformCycles(shape, s, tiles, target);
  return std::max(compute, weightReads(shape, s, target) / target.dramBytesPerCycle) / kCyclesPerMicrosecond;
}

static std::optional<WinogradSchedule> chooseStored(const ConvShape &shape, int64_t tile, const TargetModel &target,
                                                    int64_t group = 0, int64_t onlyBlocks = 0) {
  WinogradSchedule s{};
  s.tile = tile, s.group = group, s.blocks = onlyBlocks;
  s.unroll = 1; // as in direct tiles: 256@14 took 0.92 of the time of steps of four (Zen 5)
  chooseMacro(shape, s);
  const double efficiency = chooseRegisterTile(shape, s, target);
  if (efficiency == 0)
    return std::nullopt;
  s.group = group ? group : s.blocks;
  // Passes where the weights stream from memory and several register tiles share a panel of them: what the tiles read again is
  // half of the first cache at most, as is the distance at which the next are asked for. One pass took 1.1-1.15 times as long
  // at 512@28 and 1.05 at 256@14, but 0.93 at 128@28 with its 16 KB of weights a point, which short passes cut (Zen 5).
  constexpr int64_t kStreamed = 1 << 20;
  const int64_t inputs = divideCeil(shape.channels, kBlock), blockBytes = kBlock * kBlock * s.blocks * 4;
  const int64_t bytes = shape.weightBytes() * s.points() * s.points() / 9;
  const bool shared = s.macroColumns > s.columns || s.macroRows > s.rows || (s.images && s.images < shape.batch);
  if (bytes > kStreamed && shared && inputs * blockBytes > target.l1Bytes / 2)
    for (int64_t chunk = 1; chunk < inputs && chunk * blockBytes <= target.l1Bytes / 2; ++chunk)
      if (inputs % chunk == 0)
        s.chunk = chunk;
  s.microseconds = estimate(shape, s, 0.92 * efficiency, target);
  return s;
}

/// As with stored weights, but transforming a channel of a block takes about 50 cycles in rows of points, and 200 where all are
/// made before everything else; and each pass but the first adds to the sums of the ones before. Fitted to 64@56, 128@28 and
/// 256@14: 1.05, 1.16 and 1.2 times as long as with stored weights (Zen 5).
static std::optional<WinogradSchedule> choosePanels(const ConvShape &shape, const TargetModel &target, int64_t group = 0,
                                                    int64_t onlyBlocks = 0) {
  std::optional<WinogradSchedule> s = chooseStored(shape, 4, target, group, onlyBlocks);
  if (!s)
    return std::nullopt;
  const int64_t inputs = divideCeil(shape.channels, kBlock);
  s->weights = WinogradWeights::panels;
  const bool whole = s->isWhole(shape.outputHeight, shape.outputWidth);
  // A panel of a short pass stays in the core's cache; transformed once, all weights are there from the beginning.
  s->chunk = !whole ? 0 : !s->images && inputs > 1 ? 1 : inputs % 2 == 0 ? 2 : 0;
  const double blocks = double(divideCeil(shape.filters, kBlock) * target.registersPerBlock());
  const double transforms = double((s->images || !whole ? 1 : shape.batch) * shape.channels) * blocks;
  const int64_t passes = s->chunk ? inputs / s->chunk : 1;
  const double sums = double(s->points() * s->points() * s->macroColumns * s->macroRows * shape.batch) * blocks;
  s->microseconds += (transforms * (whole ? 50.0 : 200.0) + sums * double(passes - 1)) / kCyclesPerMicrosecond;
  return s;
}

/// All tiles of a small map in registers, times the columns of one row of points: the transformed weights of a channel
/// serve them all at once and are never stored. Needs the registers of AVX-512.
static std::optional<WinogradSchedule> chooseInRegisters(const ConvShape &shape, const TargetModel &target) {
  WinogradSchedule s{};
  s.tile = 4;
  const int64_t columns = s.tilesOf(shape.outputWidth), rows = s.tilesOf(shape.outputHeight);
  s.macroColumns = columns, s.macroRows = rows;
  s.columns = std::min<int64_t>(columns, 2), s.rows = std::min<int64_t>(rows, 2);
  s.blocks = s.group = 1, s.chunk = 1, s.unroll = 1;
  s.weights = WinogradWeights::registers;
  // Accumulators, the transformed weights of a row of points, and a broadcast.
  const int64_t registers = (s.columns * s.rows * s.points() + s.points() + 1) * target.registersPerBlock();
  const bool fits = registers <= target.vectorRegisters && rows <= 2 && columns <= 2 && s.columns * s.rows >= 2;
  if (!fits || shape.channels <= kBlock)
    return std::nullopt;
  // Twelve additions for the six columns of a channel beside its multiplications.
  const double fmas = double(s.columns * s.rows * s.points());
  s.microseconds = estimate(shape, s, fmas / (fmas + 12.0), target);
  return s;
}

static bool applies(const ConvShape &shape) {
  return shape.kernelHeight == 3 && shape.kernelWidth == 3 && shape.strideY == 1 && shape.strideX == 1 && !shape.dilated &&
         shape.groups == 1 && shape.blocked && shape.channels >= kBlock;
}

std::optional<WinogradSchedule> res::chooseWinogradLike(const ConvShape &shape, const TargetModel &target,
                                                        const WinogradSchedule &packed, bool sameBlocks) {
  if (!applies(shape))
    return std::nullopt;
  const int64_t blocks = sameBlocks ? packed.group : 0;
  if (packed.readsTaps()) {
    if (std::optional<WinogradSchedule> s = chooseInRegisters(shape, target); s && s->group == packed.group)
      return s;
    return choosePanels(shape, target, packed.group, blocks);
  }
  return chooseStored(shape, packed.tile, target, packed.group, blocks);
}

std::vector<WinogradSchedule> res::listWinograd(const ConvShape &shape, const TargetModel &target,
                                                llvm::ArrayRef<TargetModel> others) {
  std::vector<WinogradSchedule> forms;
  if (!applies(shape))
    return forms;
  const auto fitsAll = [&](const WinogradSchedule &s) {
    return llvm::all_of(others, [&](const TargetModel &other) { return chooseWinogradLike(shape, other, s).has_value(); });
  };
  for (std::optional<WinogradSchedule> form :
       {chooseStored(shape, 4, target), chooseStored(shape, 2, target), choosePanels(shape, target),
        chooseInRegisters(shape, target)})
    if (form && fitsAll(*form))
      forms.push_back(*form);
  llvm::stable_sort(forms, [](const auto &a, const auto &b) { return a.microseconds < b.microseconds; });
  return forms;
}

/// See Prefer::speed.
static bool outgrowsCaches(const ConvShape &shape, const WinogradSchedule &s, const TargetModel &target) {
  return weightBytesOf(shape, s) > double(target.lastCacheBytes) && 2 * weightReads(shape, s, target) / target.dramBytesPerCycle > s.microseconds * kCyclesPerMicrosecond;
}

std::optional<WinogradSchedule> res::chooseWinograd(const ConvShape &shape, const TargetModel &target,
                                                    llvm::ArrayRef<TargetModel> others, Prefer prefer) {
  for (const WinogradSchedule &form : listWinograd(shape, target, others))
    if (form.readsTaps() || (prefer == Prefer::speed && !outgrowsCaches(shape, form, target)))
      return form;
  return std::nullopt;
}

std::string res::checkWinograd(const WinogradSchedule &s, int64_t batch, int64_t height, int64_t width, int64_t inputBlocks,
                               int64_t outputBlocks) {
  if (s.tile != 2 && s.tile != 4)
    return "expected a tile of 2 or 4, got " + std::to_string(s.tile);
  if (s.group % std::max<int64_t>(s.blocks, 1))
    return "expected blocks that divide the " + std::to_string(s.group) + " of the packed weights, got " +
           std::to_string(s.blocks);
  if (s.inRegisters() && s.group != s.blocks)
    return "expected weights in registers only with the blocks of the packed weights";
  if (s.blocks < 1 || s.blocks > 8 || s.group > 8 || outputBlocks % s.group)
    return "expected blocks that divide the " + std::to_string(outputBlocks) + " of the output, at most 8, got " +
           std::to_string(s.group);
  if (s.macroColumns < 1 || s.macroRows < 1 || s.macroColumns > s.tilesOf(width) || s.macroRows > s.tilesOf(height))
    return "expected a macro block inside the map";
  if (s.columns < 1 || s.rows < 1 || s.columns > s.macroColumns || s.rows > s.macroRows)
    return "expected a register tile inside the macro block";
  if (!s.isWhole(height, width) && (s.macroColumns % s.columns || s.macroRows % s.rows))
    return "expected a register tile that divides the macro block, as that is a part of the map";
  if (s.chunk < 0 || (s.chunk && inputBlocks % s.chunk))
    return "expected a chunk that divides the " + std::to_string(inputBlocks) + " blocks of input channels, got " +
           std::to_string(s.chunk);
  if (s.unroll < 1 || kBlock % s.unroll)
    return "expected an unroll that divides " + std::to_string(kBlock) + ", got " + std::to_string(s.unroll);
  if (s.images && (s.images < 0 || batch % s.images || !s.isWhole(height, width) || s.inRegisters()))
    return "expected images that divide the batch of " + std::to_string(batch) +
           ", in one macro block, with weights not in registers, got " + std::to_string(s.images);
  if (s.inRegisters() && (!s.chunk || !s.isWhole(height, width)))
    return "expected weights in registers only with a chunk, in one macro block";
  return "";
}
