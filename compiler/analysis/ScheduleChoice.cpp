//===- ScheduleChoice.cpp - the cost model ----------------------*- C++ -*-===//

#include "compiler/analysis/ScheduleChoice.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace res;
using llvm::divideCeil;

// Estimates are for a core at 3 GHz: they rank candidates, and only their ratios matter.
static constexpr double kCyclesPerMicrosecond = 3000.0;

namespace {
/// A register tile, and the share of its arithmetic that is not wasted.
struct Tile {
  int64_t blocks, pixels;
  double loadsPerFma;
  double useful;
};
} // namespace

/// Multiply-adds per cycle that a tile reaches, relative to the peak. A step takes the longer of its multiply-adds and its
/// loads, and what its weights cost beyond that. Accumulators that just hide the latency of a multiply-add leave nothing to
/// hide a load that comes late: 8, 10 and 12 of them took 1.16, 1.05 and 1 times as long where 8 are least (AVX2, Zen 5).
/// `pointwise`: no other tap reads the pixels, so a tile of few blocks waits for them to come from the second cache. Fitted to
/// 1x17, 2x14 and 4x6 tiles on 1x1 384-1088@17, which reach 79, 89 and 91% of the peak, and to 1x25, 2x14 (320-32@35: 86, 93%)
/// and 4x6 (128-320@35: 87, 90, 91%; AVX-512, Zen 5).
static double efficiency(const Tile &tile, const TargetModel &target, bool pointwise) {
  constexpr double kEnough = 1.5, kPerMissing = 0.28, kPixelBytesPerCycle = 37.0;
  const double weights = double(tile.blocks * target.registersPerBlock());
  const double fmas = weights * double(tile.pixels), loads = weights + double(tile.pixels);
  const double least = double(target.fmaPerCycle * target.fmaLatency);
  const double hidden = std::min(1.0, fmas / least) * (1.0 - kPerMissing * std::max(0.0, kEnough - fmas / least));
  const double shortest = fmas / double(target.fmaPerCycle);
  // Weights come from the second cache, 32 bytes a cycle: 4x1 took 1.6 times as long as 2x3 (AVX2, 3x3 512@7, Zen 5).
  const double fetch = weights * double(target.vectorFloats * sizeof(float)) / 32.0;
  const double pixels = pointwise ? double(tile.pixels * sizeof(float)) / kPixelBytesPerCycle : 0.0;
  return tile.useful * hidden * shortest / (std::max({shortest, loads / 2.0, fetch}) + target.weightCycles * weights + pixels);
}

/// The last tile of a row is shifted inwards and computes again what it overlaps.
static double usefulShare(int64_t width, int64_t pixels) {
  return double(width) / double(divideCeil(width, pixels) * pixels);
}

/// What a last tile that is shifted inwards costs beyond what it computes again: with tiles of 8 pixels instead of 13 or 14,
/// which do not divide maps of 128 to 16 pixels a side, 3x3 and 1x1 layers of ResNet-50 at 512x512 took 0.92 to 1 of the time,
/// with 1024 channels at 64x64 0.65 (AVX-512, Zen 5). With few registers tiles that divide are small: 1x4 instead of 2x3 took
/// 1.17 of the time (AVX2, 3x3 128@28).
static double shiftCost(const TargetModel &target) { return target.vectorRegisters < 32 ? 1.0 : 0.97; }

/// Whether the accumulators of a tile fit into registers beside `held` operands and one more.
static bool fits(int64_t blocks, int64_t pixels, int64_t held, const TargetModel &target) {
  return blocks * target.registersPerBlock() * pixels + held + 1 <= target.vectorRegisters;
}

bool res::holdsPixels(int64_t blocks, int64_t pixels, const TargetModel &target) {
  return !fits(blocks, pixels, blocks * target.registersPerBlock(), target) && fits(blocks, pixels, pixels, target);
}

bool res::fitsRegisters(int64_t blocks, int64_t pixels, const TargetModel &target) {
  return fits(blocks, pixels, std::min(blocks * target.registersPerBlock(), pixels), target);
}

/// Enumerates blocks x pixels under the register rule: accumulators, the weights or the pixels of one step and one more
/// operand fit: LLVM keeps the operands of the innermost unrolled loop in registers. Groups of blocks are whole, so that no
/// two tasks compute the same output: they may round it differently, and results must not depend on threads. With `divides`
/// the pixels divide the row.
static Tile chooseTile(int64_t blocks, int64_t mostBlocks, int64_t width, bool pointwise, bool divides, const TargetModel &target) {
  const int64_t perBlock = target.registersPerBlock();
  Tile best{1, 1, 2.0, 0.01};
  double bestScore = -1;
  for (int64_t nb = 1; nb <= std::min(blocks, mostBlocks); ++nb)
    for (int64_t px = 1; px <= std::min<int64_t>(width, 28); ++px) {
      int64_t accumulators = nb * perBlock * px;
      if (!fitsRegisters(nb, px, target) || blocks % nb || (divides && width % px))
        continue;
      Tile tile{nb, px, double(nb * perBlock + px) / double(accumulators), 0};
      tile.useful = usefulShare(width, px) * (width % px ? shiftCost(target) : 1.0);
      double score = efficiency(tile, target, pointwise);
      if (score > bestScore * 1.005 || (score > bestScore * 0.995 && tile.loadsPerFma < best.loadsPerFma)) {
        bestScore = std::max(score, bestScore);
        best = tile;
      }
    }
  return best;
}

/// Blocks of a tile at most where weights come in chunks.
static constexpr int64_t kChunkBlocks = 2;

/// Bytes of weights that a group of two blocks takes for a number of input channels.
static int64_t groupBytes(const ConvShape &shape, int64_t channels) {
  return 2 * kBlock * 4 * channels * shape.kernelHeight * shape.kernelWidth;
}

/// Whether cold weights should come in chunks of input channels. A small map uses each weight for few cycles, so the weights
/// of a group of blocks would all come with its first tiles; in chunks each tile prefetches its share of the next one, and
/// a chunk stays in the first cache. Worth it where the weights of a group do not stay there anyway: a quarter less time
/// at 7x7, 5-8% for 3x3 and 1x1 from 1024 at 14x14, nothing for 1x1 from 256 (ResNet-50, Xeon, 13 GB/s from memory), 13% for
/// 1x1 448-2080@8 (Zen 5). The partial sums (the map, for a group) must stay close.
static bool sumsInChunks(const ConvShape &shape, const TargetModel &target) {
  constexpr int64_t kPartialSumBytes = 26 * 1024, kWeightBytes = 256 * 1024;
  return shape.blocked && shape.groups == 1 && shape.channels > kBlock && shape.weightBytes() >= kWeightBytes &&
         groupBytes(shape, shape.channels) >= target.l1Bytes * 7 / 4 &&
         shape.outputHeight * shape.outputWidth * 2 * kBlock * 4 <= kPartialSumBytes;
}

/// Blocks of input channels in a chunk: the most whose weights leave a third of the first cache to the map, and for which a
/// tile prefetches at most 24 lines, which the core's miss buffers take without stalling: 1x1 512-2048@7 and 2048-512@7 took
/// 0.78 of the time with 18 lines instead of 36 (Zen 5), and with 9 a little more. Where one block is more than that, one
/// may still pay up to 48 lines: 41 on 3x3 512@7 gained a quarter on a Xeon and cost 15% on a Zen 5.
static int64_t chooseChunk(const ConvShape &shape, const DirectSchedule &s, const TargetModel &target) {
  constexpr int64_t kLines = 24;
  const int64_t tiles = shape.outputHeight * shape.outputWidth / s.pixels, inputBlocks = divideCeil(shape.channels, kBlock);
  const int64_t lines = kBlock * shape.kernelHeight * shape.kernelWidth * s.blocks; // of one block of input channels
  int64_t chunk = 1;
  for (int64_t candidate = 2; candidate < inputBlocks; ++candidate)
    if (inputBlocks % candidate == 0 && candidate * lines <= kLines * tiles &&
        groupBytes(shape, candidate * kBlock) <= target.l1Bytes * 2 / 3)
      chunk = candidate;
  return chunk;
}

/// Output rows in a task, or register tiles of a flat map, of which there are `lines`. A flat task is several tiles: one alone
/// costs 10% (atomics, and two cores writing neighbouring lines). A band of rows that is copied copies the rows that it
/// shares with its neighbours again: 7 of them were 1-8% faster than 3 on 3x3 64@56 and 128@28, 14 slower. Beside the
/// weights the copy has to stay in the core's cache: on 3x3s2 128@56-28 bands of 2 rows (150 KB) took 0.7 of the time of 7.
/// Bands that do not divide the map leave a smaller one.
static int64_t chooseRows(const ConvShape &shape, const DirectSchedule &s, int64_t lines, const TargetModel &target) {
  constexpr int64_t kMost = 7;
  if (!shape.padded)
    return std::max<int64_t>(1, lines / (2 * target.cores));
  int64_t band = kMost;
  if (s.staging == StagingKind::rows) {
    const int64_t stagedRow = shape.inputWidth * shape.channels * 4;
    const int64_t stagedRows = std::max<int64_t>(1, target.l2Bytes * 5 / 32 / stagedRow); // 160 KB of 1 MB
    band = std::clamp<int64_t>((stagedRows - shape.kernelHeight) / shape.strideY + 1, 1, kMost);
  }
  band = std::clamp<int64_t>(lines / 4, 1, band);
  int64_t divisor = band;
  while (lines % divisor)
    --divisor;
  return divisor * 2 > band ? divisor : band;
}

/// The row that register tiles cut: flat, the whole map is one.
static int64_t rowOf(const ConvShape &shape) {
  return shape.isPointwise() ? shape.outputHeight * shape.outputWidth : shape.outputWidth;
}

// A sum in its addend's place saves a map of memory, and its store finds the line in the cache, for somewhat smaller tiles.
static constexpr double kWorthInPlace = 0.93;

/// Groups of blocks are the tasks where channels are outermost, and with two threads three of them take as long as four: 1x1
/// 1088-192@17 took 0.79 of the time with 3x8 tiles instead of 4x6 (Zen 5, two threads; with one the same).
static double evenShare(const ConvShape &shape, const Tile &tile, const TargetModel &target) {
  constexpr int64_t kMany = 8;
  const int64_t groups = divideCeil(shape.blocksOfGroup(), tile.blocks);
  if (groups < 2 || groups >= kMany || completeDirect(shape, tile.blocks, tile.pixels, target).order == LoopOrder::space)
    return 1;
  return double(groups) / double(llvm::alignTo(groups, 2));
}

/// The best tile when its tasks keep the threads busy, too.
static Tile chooseEvenTile(const ConvShape &shape, bool divides, const TargetModel &target) {
  const bool pointwise = shape.isPointwise();
  Tile best{1, 1, 2.0, 0.0};
  for (int64_t mostBlocks = 4; mostBlocks > 0; --mostBlocks) {
    const Tile tile = chooseTile(shape.blocksOfGroup(), mostBlocks, rowOf(shape), pointwise, divides, target);
    auto score = [&](const Tile &t) { return efficiency(t, target, pointwise) * evenShare(shape, t, target); };
    if (score(tile) > score(best))
      best = tile;
  }
  return best;
}

DirectSchedule res::chooseDirect(const ConvShape &shape, const TargetModel &target) {
  // Partial sums are added in place, so the tiles of a chunk must not overlap, and there is one prefetch for a tile, so they
  // are small. Not worth a worse tile: with AVX2 rows of 14 and 7 pixels leave 2x2 and 2x1, which took 1.08 and 1.5 times
  // as long as 2x3 in one pass (ResNet-50, Zen 5).
  constexpr double kWorthChunks = 0.95;
  const int64_t blocks = shape.blocksOfGroup(), width = rowOf(shape);
  const bool pointwise = shape.isPointwise();
  const Tile dividing = chooseTile(blocks, kChunkBlocks, width, pointwise, true, target);
  Tile any = chooseEvenTile(shape, false, target);
  if (shape.overwrites && shape.groups == 1) {
    const Tile whole = chooseEvenTile(shape, true, target);
    if (efficiency(whole, target, pointwise) >= kWorthInPlace * efficiency(any, target, pointwise))
      any = whole;
  }
  const bool inChunks = sumsInChunks(shape, target) &&
                        efficiency(dividing, target, pointwise) >= kWorthChunks * efficiency(any, target, pointwise);
  const Tile tile = inChunks ? dividing : any;
  return completeDirect(shape, tile.blocks, tile.pixels, target);
}

/// Blocked maps are read in place, where tiles at the border have code of their own: 3x3 64@56 took 0.95 of the time that
/// it took with bands of rows copied into scratch, 3x3s2 64-128@56 0.94. With channels outermost the copy pays on small
/// maps: its loops have constant extents, which prefetches of weights need, and those use each weight for few cycles; at
/// 28x28 and above in place took 0.98 to 0.99 of the time. Under wide windows most tiles are at a border: copied bands took
/// 0.79 of the time on 1x7 128-160@17, 0.86 on 5x5 48-64@35 (Zen 5).
static StagingKind chooseStaging(const ConvShape &shape, LoopOrder order) {
  constexpr int64_t kLargeMap = 28 * 28;
  const bool isLarge = shape.outputHeight * shape.outputWidth >= kLargeMap;
  const bool isWide = shape.kernelWidth >= 5;
  if (!shape.padded || (shape.readsBlocks() && !isWide && (order == LoopOrder::space || isLarge)))
    return StagingKind::none;
  return order == LoopOrder::channels ? StagingKind::whole : StagingKind::rows;
}

/// Microseconds, in rows of `width` pixels.
static double estimateDirect(const ConvShape &shape, const DirectSchedule &s, int64_t width, const TargetModel &target) {
  const double vectors = double(divideCeil(shape.filters, kBlock) * target.registersPerBlock()) * double(shape.batch) *
                         double(shape.outputHeight * shape.outputWidth) *
                         double(shape.channels / shape.groups * shape.kernelHeight * shape.kernelWidth);
  const Tile tile{s.blocks, s.pixels, 0, usefulShare(width, s.pixels)};
  const double compute = vectors / double(target.fmaPerCycle) / efficiency(tile, target, shape.isPointwise());
  const double stream = double(shape.weightBytes()) / target.dramBytesPerCycle;
  return std::max(compute, stream) / kCyclesPerMicrosecond;
}

DirectSchedule res::completeDirect(const ConvShape &shape, int64_t blocks, int64_t pixels, const TargetModel &target,
                                   std::optional<LoopOrder> order, std::optional<StagingKind> staging) {
  DirectSchedule s{};
  s.flat = shape.isPointwise();
  const int64_t width = rowOf(shape), height = s.flat ? 1 : shape.outputHeight;
  s.blocks = blocks;
  s.pixels = pixels;
  // A step of one channel is enough arithmetic to hide the loop, and larger ones gave LLVM room to spill: 3x3s2 128@56-28
  // took 0.87 of the time of steps of four (Zen 5), other layers 0.97 to 1.
  s.unroll = shape.readsBlocks() ? 1 : std::min<int64_t>(shape.channels / shape.groups, 4);

  // Channels outermost when the weights do not stay in the core's cache while the rows stream by, or when the map has
  // too few rows (flat: tiles) to share among threads.
  const int64_t groups = divideCeil(divideCeil(shape.filters, kBlock), s.blocks);
  const int64_t lines = s.flat ? divideCeil(width, s.pixels) : height;
  const bool weightsStay = shape.weightBytes() <= target.l2Bytes * 5 / 8;
  s.order = weightsStay && lines >= target.cores ? LoopOrder::space : LoopOrder::channels;
  if (groups < 2)
    s.order = LoopOrder::space;
  s.order = order.value_or(s.order);
  s.staging = staging.value_or(chooseStaging(shape, s.order));
  s.rows = s.order == LoopOrder::channels ? 1 : chooseRows(shape, s, lines, target);
  // The last tile of a row is in the task of the one it overlaps.
  while (s.flat && s.order == LoopOrder::space && width % s.pixels && s.rows < lines && (lines - 1) % s.rows == 0)
    ++s.rows;
  if (sumsInChunks(shape, target) && width % s.pixels == 0 && s.blocks <= kChunkBlocks && s.order == LoopOrder::channels)
    s.chunk = chooseChunk(shape, s, target);

  s.microseconds = estimateDirect(shape, s, width, target);
  return s;
}

DirectSchedule res::chooseBanded(const ConvShape &shape, const TargetModel &target) {
  const bool pointwise = shape.isPointwise();
  Tile tile = chooseTile(shape.blocksOfGroup(), 4, shape.outputWidth, pointwise, false, target);
  const Tile whole = chooseTile(shape.blocksOfGroup(), 4, shape.outputWidth, pointwise, true, target);
  if (shape.overwrites && efficiency(whole, target, pointwise) >= kWorthInPlace * efficiency(tile, target, pointwise))
    tile = whole;
  DirectSchedule s = completeDirect(shape, tile.blocks, tile.pixels, target, LoopOrder::space);
  s.flat = false, s.chunk = 0, s.rows = 1;
  s.staging = !shape.padded || shape.readsBlocks() ? StagingKind::none : StagingKind::rows;
  // Large weights are read once for the rows of a step, not for each tile: 3x3 128@112 took 0.97 of the time (Zen 5).
  if (s.staging == StagingKind::none && shape.weightBytes() > target.l2Bytes / 4 && shape.blocksOfGroup() % tile.blocks == 0)
    s.order = LoopOrder::channels;
  s.microseconds = estimateDirect(shape, s, shape.outputWidth, target);
  return s;
}

static std::string expected(const char *what, int64_t least, int64_t most, int64_t got) {
  if (got >= least && got <= most)
    return "";
  return std::string("expected ") + what + " between " + std::to_string(least) + " and " + std::to_string(most) +
         ", got " + std::to_string(got);
}

std::string res::checkDirect(const DirectSchedule &s, const DirectLimits &of) {
  for (std::string error : {expected("blocks", 1, of.blocks, s.blocks), expected("pixels", 1, of.width, s.pixels),
                            expected("unroll", 1, of.innerChannels, s.unroll),
                            expected("rows", 1, std::max<int64_t>(of.width, of.height), s.rows)})
    if (!error.empty())
      return error;
  if (!of.padded && s.staging != StagingKind::none)
    return "expected no staging without pads";
  if (of.padded && s.staging == StagingKind::none && !of.inputBlocked)
    return "expected a padded row-major input to be staged";
  // Two tasks must not compute the same output: they may round it differently, and results must not depend on threads.
  if (s.order == LoopOrder::channels && of.blocks % s.blocks)
    return "expected blocks that divide the " + std::to_string(of.blocks) + " of the output where channels are outermost, got " +
           std::to_string(s.blocks);
  if (s.staging == StagingKind::rows && s.order == LoopOrder::channels)
    return "expected staging by rows only with space outermost";
  if (s.chunk != 0 && (s.order != LoopOrder::channels || of.width % s.pixels || s.chunk >= of.steps))
    return "expected a chunk only with channels outermost, pixels that divide the row, and more than one chunk";
  return "";
}

DenseSchedule res::chooseDense(int64_t batch, int64_t inputs, int64_t outputs, const TargetModel &target) {
  // Four vectors of accumulators hide most of the latency; more tasks than threads let the cores end together.
  int64_t blocks = std::min<int64_t>(4 / target.registersPerBlock(), divideCeil(outputs, kBlock));
  double compute = double(batch * inputs) * double(divideCeil(outputs, kBlock) * target.registersPerBlock()) /
                   double(target.fmaPerCycle);
  double stream = double(inputs) * double(outputs) * 4.0 / target.dramBytesPerCycle;
  return {blocks, inputs % 4 == 0 ? 4 : 1, std::max(compute, stream) / kCyclesPerMicrosecond};
}

MapSchedule res::chooseMap(int64_t elements, int64_t lines, int64_t width, int64_t reads, const TargetModel &target) {
  // Below about 16 KB of output a task is shorter than handing it to another core.
  constexpr int64_t kTaskElements = 4096;
  double cycles = double(elements) * double(reads) / double(target.vectorFloats);
  MapSchedule s{width % 2 == 0 ? 2 : 1, 0, cycles / kCyclesPerMicrosecond};
  if (lines > 1 && elements > 2 * kTaskElements)
    s.rows = std::max<int64_t>(1, lines * kTaskElements / elements);
  return s;
}
