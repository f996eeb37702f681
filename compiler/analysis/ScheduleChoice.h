//===- ScheduleChoice.h - the cost model ------------------------*- C++ -*-===//
//
// Pure functions from the shape of a kernel and a target to a schedule and the estimate that decided it. Plain numbers:
// neither MLIR nor Halide.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_ANALYSIS_SCHEDULECHOICE_H
#define RES_COMPILER_ANALYSIS_SCHEDULECHOICE_H

#include "compiler/analysis/TargetModel.h"

#include <optional>
#include <string>

namespace res {

/// Channels in a block of the activations' layout, on every CPU.
inline constexpr int64_t kBlock = 16;

/// A convolution as schedules see it. Sizes in elements.
struct ConvShape {
  int64_t batch, channels, filters, groups;
  int64_t inputHeight, inputWidth, outputHeight, outputWidth;
  int64_t kernelHeight, kernelWidth, strideY, strideX;
  bool padded;      // has pads, so the input must be staged
  bool dilated;
  bool blocked;     // the input's layout: blocks of channels, or NCHW
  int64_t operands; // activations read by the epilogue, such as a residual
  bool overwrites = false; // the result may take the place of one of them, if no tile is computed twice

  int64_t macs() const {
    return batch * filters * outputHeight * outputWidth * (channels / groups) * kernelHeight * kernelWidth;
  }
  int64_t weightBytes() const { return filters * (channels / groups) * kernelHeight * kernelWidth * 4; }
  /// Whether the channels of a filter are taken in whole blocks of the input: not from NCHW, nor with groups that are not
  /// whole blocks.
  bool readsBlocks() const {
    return blocked && (groups == 1 || (channels / groups % kBlock == 0 && filters / groups % kBlock == 0));
  }
  /// Blocks of output channels that a register tile may take from: it stays inside a group.
  int64_t blocksOfGroup() const {
    return ((groups == 1 || readsBlocks() ? filters / groups : 1) + kBlock - 1) / kBlock;
  }
  /// A 1x1 convolution whose maps may be treated as one row.
  bool isPointwise() const {
    return kernelHeight == 1 && kernelWidth == 1 && strideY == 1 && strideX == 1 && !padded && blocked;
  }
};

enum class LoopOrder { channels, space };
enum class StagingKind { none, whole, rows };

/// See #res.direct.
struct DirectSchedule {
  int64_t blocks, pixels, unroll;
  LoopOrder order;
  bool flat;
  StagingKind staging;
  int64_t rows, chunk;
  double microseconds; // the estimate, on one core at 3 GHz
};

/// Which operands of a step of a register tile of blocks x pixels stay in registers while the others pass through one:
/// the weights, or the pixels where only these fit beside the accumulators.
bool holdsPixels(int64_t blocks, int64_t pixels, const TargetModel &target);

/// Whether the accumulators of a register tile, the operands that stay and one that passes fit into registers.
bool fitsRegisters(int64_t blocks, int64_t pixels, const TargetModel &target);

/// The register tile and loops of a direct convolution.
DirectSchedule chooseDirect(const ConvShape &shape, const TargetModel &target);

/// The loops, and the estimate, for a register tile that was chosen elsewhere: `blocks` divide those of a group. What else is
/// given is not chosen either, and need not fit (checkDirect).
DirectSchedule completeDirect(const ConvShape &shape, int64_t blocks, int64_t pixels, const TargetModel &target,
                              std::optional<LoopOrder> order = {}, std::optional<StagingKind> staging = {});

/// The schedule of a convolution that is a stage of a banded kernel (Bands.h): rows by rows, in place or by copied rows.
DirectSchedule chooseBanded(const ConvShape &shape, const TargetModel &target);

/// What a direct schedule has to fit: the row and the rows of the result (flat: one), its blocks of channels, and the input
/// channels of a filter, in `steps` pieces of `innerChannels`.
struct DirectLimits {
  int64_t width, height, blocks, innerChannels, steps;
  bool padded, inputBlocked;
};

/// The first thing about a schedule that does not fit (schedules come from edited dumps, too), or "".
std::string checkDirect(const DirectSchedule &schedule, const DirectLimits &limits);

/// Whether each element of the result is stored once. Else tiles at the end are shifted inwards and store what others have
/// stored before, which is wrong where the result takes the place of an operand.
inline bool storesOnce(const DirectSchedule &schedule, const DirectLimits &limits) {
  return limits.width % schedule.pixels == 0 && limits.blocks % schedule.blocks == 0;
}

/// Blocks of 16 outputs per task and inputs per step of a fully connected layer. See #res.dense.
struct DenseSchedule {
  int64_t blocks, unroll;
  double microseconds;
};
DenseSchedule chooseDense(int64_t batch, int64_t inputs, int64_t outputs, const TargetModel &target);

/// See #res.map. `elements` are written, in `lines` rows; `reads` elements are read for each.
struct MapSchedule {
  int64_t pixels, rows;
  double microseconds;
};
MapSchedule chooseMap(int64_t elements, int64_t lines, int64_t width, int64_t reads, const TargetModel &target);

} // namespace res

#endif // RES_COMPILER_ANALYSIS_SCHEDULECHOICE_H
